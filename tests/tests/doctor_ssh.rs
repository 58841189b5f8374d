//! What `countersign doctor` says of logins by ssh is what sshd does with them.
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::factor::PASSWORD;
use countersign_tests::terminal::ssh_command;
use countersign_tests::world::Stack;
use serde_json::Value;

const ASKPASS: &str = "/root/askpass";
const ASKED: &str = "/root/asked";

struct Host {
    factor: Factor,
    alice: Parameters,
}

impl Host {
    /// Alice uses 2FA and has a key.
    fn new() -> Self {
        let factor = Factor::new("", &["alice", "bob"]);
        factor.world.countersign(&["enable", "alice"]).ok();
        let alice = factor.enroll("alice");
        let world = &factor.world;
        world.use_stack(Stack::Sshd);
        let script = "ssh-keygen -q -t ed25519 -N '' -f /root/key; ssh-keygen -A; mkdir -p /run/sshd
            install -d -m 700 -o alice /home/alice/.ssh
            install -m 600 -o alice /root/key.pub /home/alice/.ssh/authorized_keys";
        world.sh(script).ok();
        Self { factor, alice }
    }

    /// What comes of alice who logs in this way, from this world itself.
    fn reality(&self, way: &str) -> &'static str {
        let world = &self.factor.world;
        self.factor.next_step();
        let code = self.factor.code(&self.alice);
        let script =
            format!("#!/bin/sh\ncase \"$1\" in *assword*) echo '{PASSWORD}';; *) touch {ASKED}; echo {code};; esac\n");
        world.write_file(ASKPASS, script, 0o755);
        world.run(&["rm", "-f", ASKED]).ok();
        let methods = format!("PreferredAuthentications={way}");
        let options = ["-i", "/root/key", "-o", &methods, "-o", "NumberOfPasswordPrompts=1"];
        let command = ssh_command(world, "alice", &options, &["true"]);
        let outcome = command.env("SSH_ASKPASS", ASKPASS).env("SSH_ASKPASS_REQUIRE", "force").run();
        match (outcome.status.success(), world.exists(ASKED)) {
            (true, true) => "asked",
            (true, false) => "not asked",
            (false, _) => "refused",
        }
    }

    fn told(&self) -> Value {
        let outcome = self.factor.world.countersign(&["doctor", "--json"]);
        serde_json::from_str(&outcome.text()).expect("JSON")
    }

    /// Puts a configuration in force, and holds the doctor's words against real logins; returns ways and words.
    fn compare(&self, extra: &str, whom: &str) -> Vec<(String, String)> {
        let world = &self.factor.world;
        let _sshd = world.start_sshd(extra);
        world.sh("cp /etc/ssh/world_sshd_config /etc/ssh/sshd_config").ok();
        let told = self.told();
        let logins = told["logins"].as_array().expect("logins");
        let by_ssh = logins.iter().filter_map(|login| {
            let way = login["login"].as_str()?.strip_suffix(whom)?.to_owned();
            Some((way, login["verdict"].as_str()?.to_owned()))
        });
        let by_ssh: Vec<_> = by_ssh.filter(|(way, _)| !way.contains(" by ")).collect();
        for (way, word) in &by_ssh {
            assert_eq!(self.reality(way), word, "{way} under {extra:?}: {told:#}");
        }
        by_ssh
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(way, word)| ((*way).to_owned(), (*word).to_owned())).collect()
}

#[test]
fn doctor_and_sshd_agree_on_every_method() {
    let host = Host::new();
    let found = host.compare("PasswordAuthentication yes\n", " by ssh");
    let expected = [("publickey", "not asked"), ("password", "refused"), ("keyboard-interactive", "asked")];
    assert_eq!(found, pairs(&expected));
    let lists = "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive\n";
    let expected = [("publickey,keyboard-interactive", "asked"), ("keyboard-interactive", "asked")];
    assert_eq!(host.compare(lists, " by ssh"), pairs(&expected));
    let blind = "PasswordAuthentication yes\nAuthenticationMethods publickey,password\n";
    assert_eq!(host.compare(blind, " by ssh"), pairs(&[("publickey,password", "refused")]));
    let without = "UsePAM no\nPasswordAuthentication yes\nPubkeyAuthentication no\n";
    assert_eq!(host.compare(without, " by ssh"), pairs(&[("password", "not asked")]));
}

#[test]
fn doctor_and_sshd_agree_on_whom_a_match_block_names() {
    let host = Host::new();
    let block =
        "AuthenticationMethods publickey,keyboard-interactive\nMatch User alice\nAuthenticationMethods publickey\n";
    assert_eq!(host.compare(block, " by ssh, alice"), pairs(&[("publickey", "not asked")]));
    let told = host.told();
    let problems: Vec<&str> = told["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["problem"].as_str())
        .collect();
    assert!(problems.iter().any(|text| text.starts_with("sshd: alice: publickey alone lets in")), "{problems:?}");
    let address =
        "AuthenticationMethods publickey\nMatch Address 127.0.0.1\nAuthenticationMethods keyboard-interactive\n";
    assert_eq!(host.compare(address, " by ssh, alice from 127.0.0.1"), pairs(&[("keyboard-interactive", "asked")]));
}

#[test]
fn an_sshd_that_does_not_say_is_told_and_ends_nothing() {
    let host = Host::new();
    host.factor.world.sh("echo 'Nonsense yes' > /etc/ssh/sshd_config").ok();
    let outcome = host.factor.world.countersign(&["doctor"]);
    let text = outcome.text();
    let line = text.lines().find(|line| line.starts_with("warning: /usr/sbin/sshd -T: "));
    assert!(line.is_some_and(|line| line.contains("not known")), "{text}");
    assert!(text.contains("sshd, password: asked\n"), "{text}");
    host.factor.world.sh("mount --bind /dev/null /usr/sbin/sshd; rm -f /usr/local/sbin/sshd").ok();
    assert!(host.factor.world.countersign(&["doctor"]).text().contains("sshd, password: asked\n"));
}
