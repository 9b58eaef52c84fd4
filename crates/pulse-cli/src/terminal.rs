//! The one way to a terminal: names and texts out of files are shown, and never obeyed.
//!
//! A terminal takes some characters for commands: to move its cursor, to set its title, to write the clipboard, to turn the direction
//! of the text round. They are escaped in all that is printed, wherever it comes from, and a message ends somewhere.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde_json::Value as Json;

/// The most characters of one message.
const LONGEST: usize = 1500;

/// A text of one line.
pub(crate) fn shown(text: &str) -> String {
    escaped(text, |c| c == '\t')
}

/// A text of several lines.
fn shown_lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() || turns(c)) && !kept(c) {
            escaped.extend(c.escape_debug());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a character changes the direction of a text or breaks its line.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// No more of a message than anybody reads.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// Prints one line on standard error. An error in printing cannot be reported anywhere.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "pulse: {}", cut(&shown(line)));
}

/// Prints several lines of our own on standard error.
pub(crate) fn note_lines(text: &str) {
    let _ = writeln!(io::stderr().lock(), "pulse: {}", shown_lines(text));
}

/// Prints a line about what is under way on standard error.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", cut(&shown(line)));
}

/// Prints a line of JSON for a program on standard error, which is whole whatever its length.
pub(crate) fn event(line: &Json) {
    let _ = writeln!(io::stderr().lock(), "{}", shown_json(line));
}

/// JSON escapes only some control characters itself; what it leaves stands in texts, where it may be escaped.
fn shown_json(line: &Json) -> String {
    let mut escaped = String::new();
    for c in line.to_string().chars() {
        if c.is_control() || turns(c) {
            // A string takes whatever is written to it.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Writes to standard output.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(shown_lines(text).as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_to_a_terminal_are_shown_and_not_given() {
        assert_eq!(shown("a\u{1b}]0;b\u{7}\n"), "a\\u{1b}]0;b\\u{7}\\n");
        assert_eq!(shown("\u{9b}31m \u{202e}gnp"), "\\u{9b}31m \\u{202e}gnp");
        assert_eq!(shown_lines("a\tb\nc\r"), "a\tb\nc\\r");
        assert_eq!(shown("Gesicht é 顔 e\u{301} 😀"), "Gesicht é 顔 e\u{301} 😀");
        let hostile = Json::String("\u{1b}\u{9b}\u{202e}\n".into());
        assert_eq!(shown_json(&hostile), r#""\u001b\u009b\u202e\n""#);
        assert_eq!(serde_json::from_str::<Json>(&shown_json(&hostile)).unwrap(), hostile);
        assert_eq!(cut(&"x".repeat(5000)).chars().count(), LONGEST + 2);
    }
}
