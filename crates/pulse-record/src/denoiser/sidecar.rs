//! The JSON file beside a checkpoint, for what its tensors do not tell.
//!
//! Beside `NAME.pt` that is `NAME.json`, an object of the training code's arguments, such as
//! `{"image_size": 256, "num_head_channels": 64}`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use pulse_checkpoint::{Configuration, configuration_from_json};

use crate::{Error, ErrorKind, Result};

/// Settings are text that people write: no file of them is longer.
const LONGEST: u64 = 1 << 20;

/// The settings in the JSON file beside `file`; none where there is no such file.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Checkpoint`] when it is no JSON object or far too long.
pub fn settings_beside(file: &Path) -> Result<Configuration> {
    let beside = file.with_extension("json");
    if beside == file || !beside.is_file() {
        return Ok(Configuration::new());
    }
    let fault = |source| Error::io("read the settings", &beside, source);
    let mut text = Vec::new();
    File::open(&beside).map_err(fault)?.take(LONGEST + 1).read_to_end(&mut text).map_err(fault)?;
    let unfit = |reason: &str| {
        let message = format!("cannot read the settings {}: {reason}", beside.display());
        Error::new(ErrorKind::Checkpoint, message)
    };
    if text.len() as u64 > LONGEST {
        return Err(unfit("the file is longer than 1 MiB"));
    }
    let text = String::from_utf8(text).map_err(|_| unfit("the file is no text in UTF-8"))?;
    configuration_from_json(&text).map_err(|error| unfit(&error.to_string()))
}
