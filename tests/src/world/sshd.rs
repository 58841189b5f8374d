//! A real sshd inside a world.
use super::{World, process_inside};
use crate::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Child, Stdio};
use std::sync::OnceLock;

/// Where sshd listens, on 127.0.0.1 of the world.
pub const SSH_PORT: u16 = 2222;

const HOST_KEY: &str = "/etc/ssh/world_host_key";
const CONFIG: &str = "/etc/ssh/world_sshd_config";

/// A listening sshd; dropping it ends the listener and leaves sessions to the world.
#[derive(Debug)]
pub struct Sshd {
    child: Child,
    listener: u32,
}

impl World {
    /// Starts sshd and waits until it listens.
    ///
    /// `extra` prevails over the rest of its configuration, and may hold `Match` blocks at its end.
    /// Else: PAM, keyboard-interactive and public keys on, passwords off.
    pub fn start_sshd(&self, extra: &str) -> Sshd {
        self.write_file(HOST_KEY, self.host_key(), 0o600);
        self.write_file(CONFIG, configuration(extra), 0o600);
        let mut child = self
            .command(&["/usr/sbin/sshd", "-D", "-f", CONFIG])
            .prepare()
            .stdin(Stdio::null())
            .spawn()
            .expect("run nsenter (util-linux)");
        let listens = wait::poll(wait::PATIENCE, || {
            let ended = child.try_wait().expect("look after sshd");
            assert!(ended.is_none(), "sshd ended: {}", self.log());
            self.listens(SSH_PORT).then_some(())
        });
        assert!(listens.is_some(), "sshd does not listen: {}", self.log());
        let listener = process_inside(&mut child).expect("sshd ended at once");
        Sshd { child, listener }
    }

    /// Whether a TCP socket listens on this port of the world.
    pub fn listens(&self, port: u16) -> bool {
        const LISTEN: &str = "0A";
        let sockets = std::fs::read_to_string(format!("/proc/{}/net/tcp", self.first_process));
        sockets.unwrap_or_default().lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().unwrap_or_default();
            local.ends_with(&format!(":{port:04X}")) && fields.nth(1) == Some(LISTEN)
        })
    }

    /// One key pair for all worlds of this process.
    fn host_key(&self) -> &'static [u8] {
        static KEY: OnceLock<Vec<u8>> = OnceLock::new();
        KEY.get_or_init(|| {
            self.run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY]).ok();
            self.read_file(HOST_KEY)
        })
    }
}

impl Sshd {
    /// The listener's process id as this machine sees it.
    pub fn process(&self) -> u32 {
        self.listener
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // The world may be gone already, and the listener with it.
        if self.child.try_wait().ok().flatten().is_none() {
            let listener = i32::try_from(self.listener).expect("a pid fits an i32");
            let _ = kill(Pid::from_raw(listener), Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

/// sshd takes the first value it reads, and a `Match` block reaches to the end of the file.
fn configuration(extra: &str) -> String {
    let blocks = if extra.starts_with("Match ") { Some(0) } else { extra.find("\nMatch ") };
    let (general, blocks) = extra.split_at(blocks.unwrap_or(extra.len()));
    format!(
        "{general}
Port {SSH_PORT}
ListenAddress 127.0.0.1
HostKey {HOST_KEY}
PidFile none
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication no
PubkeyAuthentication yes
LoginGraceTime 10m
LogLevel VERBOSE
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 1000
{blocks}
"
    )
}
