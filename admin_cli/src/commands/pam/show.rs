//! `pam show`: our lines, and what logins come to.

use countersign_common::config::Config;

use crate::commands::doctor::{look_at, our_services};
use crate::output::{Output, Verdict};
use crate::pam::files::Files;
use crate::pam::service::{Handler, Phase, Service};
use crate::pam::walk::is_ours;

/// `pam show`
pub(super) fn show(files: &dyn Files, config: Option<&Config>, services: &[String], output: &mut Output) -> Verdict {
    let names = if services.is_empty() { our_services(files) } else { services.to_vec() };
    if names.is_empty() {
        output.line("no service has a line of pam_countersign.so; to put it in: countersign pam add sshd");
    }
    let mut verdict = Verdict::Done;
    for name in names {
        let service = Service::read(files, &name);
        let lines: Vec<&Handler> = [Phase::Auth, Phase::Account, Phase::Password, Phase::Session]
            .into_iter()
            .flat_map(|phase| service.stack(phase))
            .filter(|handler| is_ours(handler))
            .collect();
        match (&service.file, lines.is_empty()) {
            (None, _) => {
                output.line(format_args!("{name}: there is no such service in /etc/pam.d"));
                verdict = Verdict::Failed;
                continue;
            }
            (Some(file), true) => output.line(format_args!("{file}: no line of ours")),
            (Some(_), false) => {
                for handler in lines {
                    let words: Vec<&str> = handler.place.text.split_whitespace().collect();
                    output.line(format_args!("{}: {}", handler.place, words.join(" ")));
                }
            }
        }
        let look = look_at(files, config, &name);
        look.logins.iter().for_each(|login| output.line(format_args!("  {login}")));
        look.problems.iter().chain(&look.remarks).for_each(|problem| output.warning(problem));
    }
    verdict
}
