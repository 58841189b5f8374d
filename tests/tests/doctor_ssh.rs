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
        self.reality_of("alice", &self.alice, way)
    }

    fn reality_of(&self, user: &str, token: &Parameters, way: &str) -> &'static str {
        let world = &self.factor.world;
        self.factor.next_step();
        let code = self.factor.code(token);
        let script =
            format!("#!/bin/sh\ncase \"$1\" in *assword*) echo '{PASSWORD}';; *) touch {ASKED}; echo {code};; esac\n");
        world.write_file(ASKPASS, script, 0o755);
        world.run(&["rm", "-f", ASKED]).ok();
        let methods = format!("PreferredAuthentications={way}");
        let options = ["-i", "/root/key", "-o", &methods, "-o", "NumberOfPasswordPrompts=1"];
        let command = ssh_command(world, user, &options, &["true"]);
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

impl Host {
    /// What is said to be wrong, a line each.
    fn findings(&self) -> Vec<String> {
        let text = self.factor.world.countersign(&["doctor"]).text();
        let is_finding = |line: &&str| ["error: ", "warning: ", "info: "].iter().any(|word| line.starts_with(word));
        text.lines().filter(is_finding).map(str::to_owned).collect()
    }

    /// The one line that has all these parts.
    fn finding(&self, parts: &[&str]) -> String {
        let all = self.findings();
        let found = all.iter().find(|line| parts.iter().all(|part| line.contains(part)));
        found.unwrap_or_else(|| panic!("nothing with {parts:?} in {all:#?}")).clone()
    }

    fn configure(&self, path: &str, text: &str) {
        self.factor.world.write_file(path, text, 0o644);
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
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
    let said = |text: &&str| text.starts_with("/etc/ssh/sshd_config:") && text.contains("sshd: alice: publickey alone");
    assert!(problems.iter().any(said), "{problems:?}");
    let address =
        "AuthenticationMethods publickey\nMatch Address 127.0.0.1\nAuthenticationMethods keyboard-interactive\n";
    assert_eq!(host.compare(address, " by ssh, alice from 127.0.0.1"), pairs(&[("keyboard-interactive", "asked")]));
}

/// facts.md 1.12: under `prohibit-password` sshd answers PAM with junk in place of what root typed.
#[test]
fn root_with_a_key_is_kept_out_by_a_code_after_the_key_until_what_doctor_says_is_done() {
    let host = Host::new();
    let world = &host.factor.world;
    world.set_password("root", PASSWORD);
    world.countersign(&["enable", "root"]).ok();
    let root = host.factor.enroll("root");
    let lists = "PermitRootLogin prohibit-password\n\
                 AuthenticationMethods publickey,keyboard-interactive keyboard-interactive\n";
    let ways = ["publickey", "publickey,keyboard-interactive"];
    let outcome = |extra: &str| {
        let _sshd = world.start_sshd(extra);
        world.sh("cp /etc/ssh/world_sshd_config /etc/ssh/sshd_config").ok();
        ways.map(|way| host.reality_of("root", &root, way))
    };
    world.sh("install -d -m 700 /root/.ssh; install -m 600 /root/key.pub /root/.ssh/authorized_keys").ok();
    assert_eq!(outcome(lists), ["refused", "refused"]);
    let found = host.finding(&["error: /etc/ssh/sshd_config:2: ", "sshd: root: root has a key and gets in nowhere"]);
    let said = quoted(found.split_once("put at the end of").expect("what to do").1);
    let ["Match User root", by_key, "Match User root", by_code @ ..] = said.as_slice() else { panic!("{said:?}") };
    for (lines, expected) in [(vec![*by_key], ["not asked", "not asked"]), (by_code.to_vec(), ["refused", "asked"])] {
        assert_eq!(outcome(&format!("{lists}Match User root\n{}\n", lines.join("\n"))), expected, "{lines:?}");
        assert!(!host.findings().iter().any(|line| line.contains("gets in nowhere")), "{:#?}", host.findings());
    }
    // Who has no key loses nothing.
    world.sh("rm -r /root/.ssh").ok();
    outcome(lists);
    host.finding(&["info: ", "sshd: root: a key would not get root in"]);
}

/// Every line that decides is named: changed as is said, one after the other, they leave nothing to say.
#[test]
fn doctor_names_the_lines_that_decide_wherever_they_are_included_from() {
    let host = Host::new();
    let world = &host.factor.world;
    world
        .sh("rm -rf /etc/ssh/sshd_config.d; mkdir -p /etc/ssh/sshd_config.d '/etc/ssh/more of it' /etc/ssh/nested")
        .ok();
    host.configure(
        "/etc/ssh/sshd_config",
        "# Include /nowhere\nInclude /etc/ssh/sshd_config.d/[!0-4]?-*.conf \"/etc/ssh/more of it/*.conf\"\n\
         PasswordAuthentication no\nUsePAM yes\nPermitRootLogin no\nLoginGraceTime 600\n",
    );
    host.configure("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
    host.configure("/etc/ssh/sshd_config.d/.10-hidden.conf", "PasswordAuthentication no\n");
    host.configure("/etc/ssh/sshd_config.d/5-short.conf", "PasswordAuthentication no\n");
    host.configure("/etc/ssh/sshd_config.d/60-more.conf", "PasswordAuthentication no\n\nInclude nested/*\n");
    host.configure("/etc/ssh/nested/a", "challengeresponseauthentication=no\n");
    host.configure(
        "/etc/ssh/more of it/b.conf",
        "PubkeyAuthentication \"no\" # as on the old host\n\nLoginGraceTime=20\n",
    );
    host.finding(&[
        "warning: /etc/ssh/sshd_config.d/50-cloud-init.conf:1: PasswordAuthentication yes: sshd: the password method is on",
        "; make it `PasswordAuthentication no`, and reload sshd",
    ]);
    host.finding(&["error: /etc/ssh/nested/a:1: KbdInteractiveAuthentication no: ", "; make it `KbdInter"]);
    let mut done = 0;
    while let Some(finding) = host.findings().iter().find(|line| line.contains("; make it `")) {
        let (place, rest) = finding.split_once(": ").and_then(|(_, rest)| rest.split_once(": ")).expect("a place");
        let (file, number) = place.rsplit_once(':').expect("a line");
        world.run(&["sed", "-i", &format!("{number}c {}", quoted(rest)[0]), file]).ok();
        done += 1;
        assert!(done < 10, "{finding}");
    }
    assert_eq!(done, 3, "{:#?}", host.findings());
    assert!(host.factor.world.read_file("/etc/ssh/more of it/b.conf").ends_with(b"\n\nLoginGraceTime 10m\n"));
    world.sh("rm '/etc/ssh/more of it/b.conf'").ok();
    let alone = host.finding(&["publickey alone lets in"]);
    assert!(alone.contains("at the top of /etc/ssh/sshd_config"), "nothing includes 10-countersign.conf: {alone}");
}

#[test]
fn what_blocks_about_ports_and_addresses_of_this_host_say_is_asked_for() {
    let host = Host::new();
    let block = "AuthenticationMethods keyboard-interactive\nMatch LocalPort 2222\nAuthenticationMethods publickey\n\
                 Match LocalPort 2022 LocalAddress 10.9.8.7\nPasswordAuthentication yes\n\
                 AuthenticationMethods password\nMatch RDomain blue\nAuthenticationMethods publickey\n";
    // The world's sshd listens on 2222, and on no other.
    assert_eq!(host.compare(block, " by ssh"), pairs(&[("publickey", "not asked")]));
    let told = host.told().to_string();
    assert!(told.contains("password by ssh, alice to 10.9.8.7 to port 2022"), "{told}");
    host.finding(&["password method is on", "sshd: alice to 10.9.8.7 to port 2022: "]);
}

#[test]
fn who_was_not_looked_at_is_told_by_name() {
    let host = Host::new();
    let world = &host.factor.world;
    world.sh("countersign enable --no-account $(seq -f user%g 100 150) >/dev/null").ok();
    host.configure(
        "/etc/ssh/sshd_config",
        "UsePAM yes\nMatch User ghost-*\nX11Forwarding no\nMatch Group *,!alice User al?ce\nX11Forwarding no\n\
         Match User b*\nAuthenticationMethods publickey\n",
    );
    let told = host.told();
    let findings = told["findings"].as_array().expect("findings");
    let left =
        findings.iter().find(|finding| finding["problem"].as_str().is_some_and(|text| text.contains("too many")));
    let left = left.unwrap_or_else(|| panic!("{told:#}"));
    // Forty of root, alice and the others were asked about.
    assert_eq!(left["users"].as_array().map(Vec::len), Some(13), "{left}");
    host.finding(&["info: /etc/ssh/sshd_config:2: this Match block was not looked at: no account"]);
    host.finding(&["info: /etc/ssh/sshd_config:4: this Match block was not looked at: no account"]);
    // Bob has no record, and no line names him; the pattern does.
    host.finding(&["/etc/ssh/sshd_config:7: AuthenticationMethods publickey: sshd: bob: publickey alone lets in"]);
}

#[test]
fn a_configuration_that_sshd_does_not_take_is_told_in_its_own_words() {
    let host = Host::new();
    host.configure("/etc/ssh/sshd_config", "UsePAM yes\nNon\x1bsense yes\n");
    let line = host.finding(&["error: /usr/sbin/sshd -T: /etc/ssh/sshd_config: line 2: Bad configuration option: Non"]);
    assert!(line.contains("the ways into sshd are not known") && line.contains("mend that line"), "{line}");
    assert!(!line.contains('\x1b'), "{line:?}");
    let told = host.told();
    assert!(
        told["logins"].as_array().is_some_and(|all| all.iter().all(|login| login["module"].is_string())),
        "{told:#}"
    );
    assert_eq!(
        (&told["findings"][0]["file"], &told["findings"][0]["line"]),
        (&"/etc/ssh/sshd_config".into(), &2.into())
    );
    let text = host.factor.world.countersign(&["doctor"]).text();
    assert!(text.contains("sshd, password: asked\n"), "{text}");
    // What is wrong with the host and not with the file is no line's fault.
    host.configure("/etc/ssh/sshd_config", "HostKey /nowhere\n");
    host.finding(&["warning: /usr/sbin/sshd -T: Unable to load host key: /nowhere; sshd: no hostkeys", "not known"]);
    host.factor.world.sh("mount --bind /dev/null /usr/sbin/sshd; rm -f /usr/local/sbin/sshd").ok();
    assert!(host.factor.world.countersign(&["doctor"]).text().contains("sshd, password: asked\n"));
}

#[test]
fn an_sshd_that_goes_by_another_file_is_told() {
    let host = Host::new();
    let world = &host.factor.world;
    let is_said = || host.findings().iter().any(|line| line.contains("sshd is started with"));
    assert!(!is_said(), "{:#?}", host.findings());
    let sshd = world.start_sshd("");
    host.finding(&["warning: process ", "`-f /etc/ssh/world_sshd_config`", "/etc/ssh/sshd_config alone was looked at"]);
    drop(sshd);
    assert!(!is_said(), "{:#?}", host.findings());
    host.configure("/etc/default/ssh", "# SSHD_OPTS=-f /x\nSSHD_OPTS=\"-o UsePAM=no\"\n");
    host.finding(&["warning: /etc/default/ssh:2: sshd is started with `-o UsePAM=no`"]);
    world.sh("rm /etc/default/ssh").ok();
    host.configure(
        "/etc/systemd/system/ssh.service.d/own.conf",
        "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/b\n",
    );
    host.finding(&["warning: /etc/systemd/system/ssh.service.d/own.conf:3: sshd is started with `-f /etc/b`"]);
}
