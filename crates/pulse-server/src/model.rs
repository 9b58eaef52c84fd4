//! What a session is: pictures, nodes, walks and the queue; and `session.json`, which is written whole whenever something in it changes.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use pulse::read::read_regular;
use pulse::write::write_atomically;
use pulse::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::ask::Part;
use crate::body::{Candidate, Node, Picture, Walk};
use crate::refusal::{Answer, Refusal};

/// The record of a session, by which its folder is known.
pub const SESSION: &str = "session.json";

/// The version of the record. It grows when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// How large a record may be that is read.
const LARGEST: u64 = 256 << 20;

/// Everything that changes.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) counters: Counters,
    pub(crate) pictures: Vec<Given>,
    pub(crate) nodes: Vec<Item>,
    pub(crate) walks: Vec<Walk>,
    /// Nodes that wait.
    pub(crate) queue: VecDeque<String>,
    /// The node under way.
    pub(crate) running: Option<String>,
}

/// The numbers of the last that were made.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counters {
    pictures: u64,
    nodes: u64,
    walks: u64,
}

/// A picture that was given, and where it is from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Given {
    pub(crate) body: Picture,
    /// Its file in the folder of pictures; that of the whole picture where this is a part.
    pub(crate) file: String,
    /// The part of the file's picture.
    #[serde(default)]
    pub(crate) crop: Option<Part>,
    /// The side that it is shrunk to.
    #[serde(default)]
    pub(crate) pixelate: Option<usize>,
}

/// Queues what was under way, and then what waited.
fn goes_on(nodes: &mut [Item]) -> VecDeque<String> {
    let is_open = nodes.iter_mut().filter(|node| node.body.is_open());
    let mut open: Vec<&mut Item> = is_open.collect();
    open.sort_by_key(|node| node.body.state == "queued");
    let queued = open.into_iter().map(|node| {
        "queued".clone_into(&mut node.body.state);
        node.body.progress.left = None;
        node.body.id.clone()
    });
    queued.collect()
}

/// A node, and what the page is not told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Its candidates have their own file, in the record there are none.
    pub(crate) body: Node,
    /// The files that it is steered by, in the folder of pictures.
    #[serde(default)]
    pub(crate) steered: SteeredBy,
    /// How many candidates its last search looked for.
    #[serde(default)]
    pub(crate) searched_for: usize,
    /// What a person thinks of candidates, by number.
    #[serde(default)]
    pub(crate) marks: BTreeMap<usize, Marked>,
}

/// The files that a search is steered by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SteeredBy {
    pub(crate) keep: Option<String>,
    pub(crate) vary: Option<String>,
    pub(crate) toward: Option<String>,
    pub(crate) toward_mask: Option<String>,
}

/// What a person thinks of a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marked {
    pub(crate) star: bool,
    pub(crate) rating: u8,
}

/// All of `session.json`.
#[derive(Serialize, Deserialize)]
struct Record<P, N> {
    schema: u32,
    name: String,
    counters: Counters,
    pictures: P,
    nodes: N,
}

impl Model {
    /// A session of this name, with nothing in it.
    pub(crate) fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Reads the record in `folder`. What was under way or waited when it was written goes on.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(SESSION);
        let fault = |source| Error::io("read", &path, source);
        if path.metadata().map_err(fault)?.len() > LARGEST {
            return Err(damaged(&path, "it is too large for one"));
        }
        let bytes = read_regular(&path, LARGEST).map_err(fault)?;
        let record: Record<Vec<Given>, Vec<Item>> =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&path, &error.to_string()))?;
        if record.schema != SCHEMA {
            return Err(damaged(&path, &format!("its schema is {}, and this version reads {SCHEMA}", record.schema)));
        }
        let Record { name, counters, pictures, mut nodes, .. } = record;
        let names = pictures.iter().map(|given| &given.file).chain(nodes.iter().flat_map(|node| node.steered.files()));
        if let Some(name) = names.into_iter().find(|name| !is_plain(name)) {
            return Err(damaged(&path, &format!("it names `{}`, which is no file of its folder", name.escape_debug())));
        }
        let ids = nodes.iter().map(|node| &node.body.id).chain(pictures.iter().map(|given| &given.body.id));
        if let Some(id) = ids.into_iter().find(|id| !is_id(id)) {
            return Err(damaged(&path, &format!("`{}` is no name in a session", id.escape_debug())));
        }
        let queue = goes_on(&mut nodes);
        Ok(Self { name, counters, pictures, nodes, queue, ..Self::default() })
    }

    /// Writes the record in `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let nodes: Vec<Item> = self.nodes.iter().map(Item::without_candidates).collect();
        let Self { name, counters, pictures, .. } = self;
        let record = Record { schema: SCHEMA, name: name.clone(), counters: *counters, pictures, nodes };
        let bytes = serde_json::to_vec(&record).map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
        write_atomically(&folder.join(SESSION), &bytes)
    }

    pub(crate) fn next_picture(&mut self) -> String {
        self.counters.pictures += 1;
        format!("p{}", self.counters.pictures)
    }

    pub(crate) fn next_node(&mut self) -> String {
        self.counters.nodes += 1;
        format!("n{}", self.counters.nodes)
    }

    pub(crate) fn next_walk(&mut self) -> String {
        self.counters.walks += 1;
        format!("w{}", self.counters.walks)
    }

    pub(crate) fn picture(&self, id: &str) -> Answer<&Given> {
        self.pictures.iter().find(|given| given.body.id == id).ok_or_else(|| Refusal::missing("picture", id))
    }

    pub(crate) fn node(&self, id: &str) -> Answer<&Item> {
        self.nodes.iter().find(|node| node.body.id == id).ok_or_else(|| Refusal::missing("node", id))
    }

    pub(crate) fn node_mut(&mut self, id: &str) -> Answer<&mut Item> {
        self.nodes.iter_mut().find(|node| node.body.id == id).ok_or_else(|| Refusal::missing("node", id))
    }

    pub(crate) fn walk_mut(&mut self, id: &str) -> Answer<&mut Walk> {
        self.walks.iter_mut().find(|walk| walk.id == id).ok_or_else(|| Refusal::missing("walk", id))
    }
}

impl Node {
    /// Whether it waits or is under way.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.state.as_str(), "finished" | "stopped" | "failed")
    }

    /// The same without its candidates, as events have it.
    pub(crate) fn without_candidates(&self) -> Self {
        // A field that is left empty costs nothing to copy; hundreds of candidates do.
        let Self { candidates: _, tree, .. } = self;
        Self { candidates: Vec::new(), tree: tree.clone(), ..self.head() }
    }

    fn head(&self) -> Self {
        Self {
            id: self.id.clone(),
            parent: self.parent.clone(),
            from_candidates: self.from_candidates.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            note: self.note.clone(),
            created: self.created.clone(),
            picture: self.picture.clone(),
            generator: self.generator.clone(),
            request: self.request.clone(),
            state: self.state.clone(),
            error: self.error.clone(),
            notes: self.notes.clone(),
            progress: self.progress.clone(),
            target: self.target.clone(),
            bicubic: self.bicubic.clone(),
            mean: self.mean.clone(),
            certainty: self.certainty.clone(),
            certainty_scale: self.certainty_scale,
            original: self.original.clone(),
            candidates: Vec::new(),
            tree: None,
            summary: self.summary.clone(),
            statement: self.statement.clone(),
            command: self.command.clone(),
            python: self.python.clone(),
            report: self.report.clone(),
        }
    }
}

impl Item {
    fn without_candidates(&self) -> Self {
        let Self { body, steered, searched_for, marks } = self;
        Self {
            body: Node { tree: None, ..body.head() },
            steered: steered.clone(),
            searched_for: *searched_for,
            marks: marks.clone(),
        }
    }

    /// A candidate with what a person thinks of it.
    pub(crate) fn marked(&self, candidate: Candidate) -> Candidate {
        let Marked { star, rating } = self.marks.get(&candidate.number).copied().unwrap_or_default();
        Candidate { star, rating, ..candidate }
    }

    /// Takes a candidate in, in the place of what was known of it, and gives it with its marks.
    pub(crate) fn put(&mut self, candidate: Candidate) -> Candidate {
        let candidate = self.marked(candidate);
        if let Some(other) = self.body.candidates.iter_mut().find(|other| other.number == candidate.number) {
            other.clone_from(&candidate);
        } else {
            let place = self.body.candidates.partition_point(|other| other.number < candidate.number);
            self.body.candidates.insert(place, candidate.clone());
        }
        candidate
    }
}

impl SteeredBy {
    /// The names of all files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &String> {
        [&self.keep, &self.vary, &self.toward, &self.toward_mask].into_iter().flatten()
    }
}

/// Whether it is the name of a file within a folder, and nothing that leads out of it.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && name.chars().all(is_sign) && !name.starts_with('.')
}

/// Whether it is a name that a session gives: a letter and a number.
pub(crate) fn is_id(id: &str) -> bool {
    let digits = id.strip_prefix(['n', 'p', 'w']).unwrap_or_default();
    (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn damaged(path: &Path, reason: &str) -> Error {
    let message = format!("{} is not the record of a session: {reason}", path.display());
    Error::new(ErrorKind::Run, message)
}

/// The time, as RFC 3339 has it, in UTC.
pub(crate) fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date_of(days as i64);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date of a day that is counted from 1 January 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, date) in
            [(0, (1970, 1, 1)), (11_016, (2000, 2, 29)), (20_787, (2026, 11, 30)), (20_818, (2026, 12, 31))]
        {
            assert_eq!(date_of(days), date);
        }
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../a", "a/b", "", ".hidden", "/etc/passwd", "a\\b", "a\0", "c:", "x\n"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("p1-face_16.png"));
        assert!(
            is_id("n12") && is_id("p1") && !is_id("n") && !is_id("../n1") && !is_id("q1") && !is_id("n1234567890123")
        );
    }
}
