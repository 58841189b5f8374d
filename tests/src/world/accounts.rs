//! Accounts of a world.
use super::World;

impl World {
    /// Adds a login account with a home directory and a password; returns its uid.
    ///
    /// Any name that fits a line of `/etc/passwd` will do; the hash is a cheap one.
    pub fn add_user(&self, name: &str, password: &str) -> u32 {
        // Bash alone, as far as it goes: every test pays for this.
        let script = r#"
            uid=1000
            while IFS=: read -r name _ id _; do
                if [[ $name == "$0" ]]; then echo "user $0 exists" >&2; exit 1; fi
                if (( id >= uid && id < 60000 )); then uid=$(( id + 1 )); fi
            done < /etc/passwd
            hash=$(openssl passwd -5 -stdin)
            printf '%s:x:%d:%d::/home/%s:/bin/bash\n' "$0" "$uid" "$uid" "$0" >> /etc/passwd
            printf '%s:x:%d:\n' "$0" "$uid" >> /etc/group
            printf '%s:%s:19000:0:99999:7:::\n' "$0" "$hash" >> /etc/shadow
            install -d -o "$uid" -g "$uid" "/home/$0"
            echo "$uid""#;
        let uid = self.command(&["bash", "-euc", script, name]).stdin(password).run().ok();
        uid.trim().parse().expect("a uid")
    }

    /// Gives an account another password, root's too.
    pub fn set_password(&self, name: &str, password: &str) {
        let entry = format!("{name}:{password}\n");
        self.command(&["chpasswd", "-c", "SHA256"]).stdin(entry).run().ok();
    }

    /// Adds a group with these members, or these members to a group that is there.
    pub fn add_to_group(&self, group: &str, members: &[&str]) {
        self.run(&["groupadd", "--force", group]).ok();
        for member in members {
            self.run(&["gpasswd", "--add", member, group]).ok();
        }
    }

    /// Lets a user run anything by sudo, after authentication.
    pub fn allow_sudo(&self, name: &str) {
        self.write_file("/etc/sudoers.d/world", format!("{name} ALL=(ALL:ALL) ALL\n"), 0o440);
    }

    /// Makes the account's password expire, so that the next login must change it.
    pub fn expire_password(&self, name: &str) {
        self.run(&["chage", "--lastday", "0", name]).ok();
    }
}
