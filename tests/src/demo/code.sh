#!/bin/sh
# Prints the code of a key, as a phone would show it now; without a key, that of the last one.
set -eu
umask 077
last=/run/demo_key
if [ "$#" -gt 0 ]; then
    echo "$*" > "$last"
elif [ ! -e "$last" ]; then
    echo "usage: code KEY" >&2
    exit 2
fi
oathtool --totp -b "$(cat "$last")"
