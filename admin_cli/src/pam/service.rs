//! A service's stacks, read as libpam reads them: the file of that name, what it includes, and `other` for what is missing.
//!
//! Invariants: a handler knows the line it came from and the lines that included that file, outermost first; what libpam
//! refuses is kept as a handler that fails, since that is what libpam does. `/etc/pam.conf` is not read: libpam itself
//! reads it only where there is no directory `/etc/pam.d`.

use std::fmt;
use std::rc::Rc;

use super::control::Control;
use super::files::{DIRECTORIES, Files};
use super::line::logical_lines;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Auth,
    Account,
    Password,
    Session,
}

/// Where a line stands, and what it says there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: Rc<str>,
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// The physical lines, exactly.
    pub(crate) text: String,
}

/// What a handler does when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Calls a module.
    Module(Module),
    /// Fails with `perm_denied`, since libpam cannot use the line.
    Fails(Fault),
    /// Stands before the lines of a substack; jumps count it and them as one.
    Substack,
}

/// A module and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// As the line names it.
    pub(crate) path: String,
    pub(crate) arguments: Vec<String>,
}

/// Why libpam cannot use a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not `auth`, `account`, `password` or `session`.
    Type(String),
    NoControl,
    NoModule,
    /// The file cannot be read to its end.
    Include(String),
}

/// One line's part in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handler {
    pub(crate) control: Control,
    pub(crate) job: Job,
    /// How many substacks it is in.
    pub(crate) level: usize,
    pub(crate) place: Rc<Place>,
    /// The lines that include the file, outermost first; the first is in the service's own file.
    pub(crate) through: Rc<[Rc<Place>]>,
}

/// All of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// Its own file; `None` if it has none and `other` stands for all of it.
    pub(crate) file: Option<String>,
    auth: Vec<Handler>,
    account: Vec<Handler>,
    password: Vec<Handler>,
    session: Vec<Handler>,
    /// Why libpam refuses the service altogether.
    pub(crate) broken: Option<String>,
    /// Lines that one libpam reads otherwise than another.
    pub(crate) ambiguous: Vec<Rc<Place>>,
}

/// The service that stands for what is missing.
pub(crate) const OTHER: &str = "other";
/// How deep libpam follows includes.
const DEEPEST: usize = 16;

/// A file libpam gives up at, and with it the whole service.
struct Abort(String);

impl Service {
    /// Reads a service; libpam knows its name in lower case only.
    pub(crate) fn read(files: &dyn Files, name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let mut own = Reader::new(files);
        let file = find(files, &name);
        let mut read = file.as_ref().map_or(Ok(()), |(path, text)| own.service(path, text));
        let mut fallback = Reader::new(files);
        if read.is_ok() && name != OTHER {
            read = find(files, OTHER).map_or(Ok(()), |(path, text)| fallback.service(&path, &text));
        }
        let nothing = file.is_none() && find(files, OTHER).is_none();
        let none = || format!("there is neither {}/{name} nor {}/{OTHER}", directory(), directory());
        let broken = read.err().map(|Abort(why)| why).or_else(|| nothing.then(none));
        let mut stack = |phase| {
            let own = own.take(phase);
            if own.is_empty() { fallback.take(phase) } else { own }
        };
        Self {
            name,
            file: file.map(|(path, _)| path),
            auth: stack(Phase::Auth),
            account: stack(Phase::Account),
            password: stack(Phase::Password),
            session: stack(Phase::Session),
            broken,
            ambiguous: own.ambiguous,
        }
    }

    /// The same service with another auth phase.
    pub(super) fn with_auth(self, auth: Vec<Handler>) -> Self {
        Self { auth, ..self }
    }

    /// The handlers of a phase, in order.
    pub(crate) fn stack(&self, phase: Phase) -> &[Handler] {
        match phase {
            Phase::Auth => &self.auth,
            Phase::Account => &self.account,
            Phase::Password => &self.password,
            Phase::Session => &self.session,
        }
    }
}

fn directory() -> &'static str {
    DIRECTORIES.first().copied().unwrap_or_default()
}

/// The first directory that has a file of this name.
pub(crate) fn find(files: &dyn Files, name: &str) -> Option<(String, String)> {
    let paths: Vec<String> = if name.starts_with('/') {
        vec![name.to_owned()]
    } else {
        DIRECTORIES.iter().map(|directory| format!("{directory}/{name}")).collect()
    };
    paths.into_iter().find_map(|path| files.text(&path).map(|text| (path, text)))
}

/// Reads one service's file and what it includes.
struct Reader<'a> {
    files: &'a dyn Files,
    handlers: Vec<(Phase, Handler)>,
    ambiguous: Vec<Rc<Place>>,
}

/// Where the reader is.
#[derive(Clone)]
struct Inside {
    /// The only phase that is read here.
    phase: Option<Phase>,
    level: usize,
    through: Vec<Rc<Place>>,
}

/// A line, taken apart.
struct Parts {
    phase: Option<Phase>,
    job: Result<Statement, Fault>,
    control: Control,
}

enum Statement {
    Module(Module),
    Include { target: Option<String>, substack: bool },
}

impl<'a> Reader<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self { files, handlers: Vec::new(), ambiguous: Vec::new() }
    }

    fn take(&mut self, phase: Phase) -> Vec<Handler> {
        let (these, others) = std::mem::take(&mut self.handlers).into_iter().partition(|(its, _)| *its == phase);
        self.handlers = others;
        these.into_iter().map(|(_, handler)| handler).collect()
    }

    fn service(&mut self, path: &str, text: &str) -> Result<(), Abort> {
        self.file(path, text, &Inside { phase: None, level: 0, through: Vec::new() })
    }

    fn file(&mut self, path: &str, text: &str, inside: &Inside) -> Result<(), Abort> {
        let file: Rc<str> = Rc::from(path);
        let lines = logical_lines(text);
        for line in lines.lines {
            let words = line.words();
            let place = Place { file: Rc::clone(&file), first: line.first, last: line.last, text: line.text };
            let place = Rc::new(place);
            if line.ambiguous {
                self.ambiguous.push(Rc::clone(&place));
            }
            self.line(&words, &place, inside)?;
        }
        let unfinished = || Abort(format!("{path}: ends in the middle of a line that goes on"));
        if lines.unfinished { Err(unfinished()) } else { Ok(()) }
    }

    fn line(&mut self, words: &[String], place: &Rc<Place>, inside: &Inside) -> Result<(), Abort> {
        let parts = Parts::of(words, inside.phase);
        if parts.phase.is_some() && inside.phase.is_some() && parts.phase != inside.phase {
            return Ok(());
        }
        let add = |reader: &mut Self, job| {
            let Some(phase) = parts.phase else { return Err(Abort(format!("{place}: cannot include it"))) };
            let through = Rc::from(inside.through.as_slice());
            let control = parts.control.clone();
            reader
                .handlers
                .push((phase, Handler { control, job, level: inside.level, place: Rc::clone(place), through }));
            Ok(())
        };
        match parts.job {
            Ok(Statement::Module(module)) => add(self, Job::Module(module)),
            Err(fault) => add(self, Job::Fails(fault)),
            Ok(Statement::Include { target, substack }) => {
                if substack {
                    add(self, Job::Substack)?;
                }
                let level = inside.level.saturating_add(usize::from(substack));
                let mut through = inside.through.clone();
                through.push(Rc::clone(place));
                match self.include(target.as_deref(), &Inside { phase: parts.phase, level, through }) {
                    Ok(()) => Ok(()),
                    Err(Abort(why)) => add(self, Job::Fails(Fault::Include(why))),
                }
            }
        }
    }

    fn include(&mut self, target: Option<&str>, inside: &Inside) -> Result<(), Abort> {
        let target = target.ok_or_else(|| Abort("it names no file".to_owned()))?;
        if inside.through.len() >= DEEPEST {
            return Err(Abort(format!("{target}: files include each other too deeply")));
        }
        let (path, text) = find(self.files, target).ok_or_else(|| Abort(format!("{target}: there is no such file")))?;
        self.file(&path, &text, inside)
    }
}

impl Parts {
    /// What a line says; libpam goes on reading a line of an unknown type, which then fails.
    fn of(words: &[String], inside: Option<Phase>) -> Self {
        let mut words = words.iter();
        let word = words.next().map(|word| word.strip_prefix('-').unwrap_or(word)).unwrap_or_default();
        if word.eq_ignore_ascii_case("@include") {
            let target = words.next().cloned();
            let job = Ok(Statement::Include { target, substack: false });
            return Self { phase: inside, job, control: Control::all_bad() };
        }
        let known = Phase::named(word);
        let phase = known.or(inside).or(Some(Phase::Auth));
        let Some(control) = words.next() else {
            return Self { phase, job: Err(Fault::NoControl), control: Control::all_bad() };
        };
        for (name, substack) in [("include", false), ("substack", true)] {
            if control.eq_ignore_ascii_case(name) {
                let target = words.next().cloned();
                return Self { phase, job: Ok(Statement::Include { target, substack }), control: Control::all_bad() };
            }
        }
        let module = words.next().cloned();
        let arguments = words.cloned().collect();
        let job = match (known, module) {
            (None, _) => Err(Fault::Type(word.to_owned())),
            (_, None) => Err(Fault::NoModule),
            (_, Some(path)) => Ok(Statement::Module(Module { path, arguments })),
        };
        Self { phase, job, control: Control::parse(control) }
    }
}

impl Phase {
    fn named(word: &str) -> Option<Self> {
        let named = |phase: &Self| word.eq_ignore_ascii_case(phase.word());
        [Self::Auth, Self::Account, Self::Password, Self::Session].into_iter().find(named)
    }

    /// How lines name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Password => "password",
            Self::Session => "session",
        }
    }
}

impl Module {
    /// The file's name without directory: `pam_unix.so`.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The value of an argument `NAME=value`, the last one.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.arguments.iter().rev().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether an argument is there as it stands.
    pub(crate) fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|found| found == argument)
    }
}

impl Handler {
    /// The module it calls.
    pub(crate) fn module(&self) -> Option<&Module> {
        match &self.job {
            Job::Module(module) => Some(module),
            Job::Fails(_) | Job::Substack => None,
        }
    }

    /// The line in the service's own file through which it came: its own, or the include's.
    pub(crate) fn entry(&self) -> &Rc<Place> {
        self.through.first().unwrap_or(&self.place)
    }

    /// The line in a file through which it came; in the service's own, if it did not come through that.
    pub(crate) fn entry_in(&self, file: &str) -> &Rc<Place> {
        let all = self.through.iter().chain([&self.place]);
        all.into_iter().find(|place| *place.file == *file).unwrap_or(self.entry())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.first)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(word) => write!(f, "{word:?} is no type of a line"),
            Self::NoControl => f.write_str("the control is missing"),
            Self::NoModule => f.write_str("the module is missing"),
            Self::Include(why) => write!(f, "cannot include {why}"),
        }
    }
}
