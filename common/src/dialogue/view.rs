//! What the command may know of a user: record and counters before and after, without anything secret.
//!
//! Invariant: secrets, salts and hashes are replaced by fixed ones before a view exists ([`View::new`]).

use zeroize::Zeroizing;

use super::line::{DialogueError, Reader, Writer};
use crate::counters::{self, Counters, SLOT_SIZE};
use crate::decision::Administrator;
use crate::record::{self, Record, RecoverySet, Token, UserName};
use crate::token::{Secret, UnixTime};

/// What the command may know of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The canonical name.
    pub user: UserName,
    /// The account's uid.
    pub uid: u32,
    /// Whether the user is an administrator.
    pub administrator: Administrator,
    /// When this was so.
    pub now: UnixTime,
    /// Before a change.
    pub before: (Option<Record>, Counters),
    /// After it; the same if nothing changed.
    pub after: (Option<Record>, Counters),
}

impl View {
    /// The view with everything secret taken out of it.
    #[must_use]
    pub fn new(self) -> Self {
        let bare = |(record, counters): (Option<Record>, Counters)| (record.map(without_secrets), counters);
        Self { before: bare(self.before), after: bare(self.after), ..self }
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = writer
            .value("user", self.user.as_str())
            .value("uid", &self.uid.to_string())
            .value("administrator", administrator_word(self.administrator))
            .value("now", &self.now.to_string());
        let writer = write_state(writer, ["record", "counters"], &self.after);
        if self.before == self.after {
            return writer;
        }
        write_state(writer, ["record_before", "counters_before"], &self.before)
    }

    pub(super) fn read(reader: &mut Reader) -> Result<Self, DialogueError> {
        let user = UserName::new(&reader.value("user")?).map_err(|_| DialogueError)?;
        let uid = reader.parsed("uid")?;
        let administrator = match reader.value("administrator")?.as_str() {
            "yes" => Administrator::Yes,
            "no" => Administrator::No,
            "unknown" => Administrator::Unknown,
            _ => return Err(DialogueError),
        };
        let now = UnixTime::parse_rfc3339(&reader.value("now")?).map_err(|_| DialogueError)?;
        let after = read_state(reader, ["record", "counters"])?.ok_or(DialogueError)?;
        let before = read_state(reader, ["record_before", "counters_before"])?.unwrap_or_else(|| after.clone());
        Ok(Self { user, uid, administrator, now, before, after })
    }
}

fn write_state(writer: Writer, [record_key, counters_key]: [&str; 2], state: &(Option<Record>, Counters)) -> Writer {
    let (record, counters) = state;
    let slot = counters::render(counters);
    let text = std::str::from_utf8(&slot).unwrap_or_default().trim_end();
    let record: Option<Zeroizing<String>> = record.as_ref().map(record::render);
    writer.value(counters_key, text).optional(record_key, record.as_ref().map(|text| text.as_str()))
}

/// A state; `None` if its counters do not stand in the line.
fn read_state(
    reader: &mut Reader,
    [record_key, counters_key]: [&str; 2],
) -> Result<Option<(Option<Record>, Counters)>, DialogueError> {
    let Some(text) = reader.optional(counters_key) else { return Ok(None) };
    let mut slot = [b' '; SLOT_SIZE];
    if text.len() >= slot.len() {
        return Err(DialogueError);
    }
    slot.iter_mut().zip(text.bytes()).for_each(|(byte, read)| *byte = read);
    if let Some(last) = slot.last_mut() {
        *last = b'\n';
    }
    let counters = counters::parse(&slot).map_err(|_| DialogueError)?;
    let record = reader.optional(record_key);
    let record = record.map(|text| record::parse(text.as_bytes()).map_err(|_| DialogueError)).transpose()?;
    Ok(Some((record, counters)))
}

/// The record with fixed values for everything secret; no two tokens alike, as in any record.
fn without_secrets(record: Record) -> Record {
    let nothing = |index: usize| {
        let byte = u8::try_from(index).unwrap_or(u8::MAX);
        Secret::from_bytes(Zeroizing::new(vec![byte; Secret::NEW_LENGTH]))
    };
    let tokens = record.tokens.into_iter().enumerate();
    let tokens = tokens.filter_map(|(index, token)| Some(Token { secret: nothing(index).ok()?, ..token })).collect();
    let recovery = record.recovery.map(|set| {
        let hashes = vec![[0; 32]; set.hashes.len()];
        RecoverySet { id: set.id, salt: [0; 16], hashes }
    });
    Record { tokens, recovery, ..record }
}

const fn administrator_word(administrator: Administrator) -> &'static str {
    match administrator {
        Administrator::Yes => "yes",
        Administrator::No => "no",
        Administrator::Unknown => "unknown",
    }
}
