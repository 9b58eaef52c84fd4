//! `pulse explore --keep`, `--vary`, `--toward` and `--like`: the search again, where the range is drawn somewhere.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use pulse::candidate::{Candidate, Outcome, consistency_db};
use pulse::checksum::sha256_of_file;
use pulse::event::SearchEvent;
use pulse::image::{Image, Reader};
use pulse::inputs::Inputs;
use pulse::judge::Order;
use pulse::measurement::Size;
use pulse::record::{SettingsRecord, SteeringRecord};
use pulse::render::Renderer;
use pulse::report::Curves;
use pulse::run::{Finished, Page, Reopened, Run, RunFolder};
use pulse::search::{Problem, SearchConfig, Spread, search_steered};
use pulse::steering::{Kept, Mask, Steering, Toward, neighbours};
use pulse_engine::Cpu;

use super::Arguments;
use super::opened::Opened;
use super::place::{Holds, place, print_found, steered_name};
use super::progress::Progress;
use crate::failure::{Failure, note, print};
use crate::interrupt::Interrupt;
use crate::range::Ranges;
use crate::upsample::subject;
use crate::verdict::Verdict;

/// How far from a candidate a search for another one begins where nobody says so: far enough to vary, near enough for what
/// is kept.
const AGAIN: f64 = 0.8;

#[derive(Args)]
pub(super) struct Options {
    /// Search again from --candidate while the white region of this mask stays as it is
    #[arg(long, value_name = "MASK", requires = "candidate", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) keep: Option<PathBuf>,

    /// The same, with all that stays but the white region
    #[arg(long, value_name = "MASK", requires = "candidate", conflicts_with_all = ["keep", "path", "directions", "frames"], help_heading = "Steer")]
    pub(super) vary: Option<PathBuf>,

    /// Draw candidates towards a picture, or towards the part of it where MASK is white
    #[arg(long, value_name = "IMAGE[:MASK]", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) toward: Option<PathBuf>,

    /// Search in the neighbourhood of this candidate
    #[arg(long, value_name = "N", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) like: Option<usize>,

    /// How far from it to begin: 0 is the candidate itself, 1 anywhere
    #[arg(
        long,
        value_name = "X",
        requires = "like",
        default_value = "0.3",
        allow_negative_numbers = true,
        help_heading = "Steer"
    )]
    amount: f64,

    /// How many candidates to find [default: as many as the run has]
    #[arg(short = 'n', long, value_name = "N", help_heading = "Steer")]
    candidates: Option<usize>,

    /// The seed [default: the one after the run's]
    #[arg(short, long, value_name = "N", help_heading = "Steer")]
    seed: Option<u64>,

    /// Look for candidates that are as different as they can be
    #[arg(long, help_heading = "Steer")]
    spread: bool,
}

impl Options {
    /// Whether there is anything to steer by.
    pub(super) fn wanted(&self) -> bool {
        self.keep.is_some() || self.vary.is_some() || self.toward.is_some() || self.like.is_some()
    }

    /// Checks what the parser cannot.
    pub(super) fn check(&self, candidate: Option<usize>) -> Result<(), Failure> {
        let keeps = self.keep.is_some() || self.vary.is_some();
        if self.like.is_some() && candidate.is_some() && !keeps {
            let reason = "says of which candidate a region stays; add --keep or --vary, or leave it out beside --like";
            return Err(Failure::of("--candidate", reason));
        }
        if !(0.0..=1.0).contains(&self.amount) {
            return Err(Failure::of("--amount", "give a number from 0 to 1"));
        }
        Ok(())
    }

    /// An option that does nothing where there is nothing to steer by.
    pub(super) fn idle(&self) -> Option<&'static str> {
        let given =
            [("--candidates", self.candidates.is_some()), ("--seed", self.seed.is_some()), ("--spread", self.spread)];
        given.into_iter().find(|option| option.1).map(|option| option.0)
    }
}

/// Searches, and writes the folder of a run.
pub(super) fn run(
    arguments: &Arguments,
    opened: &Opened,
    engine: &Cpu,
    interrupt: &Interrupt,
) -> Result<Verdict, Failure> {
    let started = Instant::now();
    let options = &arguments.steer;
    opened.named.check_order(Order::default())?;
    let reopened = opened.reopen()?;
    let steering = steering(arguments, opened, &reopened, engine)?;
    let mut config = reopened.config.clone();
    config.candidates = options.candidates.unwrap_or(config.candidates);
    config.seed = options.seed.unwrap_or(config.seed.wrapping_add(1));
    config.spread = config.spread.or(options.spread.then(Spread::default));
    config.validate()?;
    let start = start(arguments, &reopened, &config)?;
    let (asked, settings) = (steering_record(arguments, opened)?, SettingsRecord::from(&config));
    let holds = |folder: &Path| holds(folder, &asked, &settings);
    let place = place(arguments, &steered_name(arguments), holds);
    check_place(&place, opened)?;
    let is_same = holds(&place) == Holds::Same;
    if is_same && !arguments.force {
        let earlier = Run::open(&place)?;
        if earlier.is_whole() {
            print_found(&place)?;
            let summary = &earlier.record().summary;
            return Ok(if summary.reached == summary.candidates { Verdict::Good } else { Verdict::Bad });
        }
    }
    let folder = RunFolder::create(&place, arguments.force || is_same)?;
    let problem = Problem { start: start.as_ref(), ..reopened.problem() };
    let mut curves = Curves::default();
    let progress = Progress::new(arguments.progress, "steer", interrupt);
    let found = watched(&problem, &steering, &config, engine, progress, &mut curves)?;
    if interrupt.pressed() {
        note("stopped before it was done: nothing was written");
        return Ok(Verdict::Bad);
    }
    let seconds = started.elapsed().as_secs_f64();
    let record = opened.run.record();
    let range = Ranges::default().of(&found, (&opened.named, &problem, &config), engine)?;
    let original = opened.run.original()?;
    let record = folder.write(&Finished {
        request: None,
        input: record.input.clone(),
        generator: opened.named.record.clone(),
        specs: &reopened.specs,
        measurement: record.measurement.clone(),
        mosaic: record.mosaic.clone(),
        target: &reopened.target,
        original: original.as_ref(),
        config: &config,
        steering: Some(asked),
        candidates: &found,
        range: &range,
        order: Order::default(),
        page: Some(Page { subject: subject(&opened.named.record.name), curves: &curves }),
        seconds,
    })?;
    let summary = &record.summary;
    print(&format!(
        "{} of {} consistent ({:.1} to {:.1} dB, mean distance {:.3}) in {:.1} s\n  {}\n",
        summary.reached,
        summary.candidates,
        summary.worst_db,
        summary.best_db,
        summary.mean_pairwise_distance,
        record.seconds,
        folder.path().join(&record.files.sheet).display()
    ))?;
    let reached = found.iter().all(|candidate| candidate.outcome == Outcome::Reached);
    Ok(if reached { Verdict::Good } else { Verdict::Bad })
}

/// The search, with its progress shown.
fn watched(
    problem: &Problem<'_>,
    steering: &Steering,
    config: &SearchConfig,
    engine: &Cpu,
    mut progress: Progress<'_>,
    curves: &mut Curves,
) -> Result<Vec<Candidate>, Failure> {
    let mut shares = vec![0.0; config.candidates];
    let mut observer = |event: SearchEvent<'_>| {
        curves.event(&event);
        match event {
            SearchEvent::Step(step) => {
                shares[step.candidate] = step.step as f64 / config.steps as f64;
                progress.at(shares.iter().sum::<f64>() / shares.len() as f64)
            }
            // What comes before the first step may take its time.
            SearchEvent::Started { .. } => progress.at(0.0),
            _ => ControlFlow::Continue(()),
        }
    };
    Ok(search_steered(problem, steering, config, engine, &mut observer)?)
}

fn steering(
    arguments: &Arguments,
    opened: &Opened,
    reopened: &Reopened<'_>,
    engine: &Cpu,
) -> Result<Steering, Failure> {
    let spec = reopened.generator().spec();
    let size = Size::new(spec.width, spec.height);
    let mut steering = Steering::default();
    let options = &arguments.steer;
    let mask = match (&options.keep, &options.vary) {
        (Some(keep), _) => Some(read_mask(keep, size)?),
        (_, Some(vary)) => Some(read_mask(vary, size)?.inverted()),
        _ => None,
    };
    if let (Some(mask), Some(candidate)) = (mask, arguments.candidate) {
        let row = row(reopened, "--candidate", candidate)?;
        check_kept(candidate, opened.run.record().candidates[row].db, reopened)?;
        let picture = picture(reopened, row, engine)?;
        steering.keep = Some(Kept::new(picture, &mask));
    }
    if let Some(text) = &options.toward {
        let (picture, mask) = example(text);
        let of = |error: pulse::Error| Failure::of(picture.display(), error);
        let example = Toward::fit(&Reader::default().read(&picture)?, spec.channels, size).map_err(of)?;
        let mask = mask.map_or_else(|| Ok(Mask::everywhere(size)), |mask| read_mask(&mask, size))?;
        steering.toward = Some(Toward { example, mask });
    }
    Ok(steering)
}

/// What is kept of a picture that does not shrink to the target would keep all candidates from it.
fn check_kept(candidate: usize, db: f64, reopened: &Reopened<'_>) -> Result<(), Failure> {
    let wanted = consistency_db(reopened.config.epsilon);
    if db >= wanted {
        return Ok(());
    }
    let reason = format!(
        "candidate {candidate} is at {db:.1} dB, and {wanted:.1} dB are wanted: what is kept of it would not shrink to the \
         given picture; choose a candidate that reached it"
    );
    Err(Failure::of("--candidate", reason))
}

/// Where the search starts: near the candidate that is named, or anywhere. Random starts are the search's own to draw, but
/// it draws those of the generator's first latent and class: where the run has others, they are drawn here.
fn start(arguments: &Arguments, reopened: &Reopened<'_>, config: &SearchConfig) -> Result<Option<Inputs>, Failure> {
    let options = &arguments.steer;
    let (option, candidate, amount) = match (options.like, arguments.candidate) {
        (Some(like), _) => ("--like", like, options.amount),
        (None, Some(candidate)) => ("--candidate", candidate, AGAIN),
        (None, None) => {
            let spec = reopened.generator().spec();
            let usual = reopened.inputs.latent(reopened.generator()) == spec.latents[0] && spec.classes == 0;
            if usual {
                return Ok(None);
            }
            let starts = neighbours(&reopened.specs, &reopened.inputs, 0, 1.0, config.seed, config.candidates)?;
            return Ok(Some(starts));
        }
    };
    let row = row(reopened, option, candidate)?;
    let starts = neighbours(&reopened.specs, &reopened.inputs, row, amount, config.seed, config.candidates);
    Ok(Some(starts?))
}

fn row(reopened: &Reopened<'_>, option: &str, candidate: usize) -> Result<usize, Failure> {
    reopened.row(candidate).map_err(|error| Failure::of(option, error))
}

/// A candidate's picture without the rounding of its file.
fn picture(reopened: &Reopened<'_>, row: usize, engine: &Cpu) -> Result<Image, Failure> {
    let generator = reopened.generator();
    let spec = generator.spec();
    let latent = reopened.inputs.latent(generator);
    let mut renderer = Renderer::in_space(generator, latent, &reopened.config.space, engine)?;
    let values = renderer.render(&reopened.inputs, row)?;
    Ok(Image::from_network(spec.channels, spec.height, spec.width, values)?)
}

/// `IMAGE:MASK`, or the name of an image that is there.
pub(super) fn example(text: &Path) -> (PathBuf, Option<PathBuf>) {
    match text.to_str().and_then(|text| text.rsplit_once(':')) {
        Some((image, mask)) if !text.exists() => (image.into(), Some(mask.into())),
        _ => (text.to_owned(), None),
    }
}

/// Checks that the place is not the run itself, whose target and inputs are what is searched again.
fn check_place(place: &Path, opened: &Opened) -> Result<(), Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(place).is_some_and(|place| Some(place) == real(opened.run.folder())) {
        let reason = format!("{} is the run that is explored; choose another folder", place.display());
        return Err(Failure::of("--out", reason));
    }
    Ok(())
}

/// What was asked for, with the checksums of what it was asked of.
fn steering_record(arguments: &Arguments, opened: &Opened) -> Result<SteeringRecord, Failure> {
    let options = &arguments.steer;
    let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let (picture, mask) = options.toward.as_deref().map(example).unzip();
    let files = [options.keep.clone(), options.vary.clone(), picture, mask.flatten()].into_iter().flatten();
    Ok(SteeringRecord {
        run: arguments.run.display().to_string(),
        candidate: arguments.candidate,
        keep: text(&options.keep),
        vary: text(&options.vary),
        toward: text(&options.toward),
        like: options.like,
        amount: options.like.map(|_| options.amount),
        run_inputs: Some(opened.run.inputs_checksum()?),
        files: files.map(|file| sha256_of_file(&file)).collect::<Result<_, _>>()?,
    })
}

/// What the folder of an earlier search holds.
fn holds(folder: &Path, steering: &SteeringRecord, settings: &SettingsRecord) -> Holds {
    let Ok(run) = Run::open(folder) else { return Holds::Nothing };
    match &run.record().steering {
        Some(other) if other.run_inputs != steering.run_inputs => Holds::Stale,
        Some(other) if other.is_same(steering) && run.record().settings == *settings => Holds::Same,
        _ => Holds::Other,
    }
}
