//! The folder of an explored run: strips of directions, or a path between two candidates.

use std::fs;
use std::path::Path;

mod left;

use crate::folder::ClaimedFolder;
use crate::image::{Extent, encode_animation, encode_png};
use crate::record::{
    CurveRecord, DirectionsRecord, EXPLORE_SCHEMA, ExploreRecord, GeneratorRecord, PathFrameRecord, PathRecord,
    ProgramRecord,
};
use crate::sheet::{Cell, Strip};
use crate::{Error, ErrorKind, Result};
use left::{is_within, replaceable};
use pulse_core::candidate::consistency_db;
use pulse_core::generator::InputSpec;
use pulse_core::image::Image;
use pulse_core::inputs::Inputs;
use pulse_core::walk::{Curve, CurveFrame, Frame, Passage};

pub(super) const RECORD: &str = "explore.json";
pub(super) const INPUTS: &str = "inputs.safetensors";
pub(super) const FRAMES: &str = "frames";

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
    /// How long it took.
    pub seconds: f64,
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
        [reach, tolerance]: [f64; 2],
        curves: &[Curve],
    ) -> Result<ExploreRecord> {
        self.folder.make_way()?;
        let mut provenance = explored.generator.provenance(explored.seed);
        (provenance.candidate, provenance.extent) = (Some(candidate), Extent::Composite);
        let mut files = Vec::new();
        let mut records = Vec::new();
        let mut row = 0;
        for (index, curve) in curves.iter().enumerate() {
            let name = format!("direction-{}.png", index + 1);
            let strip = strip_of(curve, candidate, index + 1, explored.epsilon)?;
            self.folder.file(&name, &encode_png(&strip, Some(&provenance))?)?;
            records.push(CurveRecord::new(curve, name.clone(), row));
            files.push(name);
            row += curve.frames.len();
        }
        let frames: Vec<&Frame> = curves.iter().flat_map(|curve| curve.frames.iter().map(|at| &at.frame)).collect();
        let worst_db = frames.iter().map(|frame| frame.db).fold(f64::INFINITY, f64::min);
        self.write_inputs(explored.specs, &frames, &mut files)?;
        let directions = DirectionsRecord { candidate, reach, tolerance, worst_db, curves: records };
        self.seal(explored, Some(directions), None, files)
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
        composite.extent = Extent::Composite;
        let frames = self.folder.path().join(FRAMES);
        fs::create_dir_all(&frames).map_err(|source| Error::io("make the folder", &frames, source))?;
        let (sheet, animation) = (format!("path-{from}-{to}.png"), format!("path-{from}-{to}.apng"));
        let mut files = vec![sheet.clone(), animation.clone()];
        let digits = path.frames.len().to_string().len().max(2);
        let names: Vec<String> =
            (1..=path.frames.len()).map(|number| format!("{FRAMES}/frame-{number:0digits$}.png")).collect();
        for (name, frame) in names.iter().zip(&path.frames) {
            self.folder.file(name, &encode_png(&frame.image, Some(&whole))?)?;
            files.push(name.clone());
        }
        let page = page_of(path, from, to, explored.epsilon)?;
        self.folder.file(&sheet, &encode_png(&page, Some(&composite))?)?;
        let images: Vec<_> = path.frames.iter().map(|frame| &frame.image).collect();
        self.folder.file(&animation, &encode_animation(&images, Some(&whole))?)?;
        self.write_inputs(explored.specs, &path.frames.iter().collect::<Vec<_>>(), &mut files)?;
        let record = PathRecord {
            from,
            to,
            sheet,
            animation,
            worst_db: path.worst_db(),
            roughness: path.roughness(),
            frames: PathFrameRecord::of(path, &names),
        };
        self.seal(explored, None, Some(record), files)
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

    fn seal(
        &self,
        explored: &Explored<'_>,
        directions: Option<DirectionsRecord>,
        path: Option<PathRecord>,
        files: Vec<String>,
    ) -> Result<ExploreRecord> {
        let record = ExploreRecord {
            schema: EXPLORE_SCHEMA,
            program: ProgramRecord { name: "pulse".into(), version: env!("CARGO_PKG_VERSION").into() },
            run: explored.run.display().to_string(),
            run_inputs: Some(explored.run_inputs.to_owned()),
            generator: explored.generator.clone(),
            directions,
            path,
            seconds: explored.seconds,
            files,
        };
        self.folder.seal(&record.to_json())?;
        Ok(record)
    }
}

/// The sentence about pictures of which the worst is at `worst_db`.
fn consistency_of(worst_db: f64, epsilon: f64) -> String {
    let wanted = consistency_db(epsilon);
    if worst_db >= wanted {
        return format!("Every picture shrinks to the given one, at {worst_db:.0} dB or more.");
    }
    format!(
        "Not every picture shrinks to the given one closely enough: the worst is at {worst_db:.1} dB, and it takes \
         {wanted:.1} dB."
    )
}

fn strip_of(curve: &Curve, candidate: usize, number: usize, epsilon: f64) -> Result<Image> {
    let worst = curve.frames.iter().map(|at| at.frame.db).fold(f64::INFINITY, f64::min);
    let title = format!("Direction {number} from candidate {candidate}");
    let note = format!(
        "{} Below each: how far it is from the candidate, in standard deviations of the generator's inputs, and by how \
         much its pixels differ from the candidate's, of 255. They are imagined: they do not show who or what was really \
         in it.",
        consistency_of(worst, epsilon)
    );
    let cell = |at: &CurveFrame| {
        let marked = at.length == 0.0;
        let heading = if marked { "candidate".to_owned() } else { format!("{:+.1} sd", at.length) };
        let lines = vec![format!("differs by {:.1}", 255.0 * at.change), format!("{:.0} dB", at.frame.db)];
        (heading, lines, marked)
    };
    let cells = curve.frames.iter().map(|at| {
        let (heading, lines, marked) = cell(at);
        Cell { image: &at.frame.image, heading, lines, marked }
    });
    Strip { title: &title, note: &note, cells: cells.collect(), columns: 11 }.draw()
}

fn page_of(path: &Passage, from: usize, to: usize, epsilon: f64) -> Result<Image> {
    let title = format!("From candidate {from} to candidate {to}");
    let note = format!(
        "{} They are imagined: they do not show who or what was really in it.",
        consistency_of(path.worst_db(), epsilon)
    );
    let last = path.frames.len() - 1;
    let cells = path.frames.iter().enumerate().map(|(index, frame)| {
        let heading = match index {
            0 => format!("candidate {from}"),
            _ if index == last => format!("candidate {to}"),
            _ => format!("{} of {}", index + 1, last + 1),
        };
        Cell {
            image: &frame.image,
            heading,
            lines: vec![format!("{:.0} dB", frame.db)],
            marked: index == 0 || index == last,
        }
    });
    Strip { title: &title, note: &note, cells: cells.collect(), columns: 8 }.draw()
}

impl ExploreRecord {
    /// Reads the `explore.json` in `folder`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, [`ErrorKind::Run`] when it is damaged or of another schema.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let bytes = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_missed_are_not_said_to_shrink_to_the_given_one() {
        let epsilon = 1e-4; // 40 dB
        assert_eq!(consistency_of(40.5, epsilon), "Every picture shrinks to the given one, at 40 dB or more.");
        let missed = consistency_of(17.25, epsilon);
        assert!(missed.starts_with("Not every picture") && missed.contains("40.0 dB"), "{missed}");
    }
}
