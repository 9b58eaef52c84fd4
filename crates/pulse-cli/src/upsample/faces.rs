//! `--faces`: each face of a photograph, and the photograph with what was found.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse::face::{CARD, Detector, Face, FaceRecord, Photograph, Square, aligned};
use pulse::image::{Extent, Image, Provenance};
use pulse::measurement::Size;
use pulse::run::InputRecord;
use pulse::write::write_atomically;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::arguments::{Arguments, Pixelation};
use super::sources::Source;
use super::target::Prepared;
use super::{Job, Searched};
use crate::failure::{Failure, note};
use crate::generator::Named;
use crate::interrupt::Interrupt;

/// What seals the folder of a photograph, as `run.json` seals that of a run.
const RECORD: &str = "faces.json";

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

        let folder = Folder::take(&source.folder, self.arguments.force)?;
        let mut searched = Vec::new();
        for (index, cut) in cuts.iter().enumerate() {
            if interrupt.pressed() {
                break;
            }
            let prepared = self.prepare(cut).map_err(of_picture)?;
            let of = format!("{}, face {}", source.path.display(), index + 1);
            let run = source.folder.join(run_name(index));
            searched.push(self.search(&prepared, input.clone(), of, &run, Instant::now(), interrupt)?);
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

/// The folder of a photograph.
struct Folder {
    path: PathBuf,
    /// The photographs of the run that is replaced.
    replaced: Vec<PathBuf>,
}

impl Folder {
    /// Takes a folder that holds nothing, or an earlier run's faces when those may be replaced.
    fn take(path: &Path, replace: bool) -> Result<Self, Failure> {
        let mut folder = Self { path: path.to_owned(), replaced: Vec::new() };
        let entries = std::fs::read_dir(path).ok();
        if entries.is_none_or(|mut entries| entries.next().is_none()) {
            return Ok(folder);
        }
        let refuse = |reason: &str| Err(Failure::of(format!("the folder {}", path.display()), reason));
        if !replace {
            return refuse("is not empty: choose another, or replace the faces in it with --force");
        }
        let record =
            std::fs::read(path.join(RECORD)).ok().and_then(|json| serde_json::from_slice::<Record>(&json).ok());
        let Some(record) = record else {
            return refuse("holds no faces that could be replaced: empty it or choose another");
        };
        // A record may come from anyone: what it names lies in its own folder and nowhere else.
        let own = |name: &String| Path::new(name).file_name().map(|name| path.join(name));
        folder.replaced = record.photographs.iter().filter_map(own).collect();
        Ok(folder)
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
        for path in self.replaced.iter().chain([&self.path.join(RECORD)]) {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::of(path.display(), format!("cannot be removed: {error}")));
                }
                _ => {}
            }
        }
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
        let record = Record { detector: CARD.into(), input: input.clone(), faces: found.collect(), photographs };
        let json = serde_json::to_vec_pretty(&record).map_err(|error| Failure::of(RECORD, error))?;
        Ok(write_atomically(&self.path.join(RECORD), &json)?)
    }
}

fn run_name(index: usize) -> String {
    format!("face-{:02}", index + 1)
}
