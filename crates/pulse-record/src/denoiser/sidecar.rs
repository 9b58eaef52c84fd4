//! The JSON file beside a checkpoint, for what its tensors do not tell.
//!
//! Beside `NAME.pt` that is `NAME.json`, an object of the training code's arguments, such as
//! `{"image_size": 256, "num_head_channels": 64}`.

use std::path::Path;

use pulse_checkpoint::Configuration;

use super::folder::json;
use crate::Result;

/// The settings in the JSON file beside `file`; none where there is no such file.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be read, [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) when it is no JSON object or far too long.
pub fn settings_beside(file: &Path) -> Result<Configuration> {
    let beside = file.with_extension("json");
    if beside == file || !beside.is_file() {
        return Ok(Configuration::new());
    }
    json(&beside)
}
