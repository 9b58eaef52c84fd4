//! The options of `pulse upsample`. Every default comes from the library.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pulse::candidate::{PERFECT_DB, consistency_db, epsilon_of_db};
use pulse::image::{FORMATS, Rectangle};
use pulse::judge::Order;
use pulse::loss::Loss;
use pulse::measurement::{GRAMMAR, MeasurementKind, Size};
use pulse::optimizer::{OptimizerKind, Schedule};
use pulse::search::{Repulsion, Sampler, SearchConfig};
use pulse::standing::Request;
use pulse::{Blocks, Opened, Placing, Preparation, TakenAs};

use super::look::LookOptions;
use super::shard::Shard;
use super::space::SpaceOptions;
use super::taken::TakenOptions;
use crate::engine::EngineArguments;
use crate::failure::Failure;
use crate::generator;

pub(crate) const EXAMPLES: &str = "\
Each picture gets a folder below --out, named after its file:
  report.html          all of it on one page for a browser, to be sorted and looked at
  sheet.png            the given picture, the candidates, and what each shrinks to, at a glance
  certainty.png        what the candidates agree on, and where they differ
  candidate-01.png     the sharp pictures
  shrunk-01.png        what each shrinks to: compare with target.png
  candidates.csv       the candidates' figures as a table
  inputs.safetensors   the generator's inputs, for --init and `pulse render`
  run.json             settings, checksums, outcomes and figures

What a picture is, it shows itself: a small picture, or one made of blocks, is searched for; in a photograph with people in it, their
faces are, and its folder has a folder face-01 … like that for each face, photograph-01.png …, which is the photograph with
candidate 1 … of every face in it, and faces.json.

A picture that an earlier run finished is skipped: its folder has all files, and run.json has the same checksums of picture and
generator and the same settings. So what was stopped or killed goes on when it is started again; a search that was stopped goes on in
its midst, and ends in the same pictures. A folder with another finished
run (other settings, another picture) is an error, unless --force is given, which skips nothing. Where several pictures are
named, a table says at the end what became of each, and so does summary.csv in the folder of --out (summary-I-of-N.csv with
--shard I/N). A bad picture does not stop the others.

Examples:
  pulse upsample small.png
  pulse upsample photo.jpg --pixelate 16 --candidates 16 --seed 7
  pulse upsample photo.jpg --pixelate 8 --candidates 16 --spread
  pulse upsample photo.jpg                            # a small photograph: its faces get sharper
  pulse upsample photo.jpg --faces --pixelate 16      # a demonstration: other faces in their places
  pulse upsample folder --shard 2/5                   # one of five jobs
  pulse upsample small.png --candidates 16 --sort distinctness
  pulse upsample small.png --init pulse-out/small/inputs.safetensors --out again
  pulse upsample small.png --preset paper --steps 200 --trace steps.jsonl
  pulse upsample newspaper.jpg                        # large blocks are found, wherever they begin
  pulse upsample newspaper.jpg --mosaic 12.5+3+7      # or are given
  pulse upsample old-film.png --measurement gray,bicubic --sigma 8
  pulse upsample telescope.png --measurement psf:star.fits,area
  pulse upsample torn.png --measurement mask:white-where-whole.png
  pulse upsample small.png --generator ffhq.pkl --trainable-noise 3 --zero-noise 16,17

Exit status: 0 when every picture has a candidate within epsilon, 1 when one has none (its best are written all the
same) or was stopped, 2 after an error. Ctrl-C stops the search and writes what was found, and the same command goes on from there; a
second one ends at once.

Faces that it finds are of people who do not exist, and fields beside faces are simulated. It cannot tell you who was in the picture.";

/// Which set of defaults.
#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// Tuned for fit, variety and time
    Default,
    /// The search of the paper (Menon et al. 2020), with its losses, optimiser and schedule
    Paper,
}

impl Preset {
    fn config(self) -> SearchConfig {
        match self {
            Self::Default => SearchConfig::default(),
            Self::Paper => SearchConfig::paper(),
        }
    }
}

/// How to show progress, on standard error.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    /// A bar on a terminal, and plain lines elsewhere
    Auto,
    /// A bar
    Bar,
    /// A line now and then
    Plain,
    /// A JSON object a line; docs/run-json.md has the fields
    Json,
    /// Nothing
    None,
}

// Each is an option that is given or not.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Clone)]
pub(crate) struct Arguments {
    #[arg(required = true, value_name = "INPUT", help = format!("Pictures, or folders of pictures ({FORMATS})"))]
    pub(super) inputs: Vec<PathBuf>,

    /// Take the pictures in the folders within a folder too
    #[arg(long)]
    pub(super) recursive: bool,

    /// Where the folder of each picture goes
    #[arg(short, long, value_name = "DIR", default_value = "pulse-out")]
    pub(super) out: PathBuf,

    /// Search for every picture again, and replace the run that is in its folder already. What was explored from that run is
    /// set aside, as explore-of- and a checksum
    #[arg(short, long)]
    pub(super) force: bool,

    /// Go through a part of the pictures only: the I-th, the (I+N)-th and so on of all that are named, those of a folder
    /// sorted by name. N jobs, given the same pictures and 1/N to N/N, go through each once
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,
    #[arg(long, value_name = "SCORE", default_value = Order::default().name(), help = format!("What comes first in sheet.png \
        and report.html: {}, where the generator's file has one. Candidates keep their numbers",
        Order::ALL.map(Order::name).join(", ")))]
    pub(super) sort: Order,

    #[command(flatten)]
    pub(super) look: LookOptions,

    /// Leave report.html out
    #[arg(long)]
    pub(super) no_report: bool,

    #[arg(short, long, value_name = "NAME|FILE|DIR", value_parser = generator::Name, hide_possible_values = true,
        help = format!("An embedded generator ({}), or the path of a checkpoint or of the folder that one is in [default: {}; \
        with --faces {}]", generator::names(), Opened::default_name(), Opened::name_for_faces()))]
    generator: Option<String>,

    #[command(flatten)]
    pub(super) told: generator::Told,

    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true,
        help = preset("How many candidates to find", |c| c.candidates.to_string()))]
    candidates: Option<usize>,

    /// Look for candidates that are as different as they can be, and show the most different first
    #[arg(long)]
    spread: bool,

    #[arg(short, long, value_name = "N",
        help = preset("The seed: the same one gives the same pictures", |c| c.seed.to_string()))]
    seed: Option<u64>,

    /// Which defaults to start from; the options below change them
    #[arg(long, value_enum, default_value = "default", help_heading = "Search")]
    preset: Preset,

    #[arg(long, value_name = "N", help_heading = "Search", help = format!("{}; levels of noise for a denoiser [default: {}]",
        preset("The most steps for one candidate", |c| c.steps.to_string()), SearchConfig::default().null_space.steps))]
    steps: Option<usize>,

    #[arg(long, value_name = "NAME", help_heading = "Search", help = format!("What searches: {}. The first goes down a gradient; \
        the second draws from a diffusion, flow or consistency model and keeps it consistent at every step [default: the \
        second where there is such a model, else the first]", names(&Sampler::ALL)))]
    sampler: Option<Sampler>,

    /// With --sampler descent and a diffusion, flow or consistency model: how many deterministic steps lead from the noise that is
    /// searched to the picture; a consistency model needs one
    #[arg(long, value_name = "K", help_heading = "Search")]
    unroll: Option<usize>,

    /// The class of the pictures, from 0, of a generator that was trained on classes [default: 0]
    #[arg(long, value_name = "N", help_heading = "Search")]
    class: Option<usize>,

    #[arg(long, value_name = "X", allow_negative_numbers = true, help_heading = "Search",
        help = preset("Good enough: the mean squared error to the small picture, in [0, 1]", |c| format!("{:.3e}", c.epsilon)))]
    eps: Option<f64>,

    #[arg(long, value_name = "DB", conflicts_with = "eps", allow_negative_numbers = true, help_heading = "Search",
        help = preset("The same in decibels", |c| format!("{:.1}", consistency_db(c.epsilon))))]
    target_db: Option<f64>,

    #[arg(long, value_name = "NAME", help_heading = "Search", help = preset(&format!("The optimiser: {}", names(&OptimizerKind::ALL)), |c| c.optimizer.to_string()))]
    optimizer: Option<OptimizerKind>,

    #[arg(long, value_name = "X", allow_negative_numbers = true, help_heading = "Search",
        help = preset("The learning rate of the latent", |c| c.learning_rate.to_string()))]
    learning_rate: Option<f64>,

    #[arg(long, value_name = "NAME", help_heading = "Search", help = preset(&format!("How it changes: {}", names(&Schedule::ALL)), |c| c.schedule.to_string()))]
    schedule: Option<Schedule>,

    #[arg(long, value_name = "SUM", help_heading = "Search",
        help = preset("What is minimised, of L2, L1 and GEOCROSS", |c| c.loss.to_string()))]
    loss: Option<Loss>,

    /// Start from these inputs, one row a candidate; `inputs.safetensors` of a run is such a file
    #[arg(long, value_name = "FILE.safetensors", conflicts_with = "candidates", help_heading = "Search")]
    pub(super) init: Option<PathBuf>,

    #[command(flatten)]
    pub(super) space: SpaceOptions,

    #[arg(short, long, value_name = "STAGES", help_heading = "Picture", help = format!("What made the picture of the \
        sharp one: {GRAMMAR}. Lengths are pixels of the generator's picture [default: {}; of blocks, area]",
        MeasurementKind::default()))]
    pub(super) measurement: Option<MeasurementKind>,

    /// The standard deviation of the picture's noise, of 255: candidates come as near as that and no nearer
    #[arg(long, value_name = "S", conflicts_with_all = ["eps", "target_db"], allow_negative_numbers = true, help_heading = "Picture")]
    sigma: Option<f64>,

    /// Whether the picture is made of large blocks, which are then taken for its pixels: auto finds them; off; or
    /// their SIZE in pixels and where the first ones begin
    #[arg(long, value_name = "auto|off|SIZE[+X+Y]", value_parser = blocks, default_value = "auto", allow_negative_numbers = true, help_heading = "Picture")]
    pub(super) mosaic: Blocks,

    /// Whether to look for the part of the picture that is framed as the generator's own pictures are, and search for that:
    /// auto does where the picture as it is given is not like those and a part of it clearly is, in default searches of an
    /// embedded generator, where looking takes seconds; always takes the likeliest part
    #[arg(long, value_name = "auto|always|off", default_value = Placing::default().name(), help_heading = "Picture")]
    place: Placing,

    #[command(flatten)]
    pub(super) taken: TakenOptions,

    /// Take only this part of each picture, in pixels from its top left corner
    #[arg(long, value_name = "X,Y,W,H", value_parser = rectangle, help_heading = "Picture")]
    pub(super) crop: Option<Rectangle>,

    /// Shrink each picture to N x N or W x H pixels first, for demonstrations; its largest middle part of these proportions
    /// is taken. The original is then shown beside the results
    #[arg(short, long, value_name = "N|WxH", value_parser = pixelation, help_heading = "Picture")]
    pub(super) pixelate: Option<Size>,

    /// What shows through where a picture is transparent: #RRGGBB, black or white [default: white, and a small picture is taken to be
    /// unknown where it is transparent]
    #[arg(long, value_name = "COLOUR", value_parser = colour, help_heading = "Picture")]
    pub(super) background: Option<[u8; 3]>,

    /// Write one JSON object a step and candidate to this file; docs/run-json.md has the fields
    #[arg(long, value_name = "FILE.jsonl", help_heading = "Watching")]
    pub(super) trace: Option<PathBuf>,

    /// Save the picture of each candidate at every step, or every K steps, in the folder `intermediate`
    #[arg(long, value_name = "K", num_args = 0..=1, default_missing_value = "1", require_equals = true, help_heading = "Watching")]
    pub(super) save_intermediate: Option<NonZeroUsize>,

    /// How to show progress, on standard error
    #[arg(long, value_enum, default_value = "auto", help_heading = "Watching")]
    pub(super) progress: ProgressMode,

    #[command(flatten)]
    pub(super) engine: EngineArguments,
}

impl Arguments {
    /// The generator that is named, or the default.
    pub(super) fn generator(&self) -> &str {
        let descends = self.sampler == Some(Sampler::Descent) || self.descent_option().is_some();
        let default =
            if self.taken.finds_faces() && !descends { Opened::name_for_faces() } else { Opened::default_name() };
        self.generator.as_deref().unwrap_or(default)
    }

    /// The first option that was given and is about a descent alone.
    fn descent_option(&self) -> Option<&'static str> {
        [
            ("--preset paper", matches!(self.preset, Preset::Paper)),
            ("--optimizer", self.optimizer.is_some()),
            ("--learning-rate", self.learning_rate.is_some()),
            ("--schedule", self.schedule.is_some()),
            ("--loss", self.loss.is_some()),
            ("--unroll", self.unroll.is_some()),
        ]
        .into_iter()
        .find_map(|(option, given)| given.then_some(option))
    }

    /// Says which option would do nothing with this generator.
    pub(super) fn check_sampler(&self, opened: &Opened, config: &SearchConfig) -> Result<(), Failure> {
        let (family, denoises) = (opened.family(), opened.generator.denoiser().is_some());
        let samples = config.sampler_of(&*opened.generator) == Sampler::NullSpace;
        if samples && !denoises {
            let reason = format!("a {family} does not denoise; search it with --sampler {}", Sampler::Descent);
            return Err(Failure::of("--sampler", reason));
        }
        if let Some(option) = self.descent_option().filter(|_| samples) {
            let reason =
                format!("is about a descent, and a {family} is sampled; leave it out, or add --sampler descent");
            return Err(Failure::of(option, reason));
        }
        if self.unroll.is_some() && !denoises {
            return Err(Failure::of("--unroll", format!("a {family} makes its picture in one; leave it out")));
        }
        self.look.check(opened)?;
        self.look.compare_scales(self.measurement.as_ref())?;
        let classes = opened.generator.spec().classes;
        match self.class {
            Some(_) if classes == 0 => {
                Err(Failure::of("--class", format!("this {family} was trained without classes; leave it out")))
            }
            Some(class) if class >= classes => {
                Err(Failure::of("--class", format!("there is no class {class}; choose 0 to {}", classes - 1)))
            }
            _ => Ok(()),
        }
    }

    /// The preset with the options that were given.
    pub(super) fn config(&self) -> Result<SearchConfig, Failure> {
        let mut config = self.preset.config();
        set(&mut config.candidates, self.candidates);
        set(&mut config.seed, self.seed);
        set(&mut config.steps, self.steps);
        set(&mut config.null_space.steps, self.steps);
        config.sampler = self.sampler;
        set(&mut config.space.class, self.class);
        set(&mut config.space.unroll, self.unroll);
        if self.target_db.is_some_and(|db| !(0.0..=PERFECT_DB).contains(&db)) {
            return Err(Failure::of("--target-db", format!("give a number from 0 to {PERFECT_DB}")));
        }
        set(&mut config.epsilon, self.eps.or(self.target_db.map(epsilon_of_db)));
        if let Some(sigma) = self.sigma {
            if !(sigma > 0.0 && sigma <= 255.0) {
                return Err(Failure::of("--sigma", format!("{sigma} cannot be: give a number above 0, and up to 255")));
            }
            config = config.with_noise_beside(sigma / 255.0, self.measurement.as_ref());
        }
        let was_told = self.sigma.is_some() || self.eps.is_some() || self.target_db.is_some();
        if let Some(measurement) = self.measurement.as_ref().filter(|_| !was_told) {
            config = config.with_noise_of(measurement);
        }
        set(&mut config.optimizer, self.optimizer);
        set(&mut config.learning_rate, self.learning_rate);
        set(&mut config.schedule, self.schedule);
        set(&mut config.loss, self.loss.clone());
        config.spread = self.spread.then(Repulsion::default);
        let finds_faces = self.taken.finds_faces();
        if let Some(option) = self.taken.about_faces().filter(|_| !finds_faces && !self.lets_pictures_decide()) {
            return Err(Failure::of(option, "is about finding faces; add --faces, or leave it out"));
        }
        if finds_faces && (self.crop.is_some() || self.init.is_some()) {
            let option = if self.crop.is_some() { "--crop" } else { "--init" };
            return Err(Failure::of(
                option,
                "says what is searched for, and so does --as faces; leave one of them out",
            ));
        }
        self.space.apply(&mut config.space);
        config.validate()?;
        Ok(config)
    }
}

impl Arguments {
    /// What is asked for beside the settings of the search.
    pub(super) fn request(&self) -> Request {
        Request {
            preparation: Preparation {
                crop: self.crop,
                blocks: if self.taken.told() == Some(TakenAs::Small) { Blocks::Off } else { self.mosaic },
                pixelation: self.pixelate,
                measurement: self.measurement.clone(),
            },
            background: self.background,
            init: self.init.clone(),
            precise: self.engine.is_precise(),
            faces: self.taken.finds_faces().then(|| self.taken.detection.config()),
            scale: self.taken.scale.filter(|_| self.taken.finds_faces()),
            // Faces are cut out in the frame already, and given inputs belong to the picture as it was.
            place: if self.taken.finds_faces() || self.init.is_some() { Placing::Off } else { self.place },
            save_intermediate: self.save_intermediate.map(usize::from),
        }
    }
}

fn set<T>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
}

/// The help of an option that a preset sets.
pub(super) fn preset(text: &str, value: impl Fn(&SearchConfig) -> String) -> String {
    let [default, paper] = [Preset::Default, Preset::Paper].map(|preset| value(&preset.config()));
    if default == paper {
        format!("{text} [default: {default}]")
    } else {
        format!("{text} [default: {default}; paper: {paper}]")
    }
}

fn names(of: &[impl ToString]) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn rectangle(text: &str) -> Result<Rectangle, String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[left, top, width, height]) if width > 0 && height > 0 => Ok(Rectangle { left, top, width, height }),
        _ => Err("write X,Y,W,H in whole pixels, such as 120,40,256,256".into()),
    }
}

fn pixelation(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.trim().parse().ok().filter(|&side| side > 0);
    let size = match text.split_once(['x', 'X']) {
        Some((width, height)) => side(width).zip(side(height)).map(|(w, h)| Size::new(w, h)),
        None => side(text).map(|side| Size::new(side, side)),
    };
    size.ok_or_else(|| "write N or WxH in whole pixels, such as 16 or 16x12".into())
}

fn blocks(text: &str) -> Result<Blocks, String> {
    match text {
        "auto" => Ok(Blocks::Auto),
        "off" => Ok(Blocks::Off),
        grid => grid.parse().map(Blocks::Grid).map_err(|error: pulse::Error| format!("{error}; or auto, or off")),
    }
}

fn colour(text: &str) -> Result<[u8; 3], String> {
    let text = match text {
        "white" => "#ffffff",
        "black" => "#000000",
        other => other,
    };
    let digits =
        text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, red, green, blue] = number.ok_or("write #RRGGBB, black or white")?.to_be_bytes();
    Ok([red, green, blue])
}
