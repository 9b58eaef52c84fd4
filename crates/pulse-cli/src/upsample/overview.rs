//! What became of every picture: the table at the end, and summary.csv.

use std::path::{Path, PathBuf};

use pulse::record::Record;
use pulse::write::write_atomically;

use super::shard::Shard;
use crate::failure::Failure;
use crate::sources::Source;
use crate::status::Status;

/// What became of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has a candidate within epsilon; with `--faces`, each of its faces has.
    Found,
    /// It has candidates, and none within epsilon.
    BestEffort,
    /// The search was stopped before its end, and what was found was written.
    Stopped,
    /// No face was found in the photograph.
    NoFace,
    /// The photograph shows more of each face than the generator makes.
    NothingMissing,
    /// It was not searched for, for a reason that is no error.
    LeftOut,
    /// An earlier run finished it.
    Skipped,
    /// There was an error.
    Failed,
    /// Everything was stopped before it.
    NotBegun,
}

impl Fate {
    const ALL: [Self; 9] = [
        Self::Found,
        Self::BestEffort,
        Self::Stopped,
        Self::NoFace,
        Self::NothingMissing,
        Self::LeftOut,
        Self::Skipped,
        Self::Failed,
        Self::NotBegun,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::BestEffort => "best effort",
            Self::Stopped => "stopped",
            Self::NoFace => "no face",
            Self::NothingMissing => "nothing missing",
            Self::LeftOut => "left out",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::NotBegun => "not begun",
        }
    }
}

/// The figures of a picture's runs: one, or one a face.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    candidates: usize,
    reached: usize,
    best_db: f64,
    seconds: f64,
}

/// One picture.
#[derive(Clone)]
pub(super) struct Entry {
    path: PathBuf,
    folder: PathBuf,
    fate: Fate,
    verdict: Status,
    figures: Option<Figures>,
    reason: String,
}

impl Entry {
    /// A picture that was searched for.
    pub(super) fn searched(source: &Source, records: &[Record]) -> Self {
        let fate = if records.iter().any(|record| record.summary.stopped) {
            Fate::Stopped
        } else if are_good(records) {
            Fate::Found
        } else {
            Fate::BestEffort
        };
        Self::with(source, fate, records)
    }

    /// A photograph in which no face was found.
    pub(super) fn without_face(source: &Source) -> Self {
        Self::with(source, Fate::NoFace, &[])
    }

    /// A photograph that shows more of each face than the generator makes.
    pub(super) fn with_nothing_missing(source: &Source) -> Self {
        Self::with(source, Fate::NothingMissing, &[])
    }

    /// A picture, or a folder of pictures, that is not searched for.
    pub(super) fn left_out(path: &Path, reason: &str) -> Self {
        let source = Source { path: path.to_owned(), folder: PathBuf::new() };
        Self { reason: reason.into(), ..Self::with(&source, Fate::LeftOut, &[]) }
    }

    /// A picture that an earlier run finished.
    pub(super) fn skipped(source: &Source, records: &[Record]) -> Self {
        Self::with(source, Fate::Skipped, records)
    }

    /// A picture with an error.
    pub(super) fn failed(source: &Source, failure: &Failure) -> Self {
        let entry = Self::with(source, Fate::Failed, &[]);
        Self { verdict: Status::Failed, reason: failure.line().to_owned(), ..entry }
    }

    /// A picture that was not reached.
    pub(super) fn not_begun(source: &Source) -> Self {
        Self::with(source, Fate::NotBegun, &[])
    }

    fn with(source: &Source, fate: Fate, records: &[Record]) -> Self {
        let summaries = || records.iter().map(|record| &record.summary);
        let figures = (!records.is_empty()).then(|| Figures {
            candidates: summaries().map(|summary| summary.candidates).sum(),
            reached: summaries().map(|summary| summary.reached).sum(),
            best_db: summaries().map(|summary| summary.best_db).fold(f64::NEG_INFINITY, f64::max),
            seconds: records.iter().map(|record| record.seconds).sum(),
        });
        Self {
            path: source.path.clone(),
            folder: source.folder.clone(),
            fate,
            verdict: if are_good(records) { Status::Good } else { Status::Bad },
            figures,
            reason: String::new(),
        }
    }

    pub(super) fn fate(&self) -> Fate {
        self.fate
    }

    /// The status of the program that this picture asks for.
    pub(super) fn verdict(&self) -> Status {
        self.verdict
    }
}

/// Whether each search was done and has a candidate within epsilon. A photograph without a face has none, nor has a picture that was
/// not begun.
fn are_good(records: &[Record]) -> bool {
    !records.is_empty() && records.iter().all(|record| record.summary.reached > 0 && !record.summary.stopped)
}

/// The table for people, with a line for each picture and one that counts them.
pub(super) fn table(entries: &[Entry]) -> String {
    const TITLES: [&str; 5] = ["picture", "outcome", "best dB", "seconds", "reason"];
    let row = |entry: &Entry| {
        let figure =
            |of: fn(&Figures) -> f64| entry.figures.map_or_else(|| "-".into(), |all| format!("{:.1}", of(&all)));
        let path = entry.path.display().to_string();
        let [path, reason] = [&path, &entry.reason].map(|text| text.replace(char::is_control, " "));
        [path, entry.fate.name().into(), figure(|all| all.best_db), figure(|all| all.seconds), reason]
    };
    let rows: Vec<_> = std::iter::once(TITLES.map(String::from)).chain(entries.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [path, outcome, db, seconds] = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for row in &rows {
        let line = format!("{:path$}  {:outcome$}  {:>db$}  {:>seconds$}  {}", row[0], row[1], row[2], row[3], row[4]);
        text.extend([line.trim_end(), "\n"]);
    }
    text + &counts(entries)
}

/// `3 pictures: 2 found, 1 failed`
fn counts(entries: &[Entry]) -> String {
    let count = |fate: Fate| entries.iter().filter(|entry| entry.fate == fate).count();
    let counted = Fate::ALL.into_iter().filter(|&fate| count(fate) > 0);
    let parts: Vec<_> = counted.map(|fate| format!("{} {}", count(fate), fate.name())).collect();
    let pictures = if entries.len() == 1 { "picture" } else { "pictures" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{} {pictures}{parts}\n", entries.len())
}

/// The name of the table's file, another one for each shard.
pub(super) fn file_name(shard: Option<Shard>) -> String {
    format!("summary{}.csv", shard.map(Shard::file_part).unwrap_or_default())
}

/// Writes the table for programs, as RFC 4180 has it. docs/run-json.md says what the columns mean.
pub(super) fn write_csv(path: &Path, entries: &[Entry]) -> Result<(), Failure> {
    Ok(write_atomically(path, &csv(entries))?)
}

/// Names of files are written as the system has them, byte by byte, so that those that are no text can be found again.
fn csv(entries: &[Entry]) -> Vec<u8> {
    let mut text = Vec::from("path,folder,outcome,candidates,reached,best_db,seconds,reason\r\n");
    for Entry { path, folder, fate, figures, reason, .. } in entries {
        let figures = figures.map_or_else(
            || ",,,".into(),
            |Figures { candidates, reached, best_db, seconds }| {
                format!("{candidates},{reached},{best_db},{seconds:.3}")
            },
        );
        let [path, folder] = [path, folder].map(|path| field(path.as_os_str().as_encoded_bytes()));
        let fields = [&path[..], &folder, fate.name().as_bytes(), figures.as_bytes(), &field(reason.as_bytes())];
        text.extend(fields.join(&b','));
        text.extend(b"\r\n");
    }
    text
}

/// A field of RFC 4180: in quotes where it has a comma, a quote or a line's end in it, each quote twice.
fn field(text: &[u8]) -> Vec<u8> {
    if !text.iter().any(|byte| b",\"\r\n".contains(byte)) {
        return text.into();
    }
    let twice = text.iter().flat_map(|&byte| std::iter::repeat_n(byte, if byte == b'"' { 2 } else { 1 }));
    std::iter::once(b'"').chain(twice).chain([b'"']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The fields of a record that ends where the text does, read as RFC 4180 says.
    fn fields(text: &str) -> Vec<String> {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    fields.last_mut().unwrap().extend(characters.next());
                }
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                other => fields.last_mut().unwrap().push(other),
            }
        }
        assert!(!quoted, "a quote is open");
        fields
    }

    proptest! {
        #[test]
        fn fields_read_back(texts in prop::collection::vec("[a,\"\r\n é]{0,8}", 1..6)) {
            let line = texts.iter().map(|text| field(text.as_bytes())).collect::<Vec<_>>().join(&b',');
            prop_assert_eq!(fields(std::str::from_utf8(&line).unwrap()), texts);
        }
    }

    #[test]
    fn a_table_has_a_line_for_each_picture() {
        let source = |name: &str| Source { path: name.into(), folder: format!("out/{name}").into() };
        let failure = Failure::of("b, \"c\".png", "is no picture");
        let entries = [Entry::not_begun(&source("a.png")), Entry::failed(&source("b, \"c\".png"), &failure)];
        let expected = "path,folder,outcome,candidates,reached,best_db,seconds,reason\r\n\
                        a.png,out/a.png,not begun,,,,,\r\n\
                        \"b, \"\"c\"\".png\",\"out/b, \"\"c\"\".png\",failed,,,,,\"b, \"\"c\"\".png: is no picture\"\r\n";
        assert_eq!(String::from_utf8(csv(&entries)).unwrap(), expected);
        let table = table(&entries);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[1], "a.png       not begun        -        -");
        assert!(lines[2].ends_with("is no picture"));
        assert_eq!(lines[3], "2 pictures: 1 failed, 1 not begun");
        assert_eq!(counts(&[]), "0 pictures\n");
    }
}
