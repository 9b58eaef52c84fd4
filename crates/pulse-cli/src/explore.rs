//! `pulse explore`: what else the candidates of a run could have been.

mod opened;
mod place;
mod progress;
mod steer;
mod walk;

use std::path::PathBuf;

use clap::Args;
use pulse::walk::{DirectionSettings, Extent, MOST_DIRECTIONS, MOST_FRAMES, PATH_FRAMES};

use crate::engine::EngineArguments;
use crate::failure::Failure;
use crate::generator;
use crate::interrupt::Interrupt;
use crate::status::Status;
use crate::upsample::ProgressMode;

pub(crate) use progress::Progress;
pub(crate) use steer::Watched;

pub(crate) const EXAMPLES: &str = "\
Directions from a candidate are those in which the picture changes most and what it shrinks to
least. Each is followed both ways, and every picture on the way is brought back to shrink to the
given one. They leave behind, in a folder:
  direction-1.png      the pictures along the first direction, the candidate in their middle
  explore.html         the same on one page, with sliders
  step.png             where a step leads, beside the candidate; picture.png is the picture alone
  path-2-7.png         the pictures between two candidates
  path-2-7.apng        the same, moving
  frames/frame-01.png  the same, one by one
  inputs.safetensors   the generator's inputs of all of them, for --init and `pulse render`
  explore.json         how much each differs, and its consistency; docs/explore.md has the fields

What is steered (--keep, --vary, --toward, --like) is a search again, and leaves behind the folder
of a run as `pulse upsample` does. All of it is consistent with the small picture as before.

A direction is followed until one sees the change (24 levels of 255 in the part where it is greatest),
or until the generator would have to be bent for more; --reach says otherwise.

The folder is RUN/explore/candidate-3, step-3-2-ahead-1.5, path-2-7, keep-3-mouth, toward-glasses-eyes or like-3. What
was explored before is not explored again without --force; another request of that name goes to
path-2-7-v2 and so on.

Examples:
  pulse explore pulse-out/small --candidate 3 --directions 6
  pulse explore pulse-out/small --candidate 3 --direction 2 --length 1.5
  pulse explore pulse-out/small --path 2,7 --frames 24
  pulse explore pulse-out/small --candidate 3 --keep mouth.png    # white stays, the rest is new
  pulse explore pulse-out/small --toward glasses.png:eyes.png     # candidates like an example there
  pulse explore pulse-out/small --like 3 --amount 0.3             # the neighbourhood of a candidate

Exit status: 0 when every picture is within the run's epsilon, 1 when one is not, 2 after an error.

Faces that it finds are of people who do not exist, and fields beside faces are simulated. It cannot tell you who was in the picture.";

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder of a run, in which `pulse upsample` left run.json
    run: PathBuf,

    /// The number of the candidate to start from
    #[arg(short, long, value_name = "N", conflicts_with = "path")]
    candidate: Option<usize>,

    #[arg(short, long, value_name = "K", requires = "candidate", help = format!(
        "How many directions to follow from the candidate [default: {}]", DirectionSettings::default().count))]
    directions: Option<usize>,

    #[arg(long, value_name = "SD", requires = "candidate", allow_negative_numbers = true, conflicts_with_all = ["path", "length"], help =
        "How far to follow each direction on either side, in standard deviations of the generator's inputs [default: to where one sees it]")]
    reach: Option<f64>,

    /// Step along the direction of this number, as far as --length says
    #[arg(long, value_name = "N", requires = "candidate", requires = "length", conflicts_with_all = ["path", "frames"])]
    direction: Option<usize>,

    /// How far, in standard deviations; back where it is negative
    #[arg(long, value_name = "SD", requires = "direction", allow_negative_numbers = true)]
    length: Option<f64>,

    /// The numbers of two candidates to walk between
    #[arg(short, long, value_name = "A,B", value_parser = ends)]
    path: Option<[usize; 2]>,

    #[arg(long, value_name = "N", help = format!(
        "How many pictures: of a path, both ends among them [default: {}]; of each direction, an odd number [default: {}]. \
         At most {MOST_FRAMES}", PATH_FRAMES, DirectionSettings::default().frames))]
    frames: Option<usize>,

    /// Where the folder goes [default: a folder in `explore` in that of the run, named after what is asked for]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Explore again what was explored before, and replace what is in the folder
    #[arg(short, long)]
    force: bool,

    #[arg(short, long, value_name = "NAME|FILE|DIR", value_parser = generator::Name, hide_possible_values = true, help = format!(
        "What made the run, where that was no embedded generator. {}", generator::HELP))]
    generator: Option<String>,

    #[command(flatten)]
    told: generator::Told,

    /// Let the run's measurement name files that are not in its folder, such as a point-spread function: for runs that you made
    /// yourself
    #[arg(long)]
    files_elsewhere: bool,

    /// How to show progress, on standard error
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,

    #[command(flatten)]
    steer: steer::Options,

    #[command(flatten)]
    engine: EngineArguments,
}

/// A walk that stays consistent.
#[derive(Clone, Copy)]
enum Walk {
    Directions { candidate: usize, settings: DirectionSettings },
    Path { ends: [usize; 2], frames: usize },
    Step { candidate: usize, direction: usize, directions: usize, length: f64 },
}

impl Arguments {
    /// What was asked for.
    fn walk(&self) -> Result<Walk, Failure> {
        if let Some(option) = self.steer.idle() {
            return Err(Failure::of(
                option,
                "is about steering; add --keep, --vary, --toward or --like, or leave it out",
            ));
        }
        if let Some(ends) = self.path {
            let frames = self.frames.unwrap_or(PATH_FRAMES);
            if !(2..=MOST_FRAMES).contains(&frames) {
                let reason =
                    format!("a path of {frames} frames cannot be; ask for 2 to {MOST_FRAMES}, both ends among them");
                return Err(Failure::of("--frames", reason));
            }
            if ends[0] == ends[1] {
                let reason = format!("there is nothing between candidate {} and itself; name two", ends[0]);
                return Err(Failure::of("--path", reason));
            }
            return Ok(Walk::Path { ends, frames });
        }
        let Some(candidate) = self.candidate else {
            let reason = "nothing says what to explore; add --candidate N --directions K, --path A,B, --keep, --vary, --toward or --like";
            return Err(Failure::of(self.run.display(), reason));
        };
        if let (Some(direction), Some(length)) = (self.direction, self.length) {
            return self.step(candidate, direction, length);
        }
        let mut settings = DirectionSettings::default();
        settings.count = self.directions.unwrap_or(settings.count);
        settings.frames = self.frames.unwrap_or(settings.frames);
        settings.extent = self.reach.map_or(settings.extent, Extent::Length);
        settings.extent.validate().map_err(|error| Failure::of("--reach", error))?;
        settings.validate().map_err(|error| {
            let counted = DirectionSettings { count: 1, ..settings }.validate().is_ok();
            Failure::of(if counted { "--directions" } else { "--frames" }, error)
        })?;
        Ok(Walk::Directions { candidate, settings })
    }

    fn step(&self, candidate: usize, direction: usize, length: f64) -> Result<Walk, Failure> {
        let directions = self.directions.unwrap_or(DirectionSettings::default().count.max(direction));
        if direction == 0 || direction > directions || directions > MOST_DIRECTIONS {
            let most = self.directions.unwrap_or(MOST_DIRECTIONS);
            return Err(Failure::of("--direction", format!("there is no direction {direction}; ask for 1 to {most}")));
        }
        if !length.is_finite() {
            return Err(Failure::of("--length", "give a number of standard deviations, such as 1.5"));
        }
        Ok(Walk::Step { candidate, direction, directions, length })
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let walk = if arguments.steer.wanted() { None } else { Some(arguments.walk()?) };
    arguments.steer.check(arguments.candidate)?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen("stopping; nothing is written")?;
    let run = opened::run_in(&arguments.run)?.reading_elsewhere(arguments.files_elsewhere);
    let reopened = opened::reopened(run, arguments.generator.as_deref(), &arguments.told, &engine)?;
    match walk {
        Some(walk) => walk::run(arguments, walk, &reopened, &engine, &interrupt),
        None => steer::run(arguments, &reopened, &engine, &interrupt),
    }
}

fn ends(text: &str) -> Result<[usize; 2], String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    numbers.ok().and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| "write two numbers, such as 2,7".into())
}
