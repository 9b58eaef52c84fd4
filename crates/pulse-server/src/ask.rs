//! What a page asks for: the bodies of its POSTs. A field that is not known is an error, and so is a value out of its range.

use serde::{Deserialize, Serialize};

/// `/enter`: the token of the address that was printed, for a cookie.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    /// The token.
    pub token: String,
}

/// Where nothing is to be said: `{}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// `/pictures?name=…`: what a file is called.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Upload {
    /// Its name.
    pub name: String,
}

/// `/pictures/p1/cut`: a part of a picture, or a face in it, and what it is shrunk to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cut {
    /// The part.
    pub crop: Option<Part>,
    /// Whether the largest square in its middle is taken.
    pub square: bool,
    /// The side that it is shrunk to.
    pub pixelate: Option<usize>,
    /// The number of a face, from 0, that is cut out as the generator frames one.
    pub face: Option<usize>,
    /// The generator that frames it.
    pub generator: Option<String>,
}

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Columns left of it.
    pub x: usize,
    /// Rows above it.
    pub y: usize,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
}

/// `/pictures/p1/preview`: what a measurement would make.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewAsk {
    /// The generator.
    pub generator: Option<String>,
    /// The measurement.
    pub measurement: Option<String>,
}

/// `/searches`: a search for a picture.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchAsk {
    /// The picture.
    pub picture: String,
    /// The generator.
    pub generator: Option<String>,
    /// What made the picture small.
    pub measurement: Option<String>,
    /// Its noise, in levels of 255.
    pub sigma: Option<f64>,
    /// How many candidates.
    pub candidates: Option<usize>,
    /// Whether they are pushed apart.
    pub spread: bool,
    /// The seed.
    pub seed: Option<u64>,
    /// The most steps.
    pub steps: Option<usize>,
    /// What searches.
    pub sampler: Option<String>,
}

/// `/nodes/n1/steer`: a search from what was found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SteerAsk {
    /// The candidate.
    pub candidate: Option<usize>,
    /// The mask of what stays of it: a picture, in base 64.
    pub keep: Option<String>,
    /// The mask of what does not.
    pub vary: Option<String>,
    /// Whether its neighbourhood is searched.
    pub like: Option<bool>,
    /// How far from it, from 0 to 1.
    pub amount: Option<f64>,
    /// What candidates are drawn to.
    pub toward: Option<TowardAsk>,
    /// How many candidates.
    pub candidates: Option<usize>,
    /// Whether they are pushed apart.
    pub spread: Option<bool>,
    /// The seed.
    pub seed: Option<u64>,
}

/// A picture that candidates are drawn to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TowardAsk {
    /// The picture.
    pub picture: String,
    /// The mask of the part of it that counts: a picture, in base 64.
    #[serde(default)]
    pub mask: Option<String>,
}

/// `/nodes/n1/more`: more candidates.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct More {
    /// How many more.
    pub candidates: usize,
}

/// `/nodes/n1/edit`: what a person says about it; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edit {
    /// What it is called.
    pub name: Option<String>,
    /// What is to be remembered.
    pub note: Option<String>,
}

/// `/nodes/n1/candidates/3/mark`: what a person thinks of it; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mark {
    /// Whether it is wanted.
    pub star: Option<bool>,
    /// From 1 to 5; 0 takes it back.
    pub rating: Option<u8>,
}

/// `/nodes/n1/walks`: directions from a candidate, or a path to another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkAsk {
    /// The candidate.
    pub candidate: usize,
    /// The one that a path leads to.
    #[serde(default)]
    pub to: Option<usize>,
    /// How many directions.
    #[serde(default)]
    pub directions: Option<usize>,
}

/// `/walks/w1/frame`: the picture at a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameAsk {
    /// The direction; nothing on a path.
    #[serde(default)]
    pub direction: Option<usize>,
    /// From -1 to 1; on a path from 0 to 1.
    pub at: f64,
    /// What tells the page from others: a later request of the same page takes the place of one that has not begun.
    #[serde(default)]
    pub page: Option<String>,
}

/// `/events?after=…`: the number of the last event that is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct After {
    /// The number.
    pub after: Option<u64>,
}

/// `/nodes/n1/difference/3?…`: what a candidate is compared with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DifferenceAsk {
    /// `mean`, `bicubic`, `original` or `candidate`.
    pub with: String,
    /// The number of the other candidate.
    pub other: Option<usize>,
    /// The node of the other candidate.
    pub node: Option<String>,
}
