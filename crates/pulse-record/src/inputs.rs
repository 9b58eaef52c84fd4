//! Reading the inputs of candidates from files.

use std::path::Path;

use pulse_checkpoint::Checkpoint;
use pulse_core::inputs::Inputs;

use crate::{Error, ErrorKind, Result};

/// Reads a safetensors file.
///
/// # Errors
/// [`ErrorKind::Inputs`] when it is none.
pub fn read_inputs(path: &Path) -> Result<Inputs> {
    let checkpoint = Checkpoint::open(path).map_err(|error| {
        let message =
            format!("cannot read inputs: {error}; give a safetensors file such as inputs.safetensors of a run");
        Error::new(ErrorKind::Inputs, message).with_source(error)
    })?;
    Ok(Inputs::from_arrays(checkpoint.tensors))
}
