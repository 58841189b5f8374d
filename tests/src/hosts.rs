//! Applications in C that a suite compiles inside its world: one that lives long, one that runs out of memory.
use crate::Factor;
use crate::code::Parameters;
use crate::world::Invocation;
use std::process::Command;

const COMMON: &str = include_str!("hosts/application.h");
const LONG: &str = include_str!("hosts/long_host.c");
const FAILING: &str = include_str!("hosts/failing_host.c");

/// Where their stacks lie: the module, then a verdict for where it abstains.
pub const STACKS: &str = "/tmp/stacks";
const STACK: &str = "auth required pam_countersign.so\nauth required pam_permit.so\naccount required pam_countersign.so\n\
                     account required pam_permit.so\n";

/// Which application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Many logins in one process.
    Long,
    /// Logins whose allocations fail.
    Failing,
}

impl Factor {
    /// Compiles an application into the world, with more options for the C compiler; returns its path there.
    pub fn compile_host(&self, host: Host, options: &str) -> &'static str {
        let (source, program) = match host {
            Host::Long => (LONG, "/tmp/long_host"),
            Host::Failing => (FAILING, "/tmp/failing_host"),
        };
        let world = &self.world;
        world.write_file("/tmp/application.h", COMMON, 0o644);
        world.write_file("/tmp/host.c", source, 0o644);
        world.write_file(&format!("{STACKS}/sshd"), STACK, 0o644);
        world.sh(&format!("cc -O1 -g {options} -o {program} /tmp/host.c -lpam -lpthread")).ok();
        program
    }

    /// Lays down the codes of so many steps from now on, as the applications read them.
    pub fn lay_down_codes(&self, user: &str, token: &Parameters, steps: usize) {
        let output = Command::new("oathtool")
            .args(["--totp", "--base32", "--now", &format!("@{}", self.world.clock().now())])
            .args(["--window", &steps.to_string(), &token.secret])
            .output()
            .expect("run oathtool");
        assert!(output.status.success(), "{output:?}");
        self.world.write_file(&format!("/tmp/codes.{user}"), output.stdout, 0o600);
    }

    /// An application to run with these arguments after that of its stacks.
    pub fn host(&self, program: &str, arguments: &[&str]) -> Invocation {
        self.world.command(&[&[program, STACKS], arguments].concat())
    }
}
