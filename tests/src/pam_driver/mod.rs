//! Drives a stack by real libpam with a scripted conversation, in a process of its own inside a world.
pub mod pam;
mod running;
mod script;
mod transcript;

pub use running::{Barrier, Running};
pub use script::{Answer, Flags, IGNORED, Item, Reply, Script, Step, is_marker};
pub use transcript::{Event, Message, Phase, Style, Transcript};

use crate::code::Parameters;
use crate::world::{Invocation, World};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a world keeps this program, within reach of every user.
const PROGRAM: &str = "/run/world/pam_driver";

/// A run of libpam to be prepared: service, user, items, phases, answers.
#[derive(Debug, Clone)]
#[must_use = "nothing runs until `run` or `start`"]
pub struct Driver<'world> {
    world: &'world World,
    script: Script,
    user: Option<String>,
    through: Vec<String>,
    stack: Option<String>,
}

impl<'world> Driver<'world> {
    /// A run for service `sshd`, user `alice`, a phase authenticate and then one account phase.
    pub fn new(world: &'world World) -> Self {
        Self { world, script: Script::default(), user: None, through: Vec::new(), stack: None }
    }

    /// Another service.
    pub fn service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.script.service);
        self
    }

    /// Another user than `alice` (`PAM_USER`).
    pub fn user(mut self, user: &str) -> Self {
        self.script.user = Some(user.to_owned());
        self
    }

    /// No `PAM_USER`: a module has to ask.
    pub fn no_user(mut self) -> Self {
        self.script.user = None;
        self
    }

    /// With a stack of its own under the present service name instead of the one in `/etc/pam.d`.
    pub fn stack(mut self, text: &str) -> Self {
        self.stack = Some(text.to_owned());
        self
    }

    /// With a stack in which this one module (and its arguments) decides alone, so that each phase
    /// returns the module's own code, `PAM_IGNORE` too.
    pub fn bare_module(mut self, module: &str) -> Self {
        self.script.bare = true;
        self.stack(&script::bare_stack(module))
    }

    /// As [`bare_module`](Self::bare_module), after a `Password: ` prompt whose answer becomes
    /// `PAM_AUTHTOK` for any user; only a module can set that item.
    pub fn bare_module_after_password(mut self, module: &str) -> Self {
        self.script.bare = true;
        let first = "auth [default=ignore] pam_exec.so expose_authtok quiet /bin/true\n";
        self.stack(&(first.to_owned() + &script::bare_stack(module)))
    }

    /// With an item set from the start.
    pub fn item(mut self, item: Item, value: &str) -> Self {
        self.script.items.push((item, value.to_owned()));
        self
    }

    /// With a known token, for `{code}` and its kind; else the key is read from the prompts.
    pub fn token(mut self, parameters: &Parameters) -> Self {
        self.script.token = Some(parameters.clone());
        self
    }

    /// Answers to the prompts, in order. A prompt beyond them is answered with `PAM_CONV_ERR`.
    pub fn answers<A: Into<Answer>>(mut self, answers: impl IntoIterator<Item = A>) -> Self {
        self.script.answers.extend(answers.into_iter().map(Into::into));
        self
    }

    /// The answer to every prompt for a password, whenever it comes.
    pub fn password(mut self, password: &str) -> Self {
        self.script.password = Some(password.to_owned());
        self
    }

    /// What every info and error message is answered with, instead of success without a text.
    pub fn on_info(mut self, reply: Reply) -> Self {
        self.script.on_info = reply;
        self
    }

    /// The phases to call, in order, without flags.
    pub fn phases(self, phases: impl IntoIterator<Item = Phase>) -> Self {
        let steps: Vec<_> = phases.into_iter().map(Step::call).collect();
        self.steps(steps)
    }

    /// What to do, in order; replaces the usual authenticate and account phase.
    pub fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.script.steps = steps.into_iter().collect();
        self
    }

    /// The application runs as this user instead of root.
    pub fn as_user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Through a program that runs the rest of its arguments: strace, prlimit, `sh -c '…; exec "$@"' sh`.
    pub fn through(mut self, wrapper: &[&str]) -> Self {
        self.through = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The command line inside the world.
    pub fn invocation(&self) -> Invocation {
        let mut script = self.script.clone();
        script.directory = self.stack.as_ref().map(|text| self.place(text));
        let script = serde_json::to_string(&script).expect("a script is JSON");
        let argv: Vec<&str> = self.through.iter().map(String::as_str).collect();
        let invocation = self.world.command(&[&argv[..], &[PROGRAM, &script]].concat());
        match &self.user {
            Some(user) => invocation.user(user),
            None => invocation,
        }
    }

    /// Puts a stack into a directory of its own and returns that. The driver itself could not: it
    /// may run as a user, or without the right to write.
    fn place(&self, text: &str) -> String {
        static STACKS: AtomicU32 = AtomicU32::new(0);
        let directory = format!("/run/world/stack.{}", STACKS.fetch_add(1, Ordering::Relaxed));
        let outside = self.world.path(&directory);
        std::fs::create_dir(&outside).expect("make a directory for a stack");
        // libpam reads the stack anew when the service changes.
        let later = self.script.steps.iter().filter_map(|step| match step {
            Step::SetItem(Item::Service, Some(service)) => Some(service),
            _ => None,
        });
        for service in later.chain([&self.script.service]) {
            std::fs::write(outside.join(service), text).expect("write a stack");
        }
        directory
    }

    /// Runs it to its end.
    pub fn run(self) -> Transcript {
        self.start(&Barrier::new()).finish()
    }

    /// Starts it; answers marked [`Answer::at_barrier`] wait for the barrier's release.
    pub fn start(self, barrier: &Barrier) -> Running {
        Running::start(&self.invocation(), barrier)
    }
}
