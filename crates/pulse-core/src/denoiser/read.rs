//! Which denoiser a checkpoint holds.

use pulse_checkpoint::{Checkpoint, Configuration};

use super::{Denoiser, diffusers, guided, onnx, song};
use crate::Result;

impl Denoiser {
    /// The denoiser in a checkpoint, told by the names of its tensors; `None` where they are of something else.
    ///
    /// | tensors such as | are read as |
    /// |---|---|
    /// | `model.enc.64x64_conv.weight`, `enc.64x64_conv.weight` | a network of EDM: DDPM++, NCSN++, ADM |
    /// | `input_blocks.0.0.weight`, `time_embed.0.weight` | the U-Net of guided diffusion, or of a consistency model |
    /// | `down_blocks.0.resnets.0.conv1.weight` | a `UNet2DModel` of diffusers, with its `config.json` as configuration |
    /// | any, in ONNX, with a noisy picture and a time among its inputs | a network of any kind, trained as the settings of a scheduler say |
    ///
    /// `file_name` is the name of its file, which tells published files apart. `settings` are what the tensors do not tell, by the
    /// names of the training code's arguments, such as `num_head_channels`, `image_size`, `preconditioning` or `noise_schedule`;
    /// [`set`](super::set) makes them of text. They count more than the checkpoint's own configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`](crate::ErrorKind::Generator) when tensors are missing or do not fit each other,
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) when a setting is missing or cannot be met.
    pub fn from_checkpoint(checkpoint: &Checkpoint, file_name: &str, settings: &Configuration) -> Result<Option<Self>> {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        if song::is_named(checkpoint) {
            return song::read(checkpoint, stem, settings).map(Some);
        }
        if guided::is_named(checkpoint) {
            return guided::read(checkpoint, stem, settings).map(Some);
        }
        if let Some(denoiser) = onnx::read(checkpoint, settings)? {
            return Ok(Some(denoiser));
        }
        diffusers::read(checkpoint, settings)
    }
}
