//! The things that can be done through the helper.
use crate::people::People;

/// One thing that someone does.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    /// Who does it.
    pub caller: &'static str,
    /// To whom.
    pub target: &'static str,
    /// The line that asks for it.
    pub request: &'static str,
    /// What happens first, so that there is something to do.
    pub before: fn(&People),
}

/// alice, to herself.
pub const fn own(request: &'static str, before: fn(&People)) -> Deed {
    Deed { caller: "alice", target: "alice", request, before }
}

/// carol of the help desk, to a student.
pub const fn desk(target: &'static str, request: &'static str, before: fn(&People)) -> Deed {
    Deed { caller: "carol", target, request, before }
}

const NOTHING: fn(&People) = |_| ();

/// Everything that changes something.
pub const DEEDS: [Deed; 19] = [
    own("request action=enable", |people| people.root(&["disable", "alice"])),
    own("request action=disable", NOTHING),
    own("request action=reset", NOTHING),
    own("request action=enroll label=watch", NOTHING),
    own("request action=enroll label=new adding=instead", NOTHING),
    own("request action=remove-token token=tablet", NOTHING),
    own("request action=new-recovery-codes", NOTHING),
    desk("bob", "request action=enable user=bob", |people| people.root(&["disable", "bob"])),
    desk("bob", "request action=disable user=bob", NOTHING),
    desk("bob", "request action=lock user=bob", NOTHING),
    desk("bob", "request action=unlock user=bob", |people| people.root(&["lock", "bob"])),
    desk("bob", "request action=reset user=bob", NOTHING),
    desk("bob", "request action=unblock user=bob", |people| people.block("bob")),
    desk("bob", "request action=enroll user=bob label=watch", NOTHING),
    desk("bob", "request action=new-recovery-codes user=bob", NOTHING),
    // Of dave there is neither record nor counters.
    desk("dave", "request action=enroll user=dave", NOTHING),
    desk("dave", "request action=disable user=dave", NOTHING),
    desk("dave", "request action=lock user=dave", NOTHING),
    Deed {
        caller: "olga",
        target: "alice",
        request: "request action=remove-token user=alice token=tablet",
        before: NOTHING,
    },
];

impl Deed {
    /// What is typed for it.
    pub fn command_line(&self) -> Vec<&'static str> {
        let words = self.request.split(' ').filter_map(|pair| pair.split_once('='));
        let typed = words.flat_map(|(key, value)| match key {
            "label" => vec!["--label", value],
            "adding" => vec!["--replace"],
            _ => vec![value],
        });
        ["countersign"].into_iter().chain(typed).collect()
    }

    /// Whether a code of the caller is asked for.
    pub fn is_confirmed(&self) -> bool {
        !(self.request.contains("action=enable") && self.caller == self.target)
    }
}
