//! The dialogue that does a deed: with the helper itself, or by the command.
use crate::deed::Deed;
use crate::people::People;
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::world::HELPER;
use std::io::{Read, Write};

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The helper, as the command would start it.
    Helper,
    /// The command, which starts the helper.
    Command,
}

/// What a dialogue came to.
#[derive(Debug)]
pub struct Told {
    /// Whether it was said to be done: by the helper's last line, or by the command's exit status.
    pub done: bool,
    /// Whether it was said not to be done.
    pub refused: bool,
    /// All that was said.
    pub text: String,
    /// The token that was shown.
    pub token: Option<Parameters>,
}

impl People {
    /// Does it as its caller, under these words of strace or without: the code that confirms, then, for a token that is
    /// shown, the code of the step before this one.
    pub fn ask(&self, program: Program, strace: &[&str], deed: &Deed, code: &str) -> Told {
        let wrapper = match strace {
            [] => vec!["setpriv", "--reuid", deed.caller, "--regid", deed.caller, "--init-groups", "--"],
            strace => [strace, &["-u", deed.caller, "--"]].concat(),
        };
        let run = match program {
            Program::Helper => vec![HELPER],
            Program::Command => deed.command_line(),
        };
        let mut child = self.factor.world.command(&[wrapper, run].concat()).spawn();
        let (mut stdin, mut stdout) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        // It may have ended before it reads this; then that shows in what it says.
        let mut say = |line: &str| drop(stdin.as_mut().map(|stdin| writeln!(stdin, "{line}")));
        match (program, deed.is_confirmed()) {
            (Program::Helper, true) => say(&format!("{}\nanswer text={code}", deed.request)),
            (Program::Helper, false) => say(deed.request),
            (Program::Command, true) => say(code),
            (Program::Command, false) => {}
        }
        let (mut text, mut token, mut bytes) = (String::new(), None, [0; 4096]);
        loop {
            let read = stdout.read(&mut bytes).expect("read what is said");
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
            if token.is_none() {
                token = key(program, &text).map(|key| Parameters::new(&key));
                if let Some(token) = &token {
                    let answer = if program == Program::Helper { "answer text=" } else { "" };
                    say(&format!("{answer}{}", self.code_of(token, -1)));
                }
            }
            if read == 0 {
                break;
            }
        }
        let output = child.wait_with_output().expect("wait for a program");
        let text = text + &String::from_utf8_lossy(&output.stderr);
        let says = |word: &str| text.lines().any(|line| line.starts_with(word));
        let (done, refused) = match program {
            Program::Helper => (says("done "), says("refused message=")),
            Program::Command => (output.status.success(), output.status.code() == Some(1) && text.contains("error: ")),
        };
        Told { done, refused, text, token }
    }
}

/// The key of a new token, once it is there whole.
fn key(program: Program, text: &str) -> Option<String> {
    match program {
        Program::Helper => {
            let line = text.split_inclusive('\n').find(|line| line.starts_with("key ") && line.ends_with('\n'))?;
            line.split(' ').find_map(|pair| pair.strip_prefix("secret=")).map(str::to_owned)
        }
        // 160 bits.
        Program::Command => key_in(text).filter(|key| key.len() == 32),
    }
}
