//! Writing a run's folder.

use std::path::{Path, PathBuf};

use pulse_checkpoint::{Configuration, Tensor, safetensors_to_vec};

use super::finished::Finished;
use super::left::{EXPLORED, remove_intermediate, replaceable, set_aside_explored};
use super::table::{candidates_table, quantities_table};
use crate::folder::ClaimedFolder;
use crate::image::{Extent, Provenance, encode_png};
use crate::photograph::Photograph;
use crate::record::{
    CandidateRecord, Files, GeneratorRecord, ProgramRecord, Record, SCHEMA, SettingsRecord, TargetRecord,
};
use crate::report::list_explored;
use crate::{Error, ErrorKind, Result};
use pulse_core::candidate::Candidate;
use pulse_core::image::Image;
use pulse_core::solved::inputs_of;

/// The record, which is written last and seals the folder of a run.
pub const RECORD: &str = "run.json";
pub(super) const TARGET: &str = "target.png";
pub(super) const TARGET_EXACT: &str = "target.safetensors";
pub(super) const ORIGINAL: &str = "original.png";
/// The mask of a picture that is transparent in part.
pub const KNOWN: &str = "known.png";
pub(super) const SHEET: &str = "sheet.png";
pub(super) const CERTAINTY: &str = "certainty.png";
pub(super) const REPORT: &str = "report.html";
pub(super) const QUANTITIES: &str = "quantities.csv";
pub(super) const TABLE: &str = "candidates.csv";
pub(super) const INPUTS: &str = "inputs.safetensors";
pub(super) const BOOKMARK: &str = "bookmark.bin";

/// From a folder of what was explored to the report of its run.
const PARENT: &str = "../../report.html";

/// The folder within a run's folder for pictures of steps under way.
pub const INTERMEDIATE: &str = "intermediate";

/// The folder of a run, claimed before the search starts and sealed by its record. Candidates can be written as they are
/// found. Dropping it without sealing removes what was written, and the folder where it is empty then.
#[derive(Debug)]
pub struct RunFolder {
    folder: ClaimedFolder,
    /// The candidates that are written already.
    written: Vec<[String; 2]>,
}

impl RunFolder {
    /// Makes the folder at `path`, and those above it. Files that a killed run left there are removed. A finished run is
    /// replaced only when `replace` is set: the files that its record names, and no others, are removed when the new ones
    /// are [written](Self::write). A folder with anything else in it is not taken.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made, is not empty, or holds no run to replace; [`ErrorKind::Busy`] when another process
    /// is at work in it.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        let taken = Self::take(path, replace)?;
        remove_intermediate(path)?;
        Ok(taken)
    }

    /// The same for a search that was stopped and [goes on](super::Run::bookmark): what it left stays until all is written, and its
    /// pictures of steps stay for good.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn take_up(path: &Path) -> Result<Self> {
        Self::take(path, true)
    }

    fn take(path: &Path, replace: bool) -> Result<Self> {
        let folder = ClaimedFolder::take(path, RECORD, Some(INTERMEDIATE), |path| replaceable(path, replace))?;
        Ok(Self { folder, written: Vec::new() })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the pictures of a candidate as soon as it is found, of `most` in all. Where an earlier run is to be replaced, this
    /// does nothing: that run stays whole until all is [written](Self::write).
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn candidate(
        &mut self,
        candidate: &Candidate,
        most: usize,
        generator: &GeneratorRecord,
        seed: u64,
    ) -> Result<()> {
        if self.folder.replaces() {
            return Ok(());
        }
        let names = names_of(candidate.index, most);
        self.write_candidate(candidate, &names, &generator.provenance(seed))?;
        self.written.push(names);
        Ok(())
    }

    /// Writes everything, and the record last of all, which it gives back.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written, [`ErrorKind::Inputs`] when a candidate lacks an input of `specs`.
    pub fn write(&self, finished: &Finished<'_>) -> Result<Record> {
        let candidates = finished.candidates;
        let inputs = inputs_of(candidates, finished.specs)?.to_bytes()?;
        self.folder.break_seal()?;
        // Before the old inputs are removed: they tell what was explored from them.
        set_aside_explored(self.path(), &inputs)?;
        self.folder.make_way()?;
        let provenance = finished.generator.provenance(finished.config.seed);
        let truth = finished.truth()?;
        let most = finished.config.candidates.max(candidates.len());
        let mut records = Vec::with_capacity(candidates.len());
        for (candidate, scores) in candidates.iter().zip(&finished.range.scores) {
            let names = names_of(candidate.index, most);
            if !self.written.contains(&names) {
                self.write_candidate(candidate, &names, &provenance)?;
            }
            let original_error = truth.as_ref().and_then(|truth| truth.errors.get(records.len()).copied());
            records.push(CandidateRecord::new(candidate, scores, original_error, names));
        }
        let files = self.write_shared(finished, &inputs)?;
        self.file(TABLE, candidates_table(&records).as_bytes())?;
        let target = finished.target;
        let record = Record {
            schema: SCHEMA,
            program: ProgramRecord { name: "pulse".into(), version: env!("CARGO_PKG_VERSION").into() },
            input: finished.input.clone(),
            generator: finished.generator.clone(),
            measurement: finished.measurement.clone(),
            mosaic: finished.mosaic.clone(),
            placement: finished.placement,
            target: TargetRecord { width: target.width(), height: target.height(), channels: target.channels() },
            settings: SettingsRecord::from(finished.config),
            request: finished.request.clone(),
            steering: finished.steering.clone(),
            verdict: finished.range.bent.map(|bent| bent.verdict().name().into()),
            quantities: finished.quantities.clone(),
            summary: finished.summary(truth.as_ref()),
            made: finished.made.clone(),
            seconds: finished.seconds,
            files,
            candidates: records,
        };
        let parent = self.parent(&record);
        if let Some(report) = finished.report(&record, truth.as_ref(), parent) {
            self.file(REPORT, report.page()?.as_bytes())?;
        }
        self.folder.seal(&record.to_json())?;
        // What was explored from the same candidates before is still there; and this run may be what is explored from another.
        list_explored(&self.path().join(REPORT), &self.path().join(EXPLORED))?;
        if let (Some(parent), Some(explored)) = (parent, self.path().parent()) {
            list_explored(&self.path().join(parent), explored)?;
        }
        Ok(record)
    }

    /// The files that are there once, whatever the number of candidates.
    fn write_shared(&self, finished: &Finished<'_>, inputs: &[u8]) -> Result<Files> {
        let target = finished.target;
        self.file(TARGET, &encode_png(target, None)?)?;
        let exact = *target != target.quantised();
        if exact {
            self.file(TARGET_EXACT, &exact_target(target)?)?;
        }
        if let Some(original) = finished.original {
            self.file(ORIGINAL, &encode_png(original, None)?)?;
        }
        if let Some(known) = finished.known {
            self.file(KNOWN, &encode_png(known, None)?)?;
        }
        let sheet = finished.sheet()?;
        let provenance =
            Provenance { extent: Extent::Composite, ..finished.generator.provenance(finished.config.seed) };
        self.file(SHEET, &encode_png(&sheet, Some(&provenance))?)?;
        if let Some(certainty) = &finished.range.certainty {
            let map = finished.certainty_map(certainty)?;
            self.file(CERTAINTY, &encode_png(&map, Some(&provenance))?)?;
        }
        let read = !finished.quantities.is_empty();
        if read {
            self.file(QUANTITIES, quantities_table(finished).as_bytes())?;
        }
        self.file(INPUTS, inputs)?;
        if let Some(bookmark) = finished.bookmark {
            self.file(BOOKMARK, bookmark.bytes())?;
        }
        Ok(Files {
            target: TARGET.into(),
            target_exact: exact.then(|| TARGET_EXACT.into()),
            original: finished.original.map(|_| ORIGINAL.into()),
            known: finished.known.map(|_| KNOWN.into()),
            sheet: SHEET.into(),
            certainty: finished.range.certainty.as_ref().map(|_| CERTAINTY.into()),
            report: finished.page.map(|_| REPORT.into()),
            quantities: read.then(|| QUANTITIES.into()),
            table: Some(TABLE.into()),
            inputs: INPUTS.into(),
            bookmark: finished.bookmark.map(|_| BOOKMARK.into()),
            photographs: finished.photographs.clone(),
        })
    }

    /// Writes the photograph with a candidate in it, and gives its name.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be written.
    pub fn photograph(&self, index: usize, most: usize, photograph: &Photograph, of: &Provenance) -> Result<String> {
        let name = numbered("photograph", index, most);
        let provenance = Provenance { candidate: Some(index + 1), extent: Extent::Composite, ..of.clone() };
        self.folder.file_with(&name, |file| photograph.write_png(&provenance, file))?;
        Ok(name)
    }

    fn write_candidate(&self, candidate: &Candidate, [image, shrunk]: &[String; 2], of: &Provenance) -> Result<()> {
        let provenance = Provenance { candidate: Some(candidate.index + 1), ..of.clone() };
        self.file(image, &encode_png(&candidate.image, Some(&provenance))?)?;
        self.file(shrunk, &encode_png(&candidate.measured, Some(&provenance))?)
    }

    /// The report of the run that this one was steered from, from here, where this folder lies in that of the run.
    fn parent(&self, record: &Record) -> Option<&'static str> {
        let within = self.path().parent().is_some_and(|folder| folder.ends_with(EXPLORED));
        let there = record.steering.is_some() && within && self.path().join(PARENT).is_file();
        there.then_some(PARENT)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.folder.file(name, bytes)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // Without their record they are of no run, as all that the claim removes.
        if !self.path().join(RECORD).exists() {
            let _ = remove_intermediate(self.path());
        }
    }
}

/// The target in the array that [`Reader`](crate::image::Reader) reads: `target` [1, c, h, w].
fn exact_target(target: &Image) -> Result<Vec<u8>> {
    let fault = |error: pulse_checkpoint::Error| Error::new(ErrorKind::Io, error.to_string()).with_source(error);
    let shape = [1, target.channels(), target.height(), target.width()];
    let tensor = Tensor::new(shape, target.values()).map_err(fault)?;
    safetensors_to_vec(&[("target".to_owned(), tensor)].into(), &Configuration::new()).map_err(fault)
}

/// The files of a candidate: its picture, and what that shrinks to.
fn names_of(index: usize, most: usize) -> [String; 2] {
    ["candidate", "shrunk"].map(|what| numbered(what, index, most))
}

/// `candidate-01.png`: numbers from 1, with as many digits as the largest takes, and two at least.
fn numbered(what: &str, index: usize, most: usize) -> String {
    format!("{what}-{:0digits$}.png", index + 1, digits = most.to_string().len().max(2))
}

/// The picture of one step under way, within a run's folder: `intermediate/candidate-01-step-0000.png`.
/// Steps count from 0, candidates (whose `index` does too) from 1.
pub fn intermediate_file(index: usize, most: usize, step: usize) -> PathBuf {
    let candidate = numbered("candidate", index, most);
    Path::new(INTERMEDIATE).join(format!("{}-step-{step:04}.png", candidate.trim_end_matches(".png")))
}
