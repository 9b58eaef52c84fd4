//! What can be timed: a closed set of networks of published sizes, with the batch that each is searched in.

use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use pulse::generator::{EMBEDDED, Generator, from_checkpoint};
use pulse_checkpoint::{Checkpoint, Configuration, Format};
use pulse_engine::Network;

use super::unet::{self, UNet};
use super::weights::Weights;
use crate::failure::Failure;

/// The architectures that are timed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Architecture {
    /// The embedded generator: 64 x 64 pixels, 512 channels at 4 pixels that fall to 64 at 32.
    Dcgan,
    StyleGan1,
    StyleGan2,
    /// A denoiser, of which a pass is timed, not a step of a search.
    UNet(UNet),
}

/// One network in one batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    name: &'static str,
    architecture: Architecture,
    /// Pixels along a side.
    resolution: usize,
    /// How many candidates take the step together.
    pub(super) batch: usize,
    /// Whether a gradient is part of what is timed. It always is of a step.
    gradient: bool,
}

/// A network of which a pass is timed by itself.
pub(super) struct Pass {
    pub(super) network: Network,
    /// Whether the gradient with respect to the picture is part of it.
    pub(super) gradient: bool,
}

/// A case, or all of them.
#[derive(Clone, Copy)]
pub(super) enum Choice {
    One(Case),
    All,
}

const fn stylegan(name: &'static str, architecture: Architecture, resolution: usize) -> Case {
    Case { name, architecture, resolution, batch: 1, gradient: true }
}

const fn unet(name: &'static str, unet: UNet, resolution: usize, batch: usize, gradient: bool) -> Case {
    Case { name, architecture: Architecture::UNet(unet), resolution, batch, gradient }
}

impl Case {
    pub(super) const ALL: [Self; 13] = [
        Self { name: "dcgan-b1", architecture: Architecture::Dcgan, resolution: 64, batch: 1, gradient: true },
        Self { name: "dcgan-b8", architecture: Architecture::Dcgan, resolution: 64, batch: 8, gradient: true },
        stylegan("stylegan1-64", Architecture::StyleGan1, 64),
        stylegan("stylegan1-256", Architecture::StyleGan1, 256),
        stylegan("stylegan1-1024", Architecture::StyleGan1, 1024),
        stylegan("stylegan2-256", Architecture::StyleGan2, 256),
        stylegan("stylegan2-1024", Architecture::StyleGan2, 1024),
        unet("unet-small", unet::SMALL, 64, 8, false),
        unet("unet-small-gradient", unet::SMALL, 64, 8, true),
        unet("unet-64", unet::EDM, 64, 1, false),
        unet("unet-64-gradient", unet::EDM, 64, 1, true),
        unet("unet-256", unet::DDPM, 256, 1, false),
        unet("unet-256-gradient", unet::DDPM, 256, 1, true),
    ];

    /// Those that take seconds together, and less than 1 GiB of memory.
    pub(super) const QUICK: [Self; 4] = [Self::ALL[0], Self::ALL[1], Self::ALL[2], Self::ALL[3]];

    pub(super) const fn name(self) -> &'static str {
        self.name
    }

    /// How many pixels along a side the target has: a quarter of the picture's, and at most the paper's 32.
    pub(super) fn target_side(self) -> usize {
        (self.resolution / 4).min(32)
    }

    /// The network of which a pass is timed, if it is no step of a search.
    pub(super) fn pass(self) -> Result<Option<Pass>, Failure> {
        let Architecture::UNet(unet) = self.architecture else { return Ok(None) };
        let network = unet.network(self.resolution).map_err(pulse::Error::from)?;
        Ok(Some(Pass { network, gradient: self.gradient }))
    }

    /// The network. StyleGANs have random weights and no mapping; the embedded DCGAN has its own.
    pub(super) fn generator(self) -> Result<Box<dyn Generator>, Failure> {
        let tensors = match self.architecture {
            Architecture::Dcgan => return Ok(EMBEDDED[0].open()?),
            Architecture::StyleGan1 => Weights::default().stylegan1(self.resolution),
            Architecture::StyleGan2 => Weights::default().stylegan2(self.resolution),
            Architecture::UNet(_) => unreachable!("it is no generator, and a pass of it is timed"),
        };
        let checkpoint = Checkpoint { format: Format::TorchZip, tensors, configuration: Configuration::new() };
        Ok(from_checkpoint(&checkpoint)?)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl Choice {
    const EVERY: [Self; 14] = {
        let mut every = [Self::All; 14];
        let mut index = 0;
        while index < Case::ALL.len() {
            every[index] = Self::One(Case::ALL[index]);
            index += 1;
        }
        every
    };
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::EVERY
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::One(case) => case.name,
            Self::All => "all",
        }))
    }
}
