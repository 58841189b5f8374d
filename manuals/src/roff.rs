//! Text for man(7): escaped, so that nothing in it is taken for a request or another character.

/// Text as it stands. A word between backticks is set in bold.
pub(crate) fn prose(text: &str) -> String {
    let mut written = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            written += &bold(part);
        } else {
            written += &escaped(part);
        }
    }
    guarded(&written)
}

/// Bold, as what is typed.
pub(crate) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// Italic, as what stands for something else.
pub(crate) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

/// Lines as they are, without filling.
pub(crate) fn example(text: &str) -> String {
    let lines: String = text.lines().map(|line| guarded(&escaped(line)) + "\n").collect();
    format!(".PP\n.in +4n\n.EX\n{lines}.EE\n.in\n")
}

/// A tagged paragraph.
pub(crate) fn tagged(tag: &str, text: &str) -> String {
    format!(".TP\n{}\n{text}\n", guarded(tag))
}

/// With a full stop.
pub(crate) fn stopped(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn escaped(text: &str) -> String {
    let mut written = String::new();
    for c in text.chars() {
        match c {
            '\\' => written += "\\e",
            '-' => written += "\\-",
            '\'' => written += "\\(aq",
            '"' => written += "\\(dq",
            '^' => written += "\\(ha",
            '~' => written += "\\(ti",
            '…' => written += "...",
            _ => written.push(c),
        }
    }
    written
}

/// A line that begins like a request is none.
fn guarded(text: &str) -> String {
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text.to_owned() }
}
