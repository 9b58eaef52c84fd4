//! One picture, or each face in it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pulse::Prepared;
use pulse::faces::{FacesFolder, Portrait, photograph_name};
use pulse::generator::Subject;
use pulse::image::{Extent, Image, Provenance, Raster};
use pulse::portrait::cut_faces;
use pulse::record::{InputRecord, Record};
use pulse::run::{Run, RunFolder};
use pulse::session::{Labels, Session};
use pulse::standing::{Claimed, Standing};
use pulse::tape::Bookmark;

use super::ahead::{Content, Picture};
use super::arguments::ProgressMode;
use super::course::Course;
use super::job::Job;
use super::overview::Entry;
use super::progress::Progress;
use super::watch::{Intermediate, Watch};
use super::words;
use crate::failure::{Failure, note, print};
use crate::sources::Source;

/// One search, done and written.
pub(super) struct Searched {
    pub(super) record: Record,
    /// The candidates' pictures, as their files have them.
    pictures: Vec<Image>,
    /// The name of what was searched for: the picture, or a face in it.
    pub(super) of: String,
    /// Its sheet.
    pub(super) sheet: PathBuf,
}

/// One search: what for, and where its run goes.
struct Search<'a> {
    prepared: Arc<Prepared>,
    input: InputRecord,
    /// What is searched for, for people.
    of: String,
    folder: Box<RunFolder>,
    /// What it goes on from, where it was stopped.
    bookmark: Option<Bookmark>,
    /// What reading the picture took, in seconds.
    seconds: f64,
    course: Option<Course>,
    source: &'a Source,
}

impl Job<'_> {
    /// Searches for one picture, or for each face in it, and writes its folder.
    pub(super) fn upsample(
        &mut self,
        source: &Source,
        picture: Picture,
        replace: bool,
        course: Option<Course>,
    ) -> Result<Entry, Failure> {
        let Picture { input, content, seconds } = picture;
        let prepared = match content {
            Content::Target(prepared) => prepared,
            Content::LeftOut(reason) if self.is_one_of_several() => {
                note(&format!("{}: left out: {reason}", source.path.display()));
                return Ok(Entry::left_out(&source.path, &reason));
            }
            Content::LeftOut(reason) => return Err(Failure::of(source.path.display(), reason)),
            Content::Photograph(picture) => return self.upsample_faces(source, picture, &input, replace, course),
        };
        let of = source.path.display().to_string();
        match self.asked.claim(&source.path, &source.folder, replace)? {
            Claimed::Finished(record) => self.skip(source, &[*record]),
            Claimed::Free(folder, bookmark) => {
                let searched =
                    self.search(Search { prepared, input, of, folder, bookmark, seconds, course, source })?;
                searched.map_or_else(|| Ok(Entry::not_begun(source)), |searched| self.show(source, vec![searched]))
            }
        }
    }

    /// Searches for each face of a photograph, and writes the folders of the runs, the photographs, and last the record.
    fn upsample_faces(
        &mut self,
        source: &Source,
        picture: Raster,
        input: &InputRecord,
        replace: bool,
        course: Option<Course>,
    ) -> Result<Entry, Failure> {
        let of_picture = |error: pulse::Error| Failure::with(source.path.display(), &error);
        let generator = Arc::clone(&self.opened.generator);
        let Some(detector) = &mut self.detector else { return Ok(Entry::without_face(source)) };
        let preparation = &self.request.preparation;
        for line in picture.notes() {
            note(&format!("{}: {line}", source.path.display()));
        }
        let portrait = cut_faces(picture, detector, preparation, generator.spec(), self.request.scale);
        let portrait = portrait.map_err(of_picture)?;
        self.say(source, &portrait);
        let cuts = &portrait.cuts;
        if cuts.is_empty() {
            let is_empty = portrait.left.is_empty();
            return Ok(if is_empty { Entry::without_face(source) } else { Entry::with_nothing_missing(source) });
        }

        if self.interrupt.pressed() {
            return Ok(Entry::not_begun(source));
        }
        let folder = FacesFolder::take(&source.folder, replace, cuts.len());
        // Another process may have finished it by now.
        if let (Err(_), Standing::Finished(records)) = (&folder, self.asked.standing(&source.path, &source.folder)) {
            return self.skip(source, &records);
        }
        let folder = folder?;
        let mut searched = Vec::new();
        for (index, cut) in cuts.iter().enumerate() {
            if self.interrupt.pressed() {
                break;
            }
            let of = format!("{}, face {}", source.path.display(), index + 1);
            let claimed = self.asked.claim(&source.path, &folder.run(index), folder.had_faces());
            searched.extend(match claimed.map_err(of_picture)? {
                Claimed::Finished(_) => Some(earlier(&folder.run(index), of).map_err(of_picture)?),
                Claimed::Free(folder, bookmark) => {
                    let prepared = Prepared::face(cut, &self.request.preparation, generator.spec(), &self.once);
                    let (prepared, input) = (Arc::new(prepared.map_err(of_picture)?), input.clone());
                    let course = course.map(|course| course.face(index, cuts.len()));
                    self.search(Search { prepared, input, of, folder, bookmark, seconds: 0.0, course, source })?
                }
            });
        }
        let provenance = Provenance { extent: Extent::Composite, ..self.opened.record.provenance(self.config.seed) };
        let stopped = searched.len() < cuts.len() || searched.iter().any(|searched| searched.record.summary.stopped);
        let pictures: Vec<_> = searched.iter().map(|searched| searched.pictures.as_slice()).collect();
        folder.write(&portrait, input, &pictures, &provenance, stopped)?;
        if searched.is_empty() {
            return Ok(Entry::not_begun(source));
        }
        let most = searched.iter().map(|searched| searched.pictures.len()).max().unwrap_or(1);
        let entry = self.show(source, searched)?;
        print(&put_back(source, &portrait, most))?;
        Ok(entry)
    }

    /// Says what becomes of the faces of a photograph that are not searched for, and how large it becomes.
    fn say(&self, source: &Source, portrait: &Portrait) {
        let path = source.path.display();
        if portrait.cuts.is_empty() && portrait.left.is_empty() {
            note(&self.arguments.taken.detection.no_face(&source.path));
        }
        let makes = self.opened.generator.spec().width;
        for (_, square) in &portrait.left {
            let [x, y] = square.centre;
            note(&format!(
                "{path}: the face at {x:.0}, {y:.0} fills {:.0} pixels of the photograph, and {} makes {makes}: nothing is missing in it \
                 that could be added; to see what faces it could have been if it were smaller, shrink it with --pixelate 16",
                square.side(),
                self.opened.record.name,
            ));
        }
    }

    /// Searches, and writes the folder of the run. Nothing when it was interrupted before it began.
    fn search(&mut self, sought: Search<'_>) -> Result<Option<Searched>, Failure> {
        let Search { prepared, input, of, folder, bookmark, seconds, course, source } = sought;
        let of_picture = |error: pulse::Error| Failure::with(&of, &error);
        let shown = !matches!(self.arguments.progress, ProgressMode::None | ProgressMode::Json);
        if shown && !self.judge.is_ready(&prepared, &self.opened, &self.config) {
            note(&format!("{of}: looking at the model's own pictures too, once for pictures of this kind"));
        }
        let (placing, engine) = (self.request.place, Arc::clone(&self.engine));
        let placed = self.judge.place(prepared, placing, &self.opened, &self.config, &*engine);
        let prepared = placed.map_err(of_picture)?;
        // The frame may not have been looked for to the end, and another one is another search.
        if self.interrupt.pressed() {
            return Ok(None);
        }
        for line in &prepared.notes {
            note(&format!("{of}: {}", words(line)));
        }
        let mut session = self.session(&prepared).map_err(of_picture)?;
        if let Some(bookmark) = &bookmark {
            session = match session.going_on(bookmark) {
                Ok(session) => session,
                Err(error) => {
                    Failure::with(source.path.display(), &error).report();
                    self.session(&prepared).map_err(of_picture)?
                }
            };
        }
        let intermediate =
            Intermediate::new(self.arguments.save_intermediate, folder.path(), &self.opened.record, &self.config)?;
        let mut watch = Watch {
            progress: Progress::new(self.arguments.progress, &of, course, std::io::stderr().is_terminal()),
            trace: self.trace.as_mut().map(|trace| trace.of(&of)),
            intermediate,
            interrupt: self.interrupt,
            folder: *folder,
            generator: &self.opened.record,
            config: &self.config,
            failure: None,
        };
        let searched = session.run(&mut watch).and_then(|()| session.finish(&mut watch)).map_err(of_picture);
        let watched = watch.finish();
        let (found, folder) = (searched?, watched?);
        let labels = Labels {
            input,
            request: Some(self.asked.request.clone()),
            steering: None,
            quantities: self.arguments.look.quantity.clone(),
            scale: self.arguments.look.pixel_scale.clone(),
            order: self.arguments.sort,
            colours: self.arguments.look.colormap,
            page: !self.arguments.no_report,
            subject: self.arguments.taken.finds_faces().then_some(Subject::Faces),
            seconds_before: seconds,
            made: Some(crate::made::now()),
        };
        let record = found.save(&folder, labels, &mut self.judge).map_err(of_picture)?;
        let sheet = folder.path().join(&record.files.sheet);
        let pictures = found.candidates.iter().map(|candidate| candidate.image.quantised()).collect();
        Ok(Some(Searched { record, pictures, of, sheet }))
    }

    fn session(&self, prepared: &Arc<Prepared>) -> pulse::Result<Session> {
        let (opened, config, init) = (self.opened.clone(), self.config.clone(), self.init.clone());
        Session::start_at(opened, Arc::clone(prepared), config, init, Arc::clone(&self.engine) as _)
    }
}

/// The line about the photographs at the end.
fn put_back(source: &Source, portrait: &Portrait, most: usize) -> String {
    let (size, scale) = (portrait.photograph.size(), portrait.photograph.scale());
    let change = match scale {
        scale if scale > 1.0 => {
            format!(", {scale:.2} times as large as it was, so that there is room for what was found")
        }
        scale if scale < 1.0 => format!(", {scale:.2} times as large as it was: the scale of the generator's faces"),
        _ => String::new(),
    };
    let path = source.folder.join(photograph_name(1, most));
    format!("{}: put back into the photograph, {size}{change}\n  {}\n", source.path.display(), path.display())
}

/// A face that an earlier process finished.
fn earlier(folder: &Path, of: String) -> pulse::Result<Searched> {
    let run = Run::open(folder)?;
    let pictures =
        run.record().candidates.iter().map(|candidate| run.candidate(candidate)).collect::<pulse::Result<_>>()?;
    let sheet = folder.join(&run.record().files.sheet);
    Ok(Searched { record: run.record().clone(), pictures, of, sheet })
}
