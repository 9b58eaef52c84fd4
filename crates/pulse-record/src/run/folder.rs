//! Writing a run's folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use pulse_checkpoint::{Configuration, Tensor, safetensors_to_vec};

use super::left::{remove_intermediate, replaceable, set_aside_explored};
use crate::folder::ClaimedFolder;
use crate::image::{Extent, Provenance, encode_png};
use crate::record::{
    CandidateRecord, CertaintyRecord, Files, GeneratorRecord, InputRecord, MosaicRecord, PlacementRecord,
    ProgramRecord, QuantityRecord, Record, RequestRecord, SCHEMA, SettingsRecord, SpreadRecord, SteeringRecord,
    Summary, TargetRecord,
};
use crate::report::{Curves, Report};
use crate::sheet::{CertaintyMap, Colormap, Entry, Sheet};
use crate::{Error, ErrorKind, Result};
use pulse_core::candidate::{Candidate, Outcome, consistency_db, mean_pairwise_distance};
use pulse_core::generator::{InputSpec, Subject};
use pulse_core::image::Image;
use pulse_core::judge::{Assessment, Certainty, Order};
use pulse_core::search::SearchConfig;
use pulse_core::solved::inputs_of;
use pulse_core::tape::Bookmark;

/// The record, which is written last and seals the folder of a run.
pub const RECORD: &str = "run.json";
pub(super) const TARGET: &str = "target.png";
pub(super) const TARGET_EXACT: &str = "target.safetensors";
pub(super) const ORIGINAL: &str = "original.png";
pub(super) const SHEET: &str = "sheet.png";
pub(super) const CERTAINTY: &str = "certainty.png";
pub(super) const REPORT: &str = "report.html";
pub(super) const QUANTITIES: &str = "quantities.csv";
pub(super) const INPUTS: &str = "inputs.safetensors";
pub(super) const BOOKMARK: &str = "bookmark.bin";

/// The folder within a run's folder for pictures of steps under way.
pub const INTERMEDIATE: &str = "intermediate";

/// A finished search, and what belongs into its record.
#[derive(Clone, Debug)]
pub struct Finished<'a> {
    /// The file that was given.
    pub input: InputRecord,
    /// The generative model.
    pub generator: GeneratorRecord,
    /// What was asked for besides the settings of the search, where later runs are to be compared with it.
    pub request: Option<RequestRecord>,
    /// The generator's inputs, in the order of the network's.
    pub specs: &'a [InputSpec],
    /// The measurement, as text.
    pub measurement: String,
    /// The blocks that the small picture was reduced from.
    pub mosaic: Option<MosaicRecord>,
    /// Where the generator's picture lies in the small one that was given.
    pub placement: Option<PlacementRecord>,
    /// The small picture that was searched for.
    pub target: &'a Image,
    /// The sharp picture that it was made from, in a demonstration.
    pub original: Option<&'a Image>,
    /// How it was searched.
    pub config: &'a SearchConfig,
    /// What candidates were steered by, where the search was one from another run.
    pub steering: Option<SteeringRecord>,
    /// What was found, at least one.
    pub candidates: &'a [Candidate],
    /// The same, measured together.
    pub range: &'a Assessment,
    /// What was read off the candidates' pictures.
    pub quantities: Vec<QuantityRecord>,
    /// What comes first on the sheet and on the page.
    pub order: Order,
    /// The colours in which sheet and page show grey pictures, where not in grey.
    pub colours: Option<Colormap>,
    /// What the page has beside it, where there is to be one.
    pub page: Option<Page<'a>>,
    /// How long it took.
    pub seconds: f64,
    /// What the search goes on from, where it was stopped before all was done.
    pub bookmark: Option<&'a Bookmark>,
}

/// What [`Report`] needs beside a finished search.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What the generator's pictures are of.
    pub subject: Subject,
    /// How the search went.
    pub curves: &'a Curves,
}

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
        let most = finished.config.candidates.max(candidates.len());
        let mut records = Vec::with_capacity(candidates.len());
        for (candidate, scores) in candidates.iter().zip(&finished.range.scores) {
            let names = names_of(candidate.index, most);
            if !self.written.contains(&names) {
                self.write_candidate(candidate, &names, &provenance)?;
            }
            let [image, shrunk] = names;
            records.push(CandidateRecord::new(candidate, scores, image, shrunk));
        }
        let files = self.write_shared(finished, &inputs)?;
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
            summary: finished.summary(),
            seconds: finished.seconds,
            files,
            candidates: records,
        };
        if let Some(report) = finished.report(&record) {
            self.file(REPORT, report.page()?.as_bytes())?;
        }
        self.folder.seal(&record.to_json())?;
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
            self.file(QUANTITIES, finished.table().as_bytes())?;
        }
        self.file(INPUTS, inputs)?;
        if let Some(bookmark) = finished.bookmark {
            self.file(BOOKMARK, bookmark.bytes())?;
        }
        Ok(Files {
            target: TARGET.into(),
            target_exact: exact.then(|| TARGET_EXACT.into()),
            original: finished.original.map(|_| ORIGINAL.into()),
            sheet: SHEET.into(),
            certainty: finished.range.certainty.as_ref().map(|_| CERTAINTY.into()),
            report: finished.page.map(|_| REPORT.into()),
            quantities: read.then(|| QUANTITIES.into()),
            inputs: INPUTS.into(),
            bookmark: finished.bookmark.map(|_| BOOKMARK.into()),
        })
    }

    fn write_candidate(&self, candidate: &Candidate, [image, shrunk]: &[String; 2], of: &Provenance) -> Result<()> {
        let provenance = Provenance { candidate: Some(candidate.index + 1), ..of.clone() };
        self.file(image, &encode_png(&candidate.image, Some(&provenance))?)?;
        self.file(shrunk, &encode_png(&candidate.measured, Some(&provenance))?)
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

impl Finished<'_> {
    /// How many candidates ended so.
    fn count_of(&self, outcome: Outcome) -> usize {
        self.candidates.iter().filter(|candidate| candidate.outcome == outcome).count()
    }

    fn summary(&self) -> Summary {
        let candidates = self.candidates;
        let images: Vec<_> = candidates.iter().map(|candidate| &candidate.image).collect();
        let db = || candidates.iter().map(|candidate| candidate.db);
        Summary {
            candidates: candidates.len(),
            reached: self.count_of(Outcome::Reached),
            stopped: self.bookmark.is_some()
                || candidates.len() < self.config.candidates
                || self.count_of(Outcome::Stopped) > 0,
            best_db: db().reduce(f64::max).unwrap_or_default(),
            worst_db: db().reduce(f64::min).unwrap_or_default(),
            mean_pairwise_distance: mean_pairwise_distance(&images),
            spread: self.range.spread.as_ref().map(|spread| SpreadRecord::new(spread, candidates)),
            certainty: CertaintyRecord::new(self.range),
        }
    }

    fn sheet(&self) -> Result<Image> {
        let reached = self.count_of(Outcome::Reached);
        let note = format!(
            "Generator {}, seed {}; {reached} of {} at {:.1} dB or more{}{}",
            self.generator.name,
            self.config.seed,
            self.candidates.len(),
            consistency_db(self.config.epsilon),
            self.range.bent.map_or_else(String::new, |bent| format!("; {}", bent.verdict().words())),
            if self.steering.is_some() { "; the search was steered" } else { "" },
        );
        let title = self.title();
        let entry = |place: usize| {
            let candidate = &self.candidates[place];
            Entry {
                number: candidate.index + 1,
                image: &candidate.image,
                measured: &candidate.measured,
                db: candidate.db,
                outcome: candidate.outcome,
                verdict: self.range.scores[place].bent.map(|bent| bent.verdict()),
            }
        };
        Sheet {
            title: &title,
            note: &note,
            target: self.target,
            original: self.original,
            colours: self.colours,
            entries: self.order.sorted(&self.range.scores).into_iter().map(entry).collect(),
        }
        .draw()
    }

    fn title(&self) -> Cow<'_, str> {
        Path::new(&self.input.path).file_name().map_or_else(|| "picture".into(), |name| name.to_string_lossy())
    }

    /// The quantities as a table: a line for each candidate, for each random picture, and for the original.
    fn table(&self) -> String {
        let line = |picture: String, values: &mut dyn Iterator<Item = Option<f64>>| {
            let values = values.map(|value| value.map_or_else(String::new, |value| value.to_string()));
            format!("{picture},{}\n", values.collect::<Vec<_>>().join(","))
        };
        let quantities = &self.quantities;
        let titles: Vec<_> = quantities.iter().map(QuantityRecord::titled).collect();
        let mut table = format!("picture,{}\n", titles.join(","));
        for (place, candidate) in self.candidates.iter().enumerate() {
            let name = format!("candidate {}", candidate.index + 1);
            table += &line(name, &mut quantities.iter().map(|quantity| quantity.candidates[place]));
        }
        let random = quantities.iter().map(|quantity| quantity.random.len()).max().unwrap_or(0);
        for place in 0..random {
            let name = format!("random {}", place + 1);
            table += &line(name, &mut quantities.iter().map(|quantity| quantity.random.get(place).copied()));
        }
        if quantities.iter().any(|quantity| quantity.original.is_some()) {
            table += &line("original".to_owned(), &mut quantities.iter().map(|quantity| quantity.original));
        }
        table
    }

    fn certainty_map(&self, certainty: &Certainty) -> Result<Image> {
        let count = certainty.count();
        let agreed = certainty.agreed().map_or_else(String::new, |agreed| {
            format!(
                " Of the energy of the detail that the given picture does not hold, they agree on {:.0} %.",
                100.0 * agreed
            )
        });
        let fit = match (self.count_of(Outcome::Reached), self.count_of(Outcome::Stopped)) {
            (_, stopped) if stopped > 0 => format!(", {stopped} of which are not done,"),
            (0, _) => ", none of which shrinks to the given picture closely enough".to_owned(),
            (reached, _) if reached == count => " that shrink to the given picture".to_owned(),
            (reached, _) => format!(", {reached} of which shrink to the given picture closely enough"),
        };
        let steered = self.steering.as_ref().map_or_else(String::new, |steering| format!(" {steering}"));
        let caption = format!(
            "{count} candidates{fit}.{steered} Dark blue: they agree, as far as this generator goes. Yellow: imagined.{agreed} \
             This says nothing of what the generator has never seen."
        );
        CertaintyMap::new(certainty).draw(&self.title(), &caption)
    }

    fn report<'b>(&'b self, record: &'b Record) -> Option<Report<'b>> {
        let Page { subject, curves } = self.page?;
        let Self { target, original, candidates, range, order, colours, .. } = *self;
        Some(Report { record, subject, order, colours, target, original, candidates, range, curves })
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
