//! The folder of a photograph: a run for each face in it, the photograph with what was found, and a record that seals it.

use std::path::{Path, PathBuf};

use pulse_checkpoint::read::{LARGEST_RECORD, read_regular};
use pulse_core::face::{CARD, Face, Square};
use pulse_core::image::Image;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::folder::{Claim, ClaimedFolder, names_in, within};
use crate::image::Provenance;
use crate::photograph::{Photograph, Restoration};
use crate::record::{FaceRecord, InputRecord, Record};
use crate::run::{Run, remove_run};
use crate::{Error, ErrorKind, Result, WayOut};

/// What seals the folder of a photograph, as `run.json` seals that of a run.
pub const FACES: &str = "faces.json";

/// All of `faces.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhotographRecord {
    /// What found the faces.
    pub detector: String,
    /// The photograph.
    pub input: InputRecord,
    /// How many times larger than it the photographs of the folder are.
    #[serde(default = "one")]
    pub scale: f64,
    /// The faces that were searched for.
    pub faces: Vec<FoundFaceRecord>,
    /// The faces in which the photograph shows more than the generator makes: they stay as they are.
    #[serde(default)]
    pub left: Vec<FaceRecord>,
    /// The photograph with candidate 1 of every face, with candidate 2, and so on.
    pub photographs: Vec<String>,
    /// Whether it was stopped before the search for every face was done.
    #[serde(default)]
    pub stopped: bool,
}

/// A face of `faces.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoundFaceRecord {
    /// The folder of its run.
    pub run: String,
    /// Where it is.
    #[serde(flatten)]
    pub face: FaceRecord,
}

/// A face of a photograph, and what is seen there at the generator's size.
#[derive(Clone, Debug)]
pub struct CutFace {
    /// The face, in pixels of the photograph that was given.
    pub face: Face,
    /// The part of it that the generator's picture of the face fills.
    pub square: Square,
    /// What is seen there.
    pub seen: Image,
    /// How what is found comes into the photograph.
    pub restoration: Restoration,
}

/// A photograph, and the faces in it.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// The photograph into which faces are put: the one that was given, enlarged, with any blocks smoothed.
    pub photograph: Photograph,
    /// The faces to search for.
    pub cuts: Vec<CutFace>,
    /// The faces in which the photograph shows more than the generator makes, each with the square that its picture would fill.
    pub left: Vec<(Face, Square)>,
}

/// What an earlier process left of a photograph.
#[derive(Clone, Debug)]
pub struct EarlierFaces {
    /// The records of the runs.
    pub runs: Vec<Record>,
    /// Whether it was finished, and every file is there.
    pub is_whole: bool,
}

impl EarlierFaces {
    /// What the folder of a photograph holds, where an earlier process sealed it.
    pub fn open(folder: &Path) -> Option<Self> {
        let record = PhotographRecord::read(folder)?;
        let runs: Vec<_> = record.runs(folder).filter_map(|folder| Run::open(&folder).ok()).collect();
        let is_whole = !record.stopped
            && runs.len() == record.faces.len()
            && runs.iter().all(Run::is_whole)
            && record.photographs(folder).all(|photograph| photograph.is_file());
        Some(Self { runs: runs.iter().map(|run| run.record().clone()).collect(), is_whole })
    }
}

impl PhotographRecord {
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&read_regular(&folder.join(FACES), LARGEST_RECORD).ok()?).ok()
    }

    fn runs(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        within(folder, self.faces.iter().map(|found| &found.run))
    }

    fn photographs(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        within(folder, &self.photographs)
    }
}

/// The folder of a photograph.
#[derive(Debug)]
pub struct FacesFolder {
    folder: ClaimedFolder,
    had_faces: bool,
}

impl FacesFolder {
    /// Takes a folder that is empty, was left by a killed process, or holds an earlier process's faces that may be replaced.
    /// Files of more faces than `count`, or of other candidates, are removed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made or holds something else, [`ErrorKind::Busy`] when another process is at work in it.
    pub fn take(path: &Path, replace: bool, count: usize) -> Result<Self> {
        let had_faces = path.is_dir() && !names_in(path)?.is_empty();
        let earlier = if had_faces { replaceable(path, replace)?.1 } else { Vec::new() };
        let folder = ClaimedFolder::take(path, FACES, None, |path| Ok(replaceable(path, replace)?.0))?;
        folder.make_way()?;
        let kept: Vec<_> = (0..count).map(|index| path.join(run_name(index))).collect();
        earlier.iter().filter(|run| !kept.contains(run)).try_for_each(|run| remove_run(run))?;
        Ok(Self { folder, had_faces })
    }

    /// Whether faces of an earlier process are in it. They are replaced one by one.
    pub fn had_faces(&self) -> bool {
        self.had_faces
    }

    /// The folder of the run of a face, counted from 0.
    pub fn run(&self, index: usize) -> PathBuf {
        self.folder.path().join(run_name(index))
    }

    /// Writes the photograph with candidate 1 of every face, with candidate 2, and so on, and the record last.
    /// `searched` has the candidates' pictures, as their files have them, of the first faces that were cut out.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be written.
    pub fn write(
        &self,
        portrait: &Portrait,
        input: &InputRecord,
        searched: &[&[Image]],
        provenance: &Provenance,
        stopped: bool,
    ) -> Result<()> {
        let Portrait { photograph, cuts, left } = portrait;
        let most = searched.iter().map(|pictures| pictures.len()).max().unwrap_or(0);
        let photographs: Vec<_> = (1..=most).map(|number| photograph_name(number, most)).collect();
        photographs.par_iter().enumerate().try_for_each(|(index, name)| {
            let mut whole = photograph.clone();
            for (cut, pictures) in cuts.iter().zip(searched) {
                if let Some(picture) = pictures.get(index) {
                    whole.put(&cut.square, picture, &cut.seen, &cut.restoration)?;
                }
            }
            let provenance = Provenance { candidate: Some(index + 1), ..provenance.clone() };
            self.folder.file_with(name, |file| whole.write_png(&provenance, file))
        })?;
        let found = cuts.iter().take(searched.len()).enumerate().map(|(index, cut)| FoundFaceRecord {
            run: run_name(index),
            face: FaceRecord::new(&cut.face, &cut.square),
        });
        let record = PhotographRecord {
            detector: CARD.into(),
            input: input.clone(),
            scale: photograph.scale(),
            faces: found.collect(),
            left: left.iter().map(|(face, square)| FaceRecord::new(face, square)).collect(),
            photographs,
            stopped,
        };
        let json = serde_json::to_vec_pretty(&record)
            .map_err(|error| Error::new(ErrorKind::Run, format!("{FACES}: {error}")).with_source(error))?;
        self.folder.seal(&json)
    }
}

/// What photographs were before they could be enlarged.
fn one() -> f64 {
    1.0
}

/// The photographs and the folders of runs in a folder that may be removed.
fn replaceable(path: &Path, replace: bool) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let names = names_in(path)?;
    let refuse = |reason: &str| Error::new(ErrorKind::Io, format!("the folder {} {reason}", path.display()));
    match PhotographRecord::read(path) {
        _ if names.iter().all(|name| name == crate::folder::MARK) => Ok((Vec::new(), Vec::new())),
        // No record names the files of a killed process: their names show whose they are.
        None if Claim::is_on(path) => {
            let numbered = |start| within(path, names.iter().filter(move |name| is_numbered(name, start))).collect();
            Ok((numbered("photograph-"), numbered("face-")))
        }
        _ if !replace => Err(refuse("is not empty").with_way_out(WayOut::ReplaceFolder)),
        // A record is not trusted: what has another name than those that are given here stays.
        Some(record) => {
            let own = |start| {
                move |file: &PathBuf| file.file_name().is_some_and(|name| is_numbered(&name.to_string_lossy(), start))
            };
            let photographs = record.photographs(path).filter(own("photograph-"));
            Ok((photographs.collect(), record.runs(path).filter(own("face-")).collect()))
        }
        None => Err(refuse("holds no faces that could be replaced: empty it or choose another")),
    }
}

/// The file of the photograph with candidate `number` of every face, of as many as `most`.
pub fn photograph_name(number: usize, most: usize) -> String {
    let digits = most.to_string().len().max(2);
    format!("photograph-{number:0digits$}.png")
}

fn run_name(index: usize) -> String {
    format!("face-{:02}", index + 1)
}

/// Whether it is `start`, a number, and nothing more, but that of a picture is its extension.
fn is_numbered(name: &str, start: &str) -> bool {
    let number = name.strip_suffix(".png").unwrap_or(name).strip_prefix(start);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
