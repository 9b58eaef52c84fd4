//! The U-Net of guided diffusion (Dhariwal, Nichol 2021), known as ADM, and of consistency models (Song, Dhariwal, Chen, Sutskever
//! 2023).
//!
//! Names and shapes tell nearly all. What they do not tell comes from settings by the names of the training code's arguments:
//!
//! | setting | without it |
//! |---|---|
//! | `num_head_channels`, or else `num_heads` and `num_heads_upsample` | those of the published file of this shape; else an error |
//! | `use_new_attention_order` | the same; else false. It is always true for a `qkv` of four axes, that of consistency models |
//! | `image_size` | that to which the channels belong in the training code: 64, 128, 256 or 512; else an error |
//! | `preconditioning`: `ddpm`, `edm`, `consistency` | told as below |
//! | `noise_schedule`: `linear`, `cosine`; `diffusion_steps`; `predict_xstart`; `rescale_timesteps` | linear; 1000; false; false |
//! | `sigma_data`, `sigma_min` | 0.5, 0.002 |
//!
//! Whether it is a consistency model is told by the first of these that says something: the setting `preconditioning`; the
//! setting `training_mode`; learned variances or a `noise_schedule`, which only the older networks have; the file's name, which
//! begins with `cd_`, `ct_` or `cm`, with `edm_`, or has `diffusion`, `ddpm` or `adm` in it; a `qkv` of four axes; and at last a
//! network without a scale by the time, as consistency models have it.

mod levels;
mod reader;

use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Configuration};

use super::Denoiser;
use super::given::Given;
use crate::Result;
use crate::tensors::Tensors;

/// Whether the tensors' names are those of such a network.
pub(super) fn is_named(checkpoint: &Checkpoint) -> bool {
    ["time_embed.0.weight", "input_blocks.0.0.weight", "output_blocks.0.0.in_layers.0.weight", "out.2.weight"]
        .into_iter()
        .all(|name| checkpoint.tensors.contains_key(name))
}

/// The denoiser. `stem` is the file's name without its ending.
pub(super) fn read(checkpoint: &Checkpoint, stem: &str, given: &Configuration) -> Result<Denoiser> {
    let tensors = &Tensors::new("a U-Net of guided diffusion", &checkpoint.tensors, &checkpoint.configuration);
    let settings = &Given::new([given, &checkpoint.configuration]);
    let read = reader::read(tensors, settings, stem)?;
    let preconditioning = levels::preconditioning(&read.levels, settings)?;
    Denoiser::new(Arc::new(read.network), preconditioning)
}
