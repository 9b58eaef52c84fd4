//! Takes up a finished run again, to walk from its candidates or to search again from them.

mod found;
mod ground;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pulse_core::generator::Embedded;
use pulse_core::image::Size;
use pulse_core::search::SearchConfig;
use pulse_core::search::steering::{Mask, Toward};
use pulse_core::solved::{NEAR, Solved};
use pulse_engine::Engine;
use pulse_record::checksum::sha256_of_file;
use pulse_record::image::Reader;
use pulse_record::mask::read_mask;
use pulse_record::record::{SettingsRecord, SteeringRecord};
use pulse_record::run::Run;

pub use ground::{Ground, Steer};

use crate::session::Session;
use crate::{Error, ErrorKind, Opened, Result};

/// A run, and the generator that made it.
pub struct Reopened {
    /// The run.
    pub run: Run,
    /// Its generator.
    pub opened: Opened,
    /// The search behind it.
    pub solved: Solved,
}

/// The name of the embedded generator that a run was made with.
///
/// # Errors
/// [`ErrorKind::Generator`] when the record names a file: its path is not recorded, and the caller has to give it.
pub fn generator_of(run: &Run) -> Result<&'static str> {
    let recorded = &run.record().generator.name;
    Embedded::find(recorded).map(|embedded| embedded.name).ok_or_else(|| {
        let message = format!(
            "{}: it was made with the checkpoint `{recorded}`, and where that lies is not recorded; name it",
            run.folder().display()
        );
        Error::new(ErrorKind::Generator, message)
    })
}

/// What is asked of a search from a run's candidates. Paths go into the record of the new run as they are given here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// The number of the candidate of which a region stays, or from which the search starts.
    pub candidate: Option<usize>,
    /// The mask of the region that stays.
    pub keep: Option<PathBuf>,
    /// The mask of the region that does not stay.
    pub vary: Option<PathBuf>,
    /// The picture that candidates are drawn to, and the mask of the part of it that counts.
    pub toward: Option<(PathBuf, Option<PathBuf>)>,
    /// The number of the candidate in whose neighbourhood the search starts.
    pub like: Option<usize>,
    /// How far from that candidate, from 0 to 1; by default [`NEAR`].
    pub amount: Option<f64>,
}

/// The settings of a search from a run's candidates for these wishes: the run's own, with the next seed. A neighbourhood is not
/// spread, whatever the run was: candidates that repel each other leave it.
pub fn settings_of(run: &SearchConfig, wishes: &Wishes) -> SearchConfig {
    let spread = run.spread.filter(|_| wishes.like.is_none());
    SearchConfig { seed: run.seed.wrapping_add(1), spread, ..run.clone() }
}

impl Reopened {
    /// Takes up a run with the generator that made it.
    ///
    /// # Errors
    /// As [`Run::check_generator`] and [`Run::reopen`].
    pub fn new(run: Run, opened: Opened, engine: &dyn Engine) -> Result<Self> {
        run.check_generator(&opened.record)?;
        let opened = opened.of_class(run.record().settings.space.class);
        opened.prepare(run.inputs()?.latent(&*opened.generator), engine)?;
        let solved = run.reopen(Arc::clone(&opened.generator))?;
        Ok(Self { run, opened, solved })
    }

    /// A search for these wishes, with these settings.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] for candidates that are not there, [`ErrorKind::Setting`] for one that cannot be kept, and as
    /// [`read_mask`], [`Reader::read`] and [`Session::of`].
    pub fn search(&self, wishes: &Wishes, config: &SearchConfig, engine: Arc<dyn Engine>) -> Result<Session> {
        let dbs = self.run.record().candidates.iter().map(|candidate| candidate.db).collect();
        let ground = Ground { opened: &self.opened, solved: &self.solved, prepared: Arc::new(self.prepared()?), dbs };
        ground.search(&self.steer(wishes)?, config, engine)
    }

    /// What the wishes name, read.
    fn steer(&self, wishes: &Wishes) -> Result<Steer> {
        let spec = self.opened.generator.spec();
        let size = Size::new(spec.width, spec.height);
        let keep = match (&wishes.keep, &wishes.vary) {
            (Some(keep), _) => Some(read_mask(keep, size)?),
            (_, Some(vary)) => Some(read_mask(vary, size)?.inverted()),
            _ => None,
        };
        let toward = |(picture, mask): &(PathBuf, Option<PathBuf>)| -> Result<Toward> {
            let example = Toward::fit(&Reader::default().read(picture)?, spec.channels, size)
                .map_err(|error| error.worded(|reason| format!("{}: {reason}", picture.display())))?;
            let mask = mask.as_ref().map_or_else(|| Ok(Mask::everywhere(size)), |mask| read_mask(mask, size))?;
            Ok(Toward { example, mask })
        };
        Ok(Steer {
            candidate: wishes.candidate,
            keep,
            toward: wishes.toward.as_ref().map(toward).transpose()?,
            like: wishes.like,
            amount: wishes.amount,
        })
    }

    /// The wishes as the record of a run has them, with the checksums of the files that they name. `run` is the run's folder as
    /// it is to be recorded.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when a file cannot be read.
    pub fn record(&self, run: &Path, wishes: &Wishes) -> Result<SteeringRecord> {
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let (picture, mask) = wishes.toward.clone().unzip();
        let toward = picture.as_ref().map(|picture| match mask.as_ref().and_then(Option::as_ref) {
            Some(mask) => format!("{}:{}", picture.display(), mask.display()),
            None => picture.display().to_string(),
        });
        let files = [wishes.keep.clone(), wishes.vary.clone(), picture, mask.flatten()].into_iter().flatten();
        Ok(SteeringRecord {
            run: run.display().to_string(),
            candidate: wishes.candidate,
            keep: text(&wishes.keep),
            vary: text(&wishes.vary),
            toward,
            like: wishes.like,
            amount: wishes.like.map(|_| wishes.amount.unwrap_or(NEAR)),
            run_inputs: Some(self.run.inputs_checksum()?),
            files: files.map(|file| sha256_of_file(&file)).collect::<Result<_>>()?,
        })
    }
}

/// What a folder holds, compared with what is to be explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing that is finished.
    Nothing,
    /// The same, of the same run.
    Same,
    /// Something else from the same run.
    Other,
    /// Something of another run, which was in the folder of this one before.
    Stale,
}

/// What the folder of an earlier steered search holds, compared with a search by this `steering` with these `settings`.
pub fn holds(folder: &Path, steering: &SteeringRecord, settings: &SettingsRecord) -> Holds {
    let Ok(run) = Run::open(folder) else { return Holds::Nothing };
    match &run.record().steering {
        Some(other) if other.run_inputs != steering.run_inputs => Holds::Stale,
        Some(other) if other.is_same(steering) && run.record().settings == *settings => Holds::Same,
        _ => Holds::Other,
    }
}
