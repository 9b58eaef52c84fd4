//! `--faces`: each face of a photograph, and the photograph with what was found.

use std::path::{Path, PathBuf};

use pulse::face::{CARD, Detector, Face, Photograph, Square, aligned};
use pulse::folder::Claim;
use pulse::image::{Extent, Image, Provenance};
use pulse::measurement::Size;
use pulse::record::FaceRecord;
use pulse::record::InputRecord;
use pulse::run::{self, Run, remove_run};
use pulse::write::write_atomically;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::arguments::{Arguments, Pixelation};
use super::course::Course;
use super::target::Prepared;
use super::{Job, Search, Searched};
use crate::failure::{Failure, note};
use crate::generator::Named;
use crate::interrupt::Interrupt;
use crate::sources::Source;

/// What seals the folder of a photograph, as `run.json` seals that of a run.
pub(crate) const RECORD: &str = "faces.json";

/// How many times smaller than the generator's pictures a face is made when nothing else is said.
const FACTOR: usize = 4;

/// `faces.json`.
#[derive(Serialize, Deserialize)]
struct Record {
    detector: String,
    input: InputRecord,
    faces: Vec<Found>,
    /// The photograph with candidate 1 of every face, with candidate 2, and so on.
    photographs: Vec<String>,
    /// Whether it was stopped before all faces were searched for.
    #[serde(default)]
    stopped: bool,
}

#[derive(Serialize, Deserialize)]
struct Found {
    /// The folder of its run.
    run: String,
    #[serde(flatten)]
    face: FaceRecord,
}

/// The detector that the arguments ask for.
pub(super) fn detector(arguments: &Arguments, named: &Named) -> Result<Detector, Failure> {
    let spec = named.generator.spec();
    if spec.width == spec.height {
        return arguments.detection.detector();
    }
    let reason = format!(
        "faces are cut out as squares, and this generator makes pictures of {}x{}; leave it out, or take another",
        spec.width, spec.height
    );
    Err(Failure::of("--faces", reason))
}

/// A face, where it is in the photograph, and what is seen there at the generator's size.
struct Cut {
    face: Face,
    square: Square,
    seen: Image,
}

impl Job<'_> {
    /// Searches for each face of a photograph, and writes the folders of the runs, the photographs, and last the record.
    pub(super) fn upsample_faces(
        &mut self,
        source: &Source,
        picture: Image,
        input: &InputRecord,
        replace: bool,
        course: Option<Course>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Searched>, Failure> {
        let of_picture = |error: pulse::Error| Failure::of(source.path.display(), error);
        let faces = self.detector.as_mut().map(|detector| detector.detect(&picture)).unwrap_or_default();
        if faces.is_empty() {
            note(&self.arguments.detection.no_face(&source.path));
            return Ok(Vec::new());
        }
        let spec = self.named.generator.spec();
        let cut = |face: Face| {
            let square = spec.frame.square(&face.landmarks);
            Ok(Cut { seen: aligned(&picture, &square, spec.width)?, square, face })
        };
        let cuts = faces.into_iter().map(cut).collect::<pulse::Result<Vec<_>>>().map_err(of_picture)?;
        let photograph = Photograph::from(&picture);
        drop(picture);

        let folder = Folder::take(&source.folder, replace, cuts.len())?;
        let mut searched = Vec::new();
        for (index, cut) in cuts.iter().enumerate() {
            if interrupt.pressed() {
                break;
            }
            let prepared = self.prepare(cut).map_err(of_picture)?;
            let of = format!("{}, face {}", source.path.display(), index + 1);
            let run = source.folder.join(run_name(index));
            let course = course.map(|course| course.face(index, cuts.len()));
            let (prepared, input) = (&prepared, input.clone());
            let search = Search { prepared, input, of, folder: &run, replace: folder.had_faces, seconds: 0.0, course };
            searched.push(self.search(search, interrupt)?);
        }
        let provenance = Provenance { extent: Extent::Composite, ..self.named.record.provenance(self.config.seed) };
        folder.write(&photograph, input, &cuts, &searched, &provenance)?;
        Ok(searched)
    }

    /// A face as small as it is searched for: as the arguments say, or a quarter of the generator's size, but never with
    /// more pixels than the photograph has there.
    fn prepare(&self, cut: &Cut) -> pulse::Result<Prepared> {
        let spec = self.named.generator.spec();
        let sharp = Size::new(spec.width, spec.height);
        let kind = self.arguments.measurement.clone().unwrap_or_default();
        let size = match self.arguments.pixelate {
            Some(Pixelation::Side(side)) => Size::new(side, side),
            Some(Pixelation::Size(size)) => size,
            None if kind.resize().is_none() => sharp,
            None => {
                let side = (spec.width / FACTOR).min(cut.square.side() as usize).max(1);
                Size::new(side, side)
            }
        };
        let seen = if spec.channels == 1 { cut.seen.to_grey() } else { cut.seen.to_rgb() };
        let target = kind.shrink(&seen, size)?.quantised();
        let measurement = kind.resolve(spec.channels, sharp, target.size())?;
        let target = measurement.adopt(target)?;
        Ok(Prepared { target, original: Some(seen), mosaic: None, kind, measurement, notes: Vec::new() })
    }
}

/// What an earlier run left of a photograph.
pub(super) struct Earlier {
    pub(super) runs: Vec<run::Record>,
    /// Whether it was finished, and every file is there.
    pub(super) is_whole: bool,
}

/// What the folder of a photograph holds, where an earlier run sealed it.
pub(super) fn earlier(folder: &Path) -> Option<Earlier> {
    let record = Record::read(folder)?;
    let runs: Vec<_> = record.runs(folder).filter_map(|folder| Run::open(&folder).ok()).collect();
    let is_whole = !record.stopped
        && runs.len() == record.faces.len()
        && runs.iter().all(Run::is_whole)
        && record.photographs(folder).all(|photograph| photograph.is_file());
    Some(Earlier { runs: runs.iter().map(|run| run.record().clone()).collect(), is_whole })
}

impl Record {
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(RECORD)).ok()?).ok()
    }

    fn runs(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        own(folder, self.faces.iter().map(|found| &found.run))
    }

    fn photographs(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        own(folder, &self.photographs)
    }
}

/// A record may come from anyone: what it names lies in its own folder and nowhere else.
fn own<'a>(folder: &Path, names: impl IntoIterator<Item = &'a String>) -> impl Iterator<Item = PathBuf> {
    names.into_iter().filter_map(move |name| Path::new(name).file_name().map(|name| folder.join(name)))
}

/// The folder of a photograph.
struct Folder {
    path: PathBuf,
    /// Whether faces of an earlier run are in it, which are replaced one by one.
    had_faces: bool,
    _claim: Claim,
}

impl Folder {
    /// Takes a folder that holds nothing, what a killed run left, or an earlier run's faces when those may be replaced.
    /// What is there of a photograph with more faces than `count`, or of other candidates, is removed.
    fn take(path: &Path, replace: bool, count: usize) -> Result<Self, Failure> {
        std::fs::create_dir_all(path).map_err(|error| {
            Failure::of(path.display(), format!("the folder cannot be made: {error}; choose another --out"))
        })?;
        let names: Vec<_> = std::fs::read_dir(path)
            .map_err(|error| Failure::of(path.display(), format!("the folder cannot be listed: {error}")))?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let record = Record::read(path);
        let refuse = |reason: &str| Err(Failure::of(format!("the folder {}", path.display()), reason));
        let (photographs, runs): (Vec<_>, Vec<_>) = match &record {
            _ if names.is_empty() => (Vec::new(), Vec::new()),
            // Nothing names what a killed run left, but that it is one's own.
            None if Claim::is_on(path) => {
                let numbered = |start| own(path, names.iter().filter(move |name| is_numbered(name, start))).collect();
                (numbered("photograph-"), numbered("face-"))
            }
            _ if !replace => {
                return refuse("is not empty: choose another, or replace the faces in it with --force");
            }
            Some(record) => (record.photographs(path).collect(), record.runs(path).collect()),
            None => return refuse("holds no faces that could be replaced: empty it or choose another"),
        };
        let claim = Claim::take(path, RECORD)?;
        // The record first: what is left has lost its seal.
        let files = std::iter::once(path.join(RECORD)).chain(photographs);
        for file in files {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::of(file.display(), format!("cannot be removed: {error}")));
                }
                _ => {}
            }
        }
        let kept: Vec<_> = (0..count).map(|index| path.join(run_name(index))).collect();
        runs.iter().filter(|run| !kept.contains(run)).try_for_each(|run| remove_run(run))?;
        Ok(Self { path: path.to_owned(), had_faces: !names.is_empty(), _claim: claim })
    }

    /// Writes the photograph with each candidate, and the record.
    fn write(
        &self,
        photograph: &Photograph,
        input: &InputRecord,
        cuts: &[Cut],
        searched: &[Searched],
        provenance: &Provenance,
    ) -> Result<(), Failure> {
        let most = searched.iter().map(|searched| searched.candidates.len()).max().unwrap_or(0);
        let digits = most.to_string().len().max(2);
        let photographs: Vec<_> = (1..=most).map(|number| format!("photograph-{number:0digits$}.png")).collect();
        photographs.par_iter().enumerate().try_for_each(|(index, name)| {
            let mut whole = photograph.clone();
            for (cut, searched) in cuts.iter().zip(searched) {
                if let Some(candidate) = searched.candidates.get(index) {
                    let seen = if candidate.image.channels() == 1 { cut.seen.to_grey() } else { cut.seen.to_rgb() };
                    whole.paste(&cut.square, &candidate.image, &seen)?;
                }
            }
            let provenance = Provenance { candidate: Some(index + 1), ..provenance.clone() };
            write_atomically(&self.path.join(name), &whole.to_png(&provenance)?)
        })?;
        let found = cuts
            .iter()
            .take(searched.len())
            .enumerate()
            .map(|(index, cut)| Found { run: run_name(index), face: FaceRecord::new(&cut.face, &cut.square) });
        let stopped = searched.len() < cuts.len();
        let record =
            Record { detector: CARD.into(), input: input.clone(), faces: found.collect(), photographs, stopped };
        let json = serde_json::to_vec_pretty(&record).map_err(|error| Failure::of(RECORD, error))?;
        Ok(write_atomically(&self.path.join(RECORD), &json)?)
    }
}

fn run_name(index: usize) -> String {
    format!("face-{:02}", index + 1)
}

/// Whether it is `start`, a number, and nothing more, but that of a picture is its extension.
fn is_numbered(name: &str, start: &str) -> bool {
    let number = name.strip_suffix(".png").unwrap_or(name).strip_prefix(start);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
