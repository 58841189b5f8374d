//! What a token may be called.

/// The longest label, in characters.
const LONGEST: usize = 32;

/// Whether a text may stand as a token's label in a record: at most 32 characters, none of them a control character.
#[must_use]
pub fn is_label(text: &str) -> bool {
    text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

/// Whether a person may call a new token so: 1 to 32 characters that show as they are.
#[must_use]
pub fn is_new_label(text: &str) -> bool {
    !text.is_empty() && is_label(text) && !text.chars().any(steers)
}

/// Whether a character is a control, or invisibly changes how others are shown.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}
