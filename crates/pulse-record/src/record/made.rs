//! By what a folder was made, and when.

use serde::{Deserialize, Serialize};

/// How a folder came about. The library knows neither: the program says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRecord {
    /// The arguments of the program as they were given, its own name first.
    pub command: Vec<String>,
    /// When it was written, in UTC: `2026-01-31T12:00:00Z`.
    pub date: String,
}

impl MadeRecord {
    /// The command as one line that a POSIX shell reads back.
    pub fn line(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,:=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_back() {
        let command = ["pulse", "upsample", "a b.png", "it's", "", "gaussian:1.5,bicubic"].map(str::to_owned).to_vec();
        let made = MadeRecord { command, date: "2026-01-31T12:00:00Z".into() };
        assert_eq!(made.line(), r"pulse upsample 'a b.png' 'it'\''s' '' gaussian:1.5,bicubic");
    }
}
