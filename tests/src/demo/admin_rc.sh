# What the administrator's shell of the demo knows besides root's commands.
unset HISTFILE
PS1='[demo admin] root@host1:\w# '
log() {
    grep -aE 'countersign[^ ]*\[|pam_countersign' /run/world/log | cut -d '>' -f 2-
}
cd /root || exit
