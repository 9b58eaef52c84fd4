//! What was asked for beside the settings of the search.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that can alter the result but the picture, the generator and the
/// [settings](super::SettingsRecord) of the search. Two runs that agree in all four leave the same behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The measurement, as text; none where it follows from the picture.
    pub measurement: Option<String>,
    /// The checksums of the files that the measurement names, by their paths.
    pub measurement_files: BTreeMap<String, String>,
    /// Which blocks a picture is made of: `auto`, `off`, or `SIZE+X+Y`.
    pub mosaic: String,
    /// The part of the picture that was taken: columns left of it, rows above it, its columns, its rows.
    pub crop: Option<[usize; 4]>,
    /// The width and height that the picture was shrunk to first.
    pub pixelate: Option<[usize; 2]>,
    /// What shows through where the picture is transparent: `#rrggbb`, or `none` where nothing was said.
    pub background: String,
    /// The checksum of the file of inputs that the search started from.
    pub init: Option<String>,
    /// Whether every convolution was computed by its definition.
    pub precise: bool,
    /// How faces were looked for, where they were.
    pub faces: Option<FacesRecord>,
    /// How many times photographs were to be enlarged that faces are put back into, where it was said.
    #[serde(default)]
    pub scale: Option<f64>,
    /// Whether the frame of the generator's pictures was looked for in the small picture: `auto`, `always` or `off`.
    #[serde(default = "off")]
    pub place: String,
    /// Every how many steps the pictures under way were saved, where they were.
    pub save_intermediate: Option<usize>,
}

/// [`DetectorConfig`](pulse_core::face::DetectorConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacesRecord {
    /// As in [`DetectorConfig::confidence`](pulse_core::face::DetectorConfig::confidence).
    pub confidence: f64,
    /// As in [`DetectorConfig::smallest`](pulse_core::face::DetectorConfig::smallest).
    pub smallest: f64,
}

/// What was done before there was a choice.
fn off() -> String {
    "off".into()
}
