//! The folder of an explored run: strips of directions, or a path between two candidates.

use std::path::Path;

mod left;
mod page;
mod walk;

use pulse_checkpoint::read::{LARGEST_RECORD, read_regular};

use crate::folder::{ClaimedFolder, make_own_folder, refuse_link};
use crate::image::{Extent as Made, Provenance, encode_animation, encode_png};
use crate::record::{
    CurveRecord, DirectionsRecord, EXPLORE_SCHEMA, ExploreRecord, GeneratorRecord, MadeRecord, PathFrameRecord,
    PathRecord, ProgramRecord, StepRecord, listed,
};
use crate::report::list_explored;
use crate::run::EXPLORED;
use crate::{Error, ErrorKind, Result};
use left::{is_within, replaceable};
use page::Page;
use pulse_core::generator::InputSpec;
use pulse_core::inputs::Inputs;
use pulse_core::walk::{Curve, CurveFrame, Extent, Frame, Passage, most_changed_part};
use walk::Walk;

pub(super) const RECORD: &str = "explore.json";
pub(super) const INPUTS: &str = "inputs.safetensors";
pub(super) const FRAMES: &str = "frames";
pub(super) const PICTURE: &str = "picture.png";
pub(super) const STEP: &str = "step.png";

/// The page of a folder of walks.
pub const PAGE: &str = "explore.html";

/// From a folder within that of its run to the page of the run.
const PARENT: &str = "../../report.html";

/// What all pictures of a folder have in common.
#[derive(Clone, Copy, Debug)]
pub struct Explored<'a> {
    /// The folder of the run.
    pub run: &'a Path,
    /// The checksum of its inputs.
    pub run_inputs: &'a str,
    /// The generative model.
    pub generator: &'a GeneratorRecord,
    /// The generator's inputs, in the order of the network's.
    pub specs: &'a [InputSpec],
    /// The seed of the run.
    pub seed: u64,
    /// The largest mean squared error of a picture that is good enough.
    pub epsilon: f64,
    /// The command, and when it is written.
    pub made: Option<&'a MadeRecord>,
    /// How long it took.
    pub seconds: f64,
}

/// A step along a direction from a candidate.
#[derive(Clone, Debug)]
pub struct Stepped<'a> {
    /// The number of the candidate, from 1.
    pub candidate: usize,
    /// The number of the direction, from 1.
    pub direction: usize,
    /// How many directions were looked for.
    pub directions: usize,
    /// The candidate: a step of no length.
    pub from: &'a CurveFrame,
    /// Where it leads.
    pub to: &'a CurveFrame,
}

/// An output folder of exploring, claimed before the work starts. Dropping it without writing removes it again, and those above
/// it that were made for it.
#[derive(Debug)]
pub struct ExploreFolder {
    folder: ClaimedFolder,
}

impl ExploreFolder {
    /// Makes the folder at `path`, and those above it. Files that a killed process left there are removed. A folder that holds
    /// something else is taken only when `replace` is set and it holds an `explore.json`, whose files are then replaced, or
    /// nothing but files of the names that are written here.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made, is not empty, or holds nothing to replace; and when another process is at
    /// work in it.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        // The folder of what is explored from a run may have come with the run.
        let ours = |at: &&Path| at.file_name().is_some_and(|name| name == EXPLORED);
        path.ancestors().take(2).filter(ours).try_for_each(refuse_link)?;
        let folder = ClaimedFolder::take(path, RECORD, Some(FRAMES), |path| replaceable(path, replace))?;
        Ok(Self { folder })
    }

    /// Writes the strips of curves that leave the candidate of this number, their inputs, and the record last of all, which
    /// it gives back.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn write_curves(
        &self,
        explored: &Explored<'_>,
        candidate: usize,
        (extent, tolerance): (Extent, f64),
        curves: &[Curve],
    ) -> Result<ExploreRecord> {
        self.folder.make_way()?;
        let mut provenance = explored.generator.provenance(explored.seed);
        (provenance.candidate, provenance.extent) = (Some(candidate), Made::Composite);
        let mut files = Vec::new();
        let mut records = Vec::new();
        let mut walks = Vec::new();
        let mut row = 0;
        for (index, curve) in curves.iter().enumerate() {
            let name = format!("direction-{}.png", index + 1);
            let walk = Walk::of_curve(curve, index + 1);
            let title = format!("{} from candidate {candidate}", walk.title);
            let strip = walk.strip(&title, explored.epsilon, STRIP_COLUMNS)?;
            walks.push(walk);
            self.folder.file(&name, &encode_png(&strip, Some(&provenance))?)?;
            records.push(CurveRecord::new(curve, name.clone(), row));
            files.push(name);
            row += curve.frames.len();
        }
        let frames: Vec<&Frame> = curves.iter().flat_map(|curve| curve.frames.iter().map(|at| &at.frame)).collect();
        let worst_db = frames.iter().map(|frame| frame.db).fold(f64::INFINITY, f64::min);
        self.write_inputs(explored.specs, &frames, &mut files)?;
        self.write_page(explored, format!("Directions from candidate {candidate}"), walks, &mut files)?;
        let lengths = curves.iter().flat_map(|curve| &curve.frames).map(|at| at.length.abs());
        let reach = lengths.fold(0.0, f64::max);
        let extent = Some(extent.into());
        let directions = DirectionsRecord { candidate, reach, extent, tolerance, worst_db, curves: records };
        self.seal(explored, Found { directions: Some(directions), ..Found::default() }, files)
    }

    /// Writes where a step leads: the picture, the picture beside the candidate, the inputs, and the record last of all, which it
    /// gives back.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn write_step(&self, explored: &Explored<'_>, stepped: &Stepped<'_>) -> Result<ExploreRecord> {
        self.folder.make_way()?;
        let Stepped { candidate, direction, directions, from, to } = *stepped;
        let whole = explored.generator.provenance(explored.seed);
        let (part, _) = most_changed_part(&from.frame.image, &to.frame.image);
        let title = format!("{:+.2} sd along direction {direction} from candidate {candidate}", to.length);
        let walk = Walk::of_step(title.clone(), from, to, part);
        let sheet = walk.strip(&title, explored.epsilon, STRIP_COLUMNS)?;
        let composite = Provenance { extent: Made::Composite, ..whole.clone() };
        self.folder.file(PICTURE, &encode_png(&to.frame.image, Some(&whole))?)?;
        self.folder.file(STEP, &encode_png(&sheet, Some(&composite))?)?;
        let mut files = vec![PICTURE.to_owned(), STEP.to_owned()];
        self.write_inputs(explored.specs, &[&to.frame], &mut files)?;
        self.write_page(explored, title, vec![walk], &mut files)?;
        let step = StepRecord {
            candidate,
            direction,
            directions,
            length: to.length,
            change: to.change,
            most: to.most,
            part: listed(part),
            db: to.frame.db,
            own_db: to.frame.own_db,
            image: PICTURE.into(),
            sheet: STEP.into(),
        };
        self.seal(explored, Found { step: Some(step), ..Found::default() }, files)
    }

    /// Writes a path between the candidates of these numbers, on a page, as a moving picture and frame by frame, and the
    /// record last of all, which it gives back.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn write_path(&self, explored: &Explored<'_>, [from, to]: [usize; 2], path: &Passage) -> Result<ExploreRecord> {
        self.folder.make_way()?;
        let whole = explored.generator.provenance(explored.seed);
        let mut composite = whole.clone();
        composite.extent = Made::Composite;
        let frames = self.folder.path().join(FRAMES);
        make_own_folder(&frames)?;
        let (sheet, animation) = (format!("path-{from}-{to}.png"), format!("path-{from}-{to}.apng"));
        let mut files = vec![sheet.clone(), animation.clone()];
        let digits = path.frames.len().to_string().len().max(2);
        let names: Vec<String> =
            (1..=path.frames.len()).map(|number| format!("{FRAMES}/frame-{number:0digits$}.png")).collect();
        for (name, frame) in names.iter().zip(&path.frames) {
            self.folder.file(name, &encode_png(&frame.image, Some(&whole))?)?;
            files.push(name.clone());
        }
        let walk = Walk::of_path(path, [from, to]);
        let title = walk.title.clone();
        let page = walk.strip(&title, explored.epsilon, PATH_COLUMNS)?;
        self.folder.file(&sheet, &encode_png(&page, Some(&composite))?)?;
        let images: Vec<_> = path.frames.iter().map(|frame| &frame.image).collect();
        self.folder.file(&animation, &encode_animation(&images, Some(&whole))?)?;
        self.write_inputs(explored.specs, &path.frames.iter().collect::<Vec<_>>(), &mut files)?;
        self.write_page(explored, title, vec![walk], &mut files)?;
        let record = PathRecord {
            from,
            to,
            sheet,
            animation,
            worst_db: path.worst_db(),
            roughness: path.roughness(),
            frames: PathFrameRecord::of(path, &names),
        };
        self.seal(explored, Found { path: Some(record), ..Found::default() }, files)
    }

    /// Every input of every frame, one row each. An offset that is zero for all of them is left out.
    fn write_inputs(&self, specs: &[InputSpec], frames: &[&Frame], files: &mut Vec<String>) -> Result<()> {
        let mut inputs = Inputs::default();
        for (index, spec) in specs.iter().enumerate() {
            let rows: Vec<f32> = frames.iter().flat_map(|frame| frame.point[index].iter().copied()).collect();
            if spec.stage.is_none() || rows.iter().any(|&number| number != 0.0) {
                inputs.insert(&spec.name, frames.len(), spec.shape, rows);
            }
        }
        files.push(INPUTS.into());
        self.folder.file(INPUTS, &inputs.to_bytes()?)
    }

    fn write_page(
        &self,
        explored: &Explored<'_>,
        title: String,
        walks: Vec<Walk<'_>>,
        files: &mut Vec<String>,
    ) -> Result<()> {
        let provenance = explored.generator.provenance(explored.seed);
        let page = Page {
            title,
            walks,
            epsilon: explored.epsilon,
            parent: self.is_within_its_run().then_some(PARENT),
            run: &explored.run.display().to_string(),
            generator: &explored.generator.name,
            made: explored.made,
            provenance: &provenance,
        };
        files.push(PAGE.into());
        self.folder.file(PAGE, page.html()?.as_bytes())
    }

    /// Whether it lies where the page of its run leads.
    fn is_within_its_run(&self) -> bool {
        let path = self.folder.path();
        path.parent().is_some_and(|parent| parent.ends_with(EXPLORED)) && path.join(PARENT).is_file()
    }

    fn seal(&self, explored: &Explored<'_>, found: Found, files: Vec<String>) -> Result<ExploreRecord> {
        let Found { directions, path, step } = found;
        let record = ExploreRecord {
            schema: EXPLORE_SCHEMA,
            program: ProgramRecord { name: "pulse".into(), version: env!("CARGO_PKG_VERSION").into() },
            run: explored.run.display().to_string(),
            run_inputs: Some(explored.run_inputs.to_owned()),
            generator: explored.generator.clone(),
            directions,
            path,
            step,
            made: explored.made.cloned(),
            seconds: explored.seconds,
            files,
        };
        self.folder.seal(&record.to_json())?;
        if self.is_within_its_run() {
            let path = self.folder.path();
            list_explored(&path.join(PARENT), path.parent().unwrap_or(path))?;
        }
        Ok(record)
    }
}

/// What was found, one of these.
#[derive(Default)]
struct Found {
    directions: Option<DirectionsRecord>,
    path: Option<PathRecord>,
    step: Option<StepRecord>,
}

/// How many pictures stand in a row of a strip, and on the page of a path.
const STRIP_COLUMNS: usize = 11;
const PATH_COLUMNS: usize = 8;

impl ExploreRecord {
    /// Reads the `explore.json` in `folder`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, [`ErrorKind::Run`] when it is damaged or of another schema.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let bytes = read_regular(&path, LARGEST_RECORD).map_err(|source| Error::io("read", &path, source))?;
        let damaged = |reason: String| Error::new(ErrorKind::Run, reason);
        let record: Self = serde_json::from_slice(&bytes)
            .map_err(|source| damaged(format!("{}: {source}; explore again", path.display())).with_source(source))?;
        if record.schema != EXPLORE_SCHEMA {
            let (name, schema) = (path.display(), record.schema);
            let way_out = format!("this version reads {EXPLORE_SCHEMA}; take the version that wrote it");
            return Err(damaged(format!("the schema of {name} is {schema}, and {way_out}")));
        }
        Ok(record)
    }

    /// Whether every file that it names is in `folder`.
    pub fn is_whole(&self, folder: &Path) -> bool {
        self.files.iter().all(|file| is_within(file) && folder.join(file).is_file())
    }
}
