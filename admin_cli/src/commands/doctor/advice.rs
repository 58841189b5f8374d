//! What to write in place of a line that lets wrong passwords on, or right ones past our line.
//!
//! Invariant: what else an include did stays: what is prepared, failures that are counted, what uses the password after.

use super::notes::shown;
use crate::pam::control::Control;
use crate::pam::modules::Role;
use crate::pam::service::{Handler, Module, Phase, Place, Service};

/// How a wrong password ends before our line, whichever modules look at it.
pub(super) fn end_before_us(service: &Service, line: &Place) -> String {
    let stack = service.stack(Phase::Auth);
    let passwords = passwords(stack);
    // A line that includes nothing is replaced alone.
    let included: Vec<&Handler> = stack
        .iter()
        .filter(|handler| *handler.place != *line && handler.through.iter().any(|entry| **entry == *line))
        .collect();
    let first = included.iter().position(|handler| checks(handler)).unwrap_or(included.len());
    let (before, after) = included.split_at_checked(first).unwrap_or_default();
    let counted = after.iter().find(|handler| is_faillock(handler, "authfail"));
    let forgotten = after.iter().find(|handler| is_faillock(handler, "authsucc"));
    let count = passwords.len().saturating_add(usize::from(counted.is_some()));
    let jumps = (1..=count).rev().zip(&passwords);
    let mut lines: Vec<String> =
        before.iter().filter(|handler| prepares(handler)).map(|handler| plain(handler)).collect();
    lines.extend(jumps.map(|(jump, (minus, module))| format!("{minus}auth [success={jump} default=ignore] {module}")));
    lines.extend(
        counted.and_then(|handler| handler.module()).map(|module| format!("auth [default=die] {}", call(module))),
    );
    lines.push("auth requisite pam_deny.so".to_owned());
    lines
        .extend(forgotten.and_then(|handler| handler.module()).map(|module| format!("auth required {}", call(module))));
    lines.extend(after.iter().filter(|handler| uses_the_password(handler)).map(|handler| plain(handler)));
    let quoted: Vec<String> = lines.iter().map(|line| format!("`{line}`")).collect();
    format!("put instead of {}: {}", shown(line), quoted.join(", "))
}

fn checks(handler: &Handler) -> bool {
    handler.module().is_some_and(Module::checks_passwords)
}

fn is_faillock(handler: &Handler, what: &str) -> bool {
    handler.module().is_some_and(|module| module.name() == "pam_faillock.so" && module.has(what))
}

/// A line that does its part whatever comes after it.
fn prepares(handler: &Handler) -> bool {
    let is_one = |module: &Module| module.role() == Role::Gate || is_silent(module);
    handler.module().is_some_and(is_one) && handler.control.is_sound() && handler.control.longest_jump() == 0
}

fn uses_the_password(handler: &Handler) -> bool {
    handler.module().is_some_and(is_silent) && handler.control == Control::parse("optional")
}

/// Whether a module decides nothing.
fn is_silent(module: &Module) -> bool {
    let decides = ["pam_deny.so", "pam_permit.so"].contains(&module.name());
    matches!(module.role(), Role::Fixed(_)) && !decides
}

/// The modules that look at passwords, each once, as the stack calls it, behind the minus some have; the first that can has
/// to ask.
fn passwords(stack: &[Handler]) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, &Module)> = Vec::new();
    for handler in stack.iter().filter(|handler| checks(handler)) {
        let minus = if handler.place.text.trim_start().starts_with('-') { "-" } else { "" };
        let Some(module) = handler.module() else { continue };
        if !found.iter().any(|(_, other)| other.name() == module.name()) {
            found.push((minus, module));
        }
    }
    let mut calls = Vec::new();
    let mut is_asked = false;
    for (minus, module) in found {
        let whole = call(module);
        calls.push((minus, if is_asked { whole } else { whole.replace(" use_first_pass", "") }));
        is_asked |= module.takes_a_password_only() || module.leaves_a_password();
    }
    calls
}

/// A module with its arguments, as a line has them.
fn call(module: &Module) -> String {
    let argument = |argument: &String| {
        if argument.contains([' ', '\t']) {
            format!(" [{}]", argument.replace(']', "\\]"))
        } else {
            format!(" {argument}")
        }
    };
    module.arguments.iter().map(argument).fold(module.path.clone(), |line, argument| line + &argument)
}

/// A line again, without its comment; its control is a word or a list without jumps.
fn plain(handler: &Handler) -> String {
    let text = handler.place.text.replace("\\\n", " ");
    let text = text.split('#').next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
