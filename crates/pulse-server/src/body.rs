//! What goes over the wire: every body, typed. `openapi.json` says the same, and a test holds the two against each other.

use serde::{Deserialize, Serialize};

use crate::ask::Part;

/// The version of the interface. It grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// A picture that is fetched from `/picture/<key>.png`, where it never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The first 32 hexadecimal digits of the SHA-256 of its PNG.
    pub key: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
}

/// All of a session: a page that is loaded again needs nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub program: String,
    /// What the session is called.
    pub name: String,
    /// The number of the last event that is in it already.
    pub sequence: u64,
    /// What has to be said above every picture.
    pub statement: String,
    /// What can be searched.
    pub generators: Vec<Generator>,
    /// What a search does where nothing is said.
    pub defaults: Defaults,
    /// What is refused beyond.
    pub limits: Limits,
    /// The pictures that were given.
    pub pictures: Vec<Picture>,
    /// What was done.
    pub nodes: Vec<Node>,
    /// The walks that are open.
    pub walks: Vec<Walk>,
    /// The nodes that wait, the next one first; the one under way is not in it.
    pub queue: Vec<String>,
}

/// A generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// What a search names it by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its pictures are of, in words.
    pub subject: String,
    /// Pixels in a row of its pictures; 0, as the other sizes, of a model that was not read yet.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// What can search it, its own way first.
    pub samplers: Vec<String>,
    /// Whether it is part of the program.
    pub embedded: bool,
    /// Where it comes from and what it is bad at.
    pub card: String,
    /// What has to be said above its pictures.
    pub statement: String,
}

/// What a search does where nothing is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// The generator.
    pub generator: String,
    /// How many candidates.
    pub candidates: usize,
    /// The measurement.
    pub measurement: String,
    /// The seed.
    pub seed: u64,
    /// The most steps of a descent.
    pub steps: usize,
    /// How many directions a walk has.
    pub directions: usize,
    /// How far from a candidate its neighbourhood is.
    pub amount: f64,
    /// The side that a picture is pixelated to.
    pub pixelate: usize,
    /// How a measurement is written.
    pub measurement_grammar: String,
}

/// What is refused beyond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Candidates of a node.
    pub candidates: usize,
    /// Bytes of a picture's file.
    pub upload_bytes: u64,
    /// Pixels along one side of a picture.
    pub picture_side: usize,
    /// Pictures of a session.
    pub pictures: usize,
    /// Nodes of a session.
    pub nodes: usize,
}

/// A picture that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Its name in requests.
    pub id: String,
    /// The name of its file.
    pub name: String,
    /// What is searched for: of a demonstration, the shrunk picture.
    pub image: Image,
    /// `small`, `mosaic`, `photograph` or `demonstration`.
    pub kind: String,
    /// What a demonstration was made of.
    pub original: Option<Image>,
    /// What was seen in it, in words.
    pub note: String,
    /// The blocks that it is made of.
    pub blocks: Option<Blocks>,
    /// The faces in it.
    pub faces: Vec<Face>,
    /// The picture that it was cut out of.
    pub of: Option<String>,
}

/// The blocks of a mosaic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// Columns left of them.
    pub x: usize,
    /// Rows above them.
    pub y: usize,
    /// The columns that they cover.
    pub width: usize,
    /// The rows that they cover.
    pub height: usize,
    /// The side of a block.
    pub block: f64,
}

/// A face in a photograph, in pixels of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// The left side of its outline.
    pub x: f64,
    /// Its top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// How far it is turned, in degrees, clockwise.
    pub angle: f64,
}

/// One thing that was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name in requests.
    pub id: String,
    /// The node that it starts from.
    pub parent: Option<String>,
    /// The candidates of that node that it starts from.
    pub from_candidates: Vec<usize>,
    /// `search`, `keep`, `vary`, `like`, `toward` or `again`; `opened` for a run that was brought in.
    pub kind: String,
    /// What a person calls it.
    pub name: String,
    /// What a person wrote about it.
    pub note: String,
    /// When it was asked for, as RFC 3339 in UTC.
    pub created: String,
    /// The picture that was searched for, where the session has it.
    pub picture: Option<String>,
    /// The generator.
    pub generator: String,
    /// What was asked for.
    pub request: Request,
    /// `queued`, `preparing`, `searching`, `judging`, `finished`, `stopped` or `failed`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// What a person should know about how it was searched.
    pub notes: Vec<String>,
    /// How far it is.
    pub progress: Progress,
    /// The small picture that was searched for.
    pub target: Option<Image>,
    /// The same, enlarged.
    pub bicubic: Option<Image>,
    /// The mean of the candidates.
    pub mean: Option<Image>,
    /// Where they differ, in colours over the mean.
    pub certainty: Option<Image>,
    /// The standard deviation at the end of its colours, in levels of 255.
    pub certainty_scale: Option<f64>,
    /// What the target was made from, in a demonstration.
    pub original: Option<Image>,
    /// What was found, and what is under way. Empty in events.
    pub candidates: Vec<Candidate>,
    /// The same as a tree, the most different views first.
    pub tree: Option<Branch>,
    /// What was found, in figures.
    pub summary: Option<Summary>,
    /// What has to be said above its pictures.
    pub statement: String,
    /// The same on a command line, in the session's folder.
    pub command: String,
    /// The same in Python, in the session's folder. Nothing in a session that an earlier version made.
    pub python: Option<String>,
    /// Where its report is, once it is there.
    pub report: Option<String>,
}

/// How far a node is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// From 0 to 1.
    pub done: f64,
    /// How long it took until now.
    pub seconds: f64,
    /// How long it may take yet.
    pub left: Option<f64>,
}

/// What was asked for: of a search the first fields, of one that is steered the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// How many candidates.
    pub candidates: usize,
    /// The measurement, where it was said.
    pub measurement: Option<String>,
    /// The noise of the small picture, in levels of 255.
    pub sigma: Option<f64>,
    /// Whether candidates are pushed apart.
    pub spread: bool,
    /// The seed.
    pub seed: u64,
    /// The most steps, where they were said.
    pub steps: Option<usize>,
    /// What searches, where it was said.
    pub sampler: Option<String>,
    /// The candidate of which a region stays, or from which it starts.
    pub candidate: Option<usize>,
    /// The mask of what stays.
    pub keep: Option<Image>,
    /// The mask of what does not.
    pub vary: Option<Image>,
    /// The candidate whose neighbourhood is searched.
    pub like: Option<usize>,
    /// How far from it.
    pub amount: Option<f64>,
    /// The picture that candidates are drawn to.
    pub toward: Option<TowardShown>,
}

/// A picture that candidates are drawn to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TowardShown {
    /// The picture.
    pub picture: String,
    /// The part of it that counts.
    pub mask: Option<Image>,
}

/// One sharp picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// From 1.
    pub number: usize,
    /// `searching`, `finished` or `stopped`.
    pub state: String,
    /// The picture.
    pub image: Image,
    /// What it shrinks to.
    pub small: Option<Image>,
    /// How that differs from the given picture, times 20.
    pub residual: Option<Image>,
    /// How well that agrees with the given picture, in dB.
    pub db: f64,
    /// Whether it is within epsilon.
    pub reached: bool,
    /// `known`, `stretched` or `unknown`.
    pub verdict: Option<String>,
    /// The same in words.
    pub verdict_words: String,
    /// What it is sorted by.
    pub scores: Scores,
    /// How far it is from the original, in levels of 255, in a demonstration.
    pub error: Option<f64>,
    /// Whether a person wants it.
    pub star: bool,
    /// From 1 to 5; 0 where nobody said.
    pub rating: u8,
}

/// What candidates are sorted by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How untypical its inputs are: less is better.
    pub plausibility: Option<f64>,
    /// NIQE: less is better.
    pub sharpness: Option<f64>,
    /// How far it is from the nearest other one: more is better.
    pub distinctness: Option<f64>,
    /// What a discriminator says: more is better.
    pub discriminator: Option<f64>,
    /// How far the generator was bent: less is better.
    pub bent: Option<f64>,
}

/// Candidates that are like each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The number of the one that stands for them.
    pub representative: usize,
    /// The numbers of all.
    pub members: Vec<usize>,
    /// The finer ones within.
    pub branches: Vec<Self>,
}

/// What was found, in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many are within epsilon.
    pub matched: usize,
    /// Of so many.
    pub candidates: usize,
    /// What epsilon is, in dB.
    pub epsilon_db: f64,
    /// The least consistency, in dB.
    pub worst_db: f64,
    /// The share of the detail's energy on which they agree.
    pub agreed: Option<f64>,
    /// The verdict of all together.
    pub verdict: Option<String>,
    /// The same in words.
    pub verdict_words: String,
    /// How long it took.
    pub seconds: f64,
}

/// What was opened from a candidate, or between two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Its name in requests.
    pub id: String,
    /// The node of its candidates.
    pub node: String,
    /// `directions` or `path`.
    pub kind: String,
    /// The candidate that it starts from.
    pub candidate: usize,
    /// The one that a path leads to.
    pub to: Option<usize>,
    /// `opening`, `open` or `failed`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// How far the opening is.
    pub done: f64,
    /// The directions.
    pub directions: Vec<Direction>,
    /// The pictures that are known. Empty in events.
    pub frames: Vec<Frame>,
}

/// A direction of a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// From 0.
    pub index: usize,
    /// How far its ends are, in standard deviations of the generator's inputs.
    pub extent: f64,
    /// How much the picture has changed there, in levels of 255.
    pub change: f64,
    /// The part of the picture that changes most.
    pub part: Option<Part>,
}

impl Direction {
    /// One of which it is not known yet where it leads.
    pub(crate) fn unfollowed(index: usize) -> Self {
        Self { index, extent: 0.0, change: 0.0, part: None }
    }
}

/// A picture of a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The direction; nothing on a path.
    pub direction: Option<usize>,
    /// From -1 to 1; on a path from 0 to 1.
    pub at: f64,
    /// The picture.
    pub image: Image,
    /// How well it agrees with the given picture, in dB.
    pub db: f64,
    /// `known`, `stretched` or `unknown`, where that is known.
    pub verdict: Option<String>,
    /// The same in words.
    pub verdict_words: String,
    /// Whether it was corrected for this very place.
    pub exact: bool,
}

/// What is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: Fault,
}

/// An error, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Of what kind it is.
    pub kind: String,
    /// The thing, the reason and the way out.
    pub message: String,
}

/// What a measurement would make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The small picture.
    pub small: Image,
    /// What it was made of, enlarged from it or a picture of the generator.
    pub sharp: Option<Image>,
    /// What the measurement does, in words.
    pub words: String,
}

/// Nothing but that it was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}
