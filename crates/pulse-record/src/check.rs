//! The folder of a check: somebody's "enhanced" picture held against the small one.
//!
//! | file | what it is |
//! |---|---|
//! | `check.html` | all of it in plain words, on one page that opens offline |
//! | `check.png` | all of it at a glance |
//! | `claim.png`, `small.png` | the two as they were compared: the claim after registration |
//! | `shrunk.png` | what the claim shrinks to |
//! | `contradiction.png` | where that contradicts the small picture |
//! | `candidate-01.png` … | others that shrink to the small picture |
//! | `nearest.png` | the one that is nearest to the claim |
//! | `check.json` | every figure: [`CheckRecord`] |
//!
//! Each file is whole or not there. `check.json` comes last.

mod maps;
mod page;
mod sheet;
mod words;

use std::path::Path;

use crate::folder::{ClaimedFolder, names_in, within};
use crate::image::{Extent, Provenance, encode_png};
use crate::record::{CHECK_SCHEMA, CheckRecord, GeneratorRecord, InputRecord, OthersRecord, ProgramRecord};
use crate::{Error, ErrorKind, Result, WayOut};
use pulse_core::claim::{Comparison, Others};
use pulse_core::generator::Subject;

/// The record's file.
pub const RECORD: &str = "check.json";
/// The page's file.
pub const PAGE: &str = "check.html";
/// The sheet's file.
pub const SHEET: &str = "check.png";

/// All that was found of a claim.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The file of the claim.
    pub claim: InputRecord,
    /// The file of the small picture.
    pub small: InputRecord,
    /// How well the two agree.
    pub comparison: &'a Comparison,
    /// The generative model that others were asked of.
    pub generator: &'a GeneratorRecord,
    /// What its pictures are of.
    pub subject: Subject,
    /// The seed of the search.
    pub seed: u64,
    /// What it makes of the small picture, or why it was not asked.
    pub others: std::result::Result<&'a Others, &'a str>,
    /// How long it took.
    pub seconds: f64,
}

/// An output folder of a check, claimed before the work starts. Dropping it without writing removes it again.
#[derive(Debug)]
pub struct CheckFolder {
    folder: ClaimedFolder,
}

impl CheckFolder {
    /// Makes the folder at `path`, and those above it. A folder that is not empty is taken only when `replace` is set and it holds
    /// an earlier check, whose files are then replaced.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made, is not empty, or holds nothing to replace; and when another process is at work in
    /// it.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        let replaceable = |path: &Path| {
            if names_in(path)?.iter().all(|name| name.starts_with('.')) {
                return Ok(Vec::new());
            }
            if !replace {
                let message = format!("the folder {} is not empty", path.display());
                return Err(Error::new(ErrorKind::Io, message).with_way_out(WayOut::ReplaceFolder));
            }
            let record = CheckRecord::open(&path.join(RECORD)).map_err(|error| {
                let name = path.display();
                let message = format!(
                    "the folder {name} holds no check that could be replaced ({error}): empty it or choose another"
                );
                Error::new(ErrorKind::Io, message).with_source(error)
            })?;
            Ok(within(path, &record.files).collect())
        };
        Ok(Self { folder: ClaimedFolder::take(path, RECORD, None, replaceable)? })
    }

    /// Writes all files, the record last, which it gives back.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn write(&self, checked: &Checked<'_>) -> Result<CheckRecord> {
        self.folder.make_way()?;
        let comparison = checked.comparison;
        let contradiction = maps::contradiction(comparison)?;
        let pictures = [
            ("claim.png", &comparison.registered),
            ("small.png", &comparison.small),
            ("shrunk.png", &comparison.shrunk),
            ("contradiction.png", &contradiction),
        ];
        let mut files = Vec::new();
        let mut write = |name: &str, bytes: &[u8]| {
            files.push(name.to_owned());
            self.folder.file(name, bytes)
        };
        for (name, picture) in pictures {
            write(name, &encode_png(picture, None)?)?;
        }
        let others = checked.others.ok().map(|others| write_others(checked, others, &mut write)).transpose()?;
        // Without candidates nothing on it was made by a model.
        let provenance = Provenance { extent: Extent::Composite, ..checked.provenance() };
        write(SHEET, &encode_png(&checked.sheet()?, checked.others.ok().map(|_| &provenance))?)?;
        write(PAGE, checked.page()?.as_bytes())?;
        let record = checked.record(others, files);
        self.folder.seal(&record.to_json())?;
        Ok(record)
    }
}

/// Writes the candidates and the nearest of them.
fn write_others(
    checked: &Checked<'_>,
    others: &Others,
    write: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
) -> Result<OthersRecord> {
    let mut images = Vec::new();
    for candidate in &others.candidates {
        let made = Provenance { candidate: Some(candidate.index + 1), ..checked.provenance() };
        let name = format!("candidate-{:02}.png", candidate.index + 1);
        write(&name, &encode_png(&candidate.image, Some(&made))?)?;
        images.push(name);
    }
    let nearest = "nearest.png";
    write(nearest, &encode_png(&others.nearest().0.image, Some(&checked.provenance()))?)?;
    Ok(OthersRecord::new(others, images, nearest.to_owned()))
}

impl Checked<'_> {
    fn provenance(&self) -> Provenance {
        self.generator.provenance(self.seed)
    }

    fn record(&self, others: Option<OthersRecord>, files: Vec<String>) -> CheckRecord {
        CheckRecord {
            schema: CHECK_SCHEMA,
            program: ProgramRecord { name: "pulse".into(), version: env!("CARGO_PKG_VERSION").into() },
            claim: self.claim.clone(),
            small: self.small.clone(),
            consistent: self.comparison.is_consistent(),
            comparison: self.comparison.into(),
            generator: self.generator.clone(),
            seed: self.seed,
            others,
            no_others: self.others.err().map(str::to_owned),
            seconds: self.seconds,
            files,
        }
    }
}
