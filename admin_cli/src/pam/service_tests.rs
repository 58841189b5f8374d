//! Stacks read from text.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::files::Files;
use super::service::{Fault, Handler, Job, Module, Phase, Service};

/// Files held in memory, by path; every module is installed but those named `pam_missing*`.
#[derive(Default)]
pub(crate) struct Shelf(BTreeMap<String, String>);

impl Shelf {
    /// Files of `/etc/pam.d`.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| (format!("/etc/pam.d/{name}"), (*text).to_owned())).collect())
    }

    pub(crate) fn and(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }
}

impl Files for Shelf {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let inside = |path: &String| path.strip_prefix(&format!("{directory}/")).map(str::to_owned);
        self.0.keys().filter_map(inside).collect()
    }

    fn has_module(&self, module: &str) -> Option<bool> {
        Some(!module.contains("pam_missing"))
    }

    fn config_fault(&self, path: &str) -> Option<String> {
        path.contains("broken").then(|| format!("{path}: there is no such file"))
    }
}

fn names(handlers: &[Handler]) -> Vec<&str> {
    handlers.iter().filter_map(|handler| handler.module().map(Module::name)).collect()
}

#[test]
fn included_lines_stand_where_the_include_stands_and_say_through_which_line_they_came() {
    let shelf = Shelf::of(&[
        ("sshd", "# sshd\n@include common-auth\nAUTH optional pam_group.so\naccount required pam_nologin.so\n"),
        (
            "common-auth",
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\naccount required pam_x.so\n",
        ),
    ]);
    let service = Service::read(&shelf, "SSHD");
    let auth = service.stack(Phase::Auth);
    assert_eq!(names(auth), ["pam_unix.so", "pam_deny.so", "pam_group.so"]);
    assert_eq!(auth[1].place.to_string(), "/etc/pam.d/common-auth:2");
    assert_eq!(auth[1].entry().to_string(), "/etc/pam.d/sshd:2");
    assert_eq!(auth[1].entry().text, "@include common-auth");
    assert_eq!(auth[2].entry().to_string(), "/etc/pam.d/sshd:3");
    assert_eq!(names(service.stack(Phase::Account)), ["pam_x.so", "pam_nologin.so"], "an @include takes all types");
}

#[test]
fn an_include_takes_its_own_type_and_a_substack_is_one_level_down() {
    let shelf = Shelf::of(&[
        ("login", "auth substack system-auth\nauth include postlogin\naccount include system-auth\n"),
        ("system-auth", "auth sufficient pam_unix.so\nauth required pam_deny.so\naccount required pam_unix.so\n"),
        ("postlogin", "session optional pam_lastlog.so\nauth optional pam_exec.so [a b]\n"),
    ]);
    let service = Service::read(&shelf, "login");
    let levels: Vec<usize> = service.stack(Phase::Auth).iter().map(|handler| handler.level).collect();
    assert_eq!(levels, [0, 1, 1, 0]);
    assert_eq!(service.stack(Phase::Auth)[0].job, Job::Substack);
    assert_eq!(
        service.stack(Phase::Auth)[3].module().map(|module| module.arguments.clone()),
        Some(vec!["a b".to_owned()])
    );
    assert_eq!(names(service.stack(Phase::Account)), ["pam_unix.so"]);
    assert!(service.stack(Phase::Session).is_empty());
}

#[test]
fn what_libpam_cannot_use_fails() {
    let text = "auht sufficient pam_permit.so\nauth\nauth required\nauth include nowhere\n-auth required pam_unix.so\n";
    let service = Service::read(&Shelf::of(&[("x", text)]), "x");
    let jobs: Vec<&Job> = service.stack(Phase::Auth).iter().map(|handler| &handler.job).collect();
    assert_eq!(jobs[0], &Job::Fails(Fault::Type("auht".to_owned())));
    assert_eq!(jobs[1], &Job::Fails(Fault::NoControl));
    assert_eq!(jobs[2], &Job::Fails(Fault::NoModule));
    assert!(matches!(jobs[3], Job::Fails(Fault::Include(why)) if why.starts_with("nowhere")));
    assert!(matches!(jobs[4], Job::Module(_)));
    assert!(service.broken.is_none());
    let missing = Service::read(&Shelf::of(&[("x", "@include nowhere\nauth required pam_permit.so\n")]), "x");
    assert!(missing.broken.is_some(), "an @include outside of any type");
    let circle = Service::read(&Shelf::of(&[("x", "auth include x\n")]), "x");
    assert!(matches!(circle.stack(Phase::Auth)[0].job, Job::Fails(Fault::Include(_))));
}

#[test]
fn other_stands_for_a_missing_file_and_for_a_missing_phase() {
    let shelf = Shelf::of(&[
        ("other", "auth required pam_deny.so\naccount required pam_deny.so\n"),
        ("x", "auth required pam_unix.so\n"),
    ]);
    let service = Service::read(&shelf, "x");
    assert_eq!(names(service.stack(Phase::Auth)), ["pam_unix.so"]);
    assert_eq!(service.stack(Phase::Account)[0].place.to_string(), "/etc/pam.d/other:2");
    let missing = Service::read(&shelf, "y");
    assert_eq!((missing.file.clone(), names(missing.stack(Phase::Auth))), (None, vec!["pam_deny.so"]));
    assert!(Service::read(&Shelf::default(), "y").broken.is_some());
    let broken = shelf.and("/etc/pam.d/other", "auth required \\\n");
    assert!(Service::read(&broken, "x").broken.is_some(), "libpam reads other in any case");
}

#[test]
fn the_administrators_directory_comes_before_the_vendors() {
    let shelf = Shelf::of(&[("x", "auth include y\n")])
        .and("/usr/lib/pam.d/x", "auth required pam_deny.so\n")
        .and("/usr/lib/pam.d/y", "auth required pam_unix.so\n");
    let service = Service::read(&shelf, "x");
    assert_eq!(service.file.as_deref(), Some("/etc/pam.d/x"));
    assert_eq!(service.stack(Phase::Auth)[0].place.to_string(), "/usr/lib/pam.d/y:1");
    assert_eq!(Rc::as_ref(&service.stack(Phase::Auth)[0].through).len(), 1);
}
