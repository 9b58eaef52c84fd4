//! The options that say which inputs of a StyleGAN are searched.

use clap::{Args, ValueEnum};
use pulse::Opened;
use pulse::generator::{LatentInput, NoiseStart, Space, ZeroedNoise};

use super::arguments::preset;
use crate::failure::Failure;
use crate::generator;
use crate::render::finite;

/// Whether noise maps are searched.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Noise {
    /// The first ones are searched; the others are random and stay
    Trainable,
    /// All are random and stay
    Fixed,
    /// There is none
    Zero,
}

#[derive(Args, Clone)]
pub(super) struct SpaceOptions {
    #[arg(long, help_heading = "StyleGAN", help = preset("Search one row of the latent for all layers", |c| yes_or_no(c.space.tile_latent)))]
    tile_latent: bool,

    #[arg(long, value_enum, value_name = "KIND", help_heading = "StyleGAN", help = preset("Noise maps", |c| noise(&c.space)))]
    noise: Option<Noise>,

    #[arg(long, value_name = "N", help_heading = "StyleGAN",
        help = preset("How many noise maps are searched, the coarsest first", |c| c.space.searched_noise.to_string()))]
    trainable_noise: Option<usize>,

    #[arg(long, value_name = "I,J|last|none", value_parser = zeroed, help_heading = "StyleGAN",
        help = preset("Which noise maps are zero, counted from 0", |c| zeroed_text(&c.space.zeroed_noise)))]
    zero_noise: Option<ZeroedNoise>,

    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = finite, help_heading = "StyleGAN",
        help = preset("Bring w nearer to its average, in a search from an --init of z or w: 0 is the average", |c| c.space.truncation.psi.to_string()))]
    truncation_psi: Option<f32>,
}

impl SpaceOptions {
    /// Sets what was given.
    pub(super) fn apply(&self, space: &mut Space) {
        space.tile_latent |= self.tile_latent;
        if let Some(maps) = self.trainable_noise {
            space.searched_noise = maps;
        }
        match self.noise {
            Some(Noise::Fixed) => space.searched_noise = 0,
            Some(Noise::Zero) => space.noise = NoiseStart::Zero,
            Some(Noise::Trainable) | None => {}
        }
        if let Some(zeroed) = &self.zero_noise {
            space.zeroed_noise = zeroed.clone();
        }
        if let Some(psi) = self.truncation_psi {
            space.truncation.psi = psi;
        }
    }

    /// Says which option would do nothing in a search over `latent`.
    pub(super) fn check(&self, opened: &Opened, latent: LatentInput) -> Result<(), Failure> {
        if self.tile_latent && latent != LatentInput::LATENT {
            let reason = format!(
                "the search over `{}` of a {} has no rows to tile; leave it out",
                latent.name(),
                opened.family()
            );
            return Err(Failure::of("--tile-latent", reason));
        }
        if self.truncation_psi.is_some() {
            generator::check_truncation(opened, latent, "--truncation-psi")?;
        }
        if self.noise.is_some() {
            generator::noise_maps(opened, "--noise")?;
        }
        if let Some(wanted) = self.trainable_noise {
            let maps = generator::noise_maps(opened, "--trainable-noise")?;
            if wanted > maps {
                let reason =
                    format!("{wanted} noise maps cannot be searched: there are {maps}; ask for at most {maps}");
                return Err(Failure::of("--trainable-noise", reason));
            }
            self.needs_noise("--trainable-noise", &[Noise::Fixed, Noise::Zero])?;
        }
        if let Some(zeroed) = &self.zero_noise {
            let maps = generator::noise_maps(opened, "--zero-noise")?;
            if let ZeroedNoise::Maps(zeroed) = zeroed
                && let Some(beyond) = zeroed.iter().find(|&&map| map >= maps)
            {
                let reason = format!("there is no noise map {beyond}: they are 0 to {}; name those", maps - 1);
                return Err(Failure::of("--zero-noise", reason));
            }
            self.needs_noise("--zero-noise", &[Noise::Zero])?;
        }
        Ok(())
    }

    /// `option` would do nothing beside some kinds of noise.
    fn needs_noise(&self, option: &str, without: &[Noise]) -> Result<(), Failure> {
        match self.noise {
            Some(noise) if without.contains(&noise) => {
                Err(Failure::of(option, "does nothing beside the --noise that was given; leave one of them out"))
            }
            _ => Ok(()),
        }
    }
}

fn zeroed(text: &str) -> Result<ZeroedNoise, String> {
    match text.trim() {
        "last" => Ok(ZeroedNoise::Last),
        "none" => Ok(ZeroedNoise::Maps(Vec::new())),
        maps => {
            let maps: Result<Vec<usize>, _> = maps.split(',').map(|map| map.trim().parse()).collect();
            maps.map(ZeroedNoise::Maps).map_err(|_| "write numbers such as 16,17, or last, or none".into())
        }
    }
}

fn zeroed_text(zeroed: &ZeroedNoise) -> String {
    match zeroed {
        ZeroedNoise::Last => "last".into(),
        ZeroedNoise::Maps(maps) if maps.is_empty() => "none".into(),
        ZeroedNoise::Maps(maps) => maps.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    }
}

fn noise(space: &Space) -> String {
    match (space.noise, space.searched_noise) {
        (NoiseStart::Zero, _) => "zero",
        (_, 0) => "fixed",
        _ => "trainable",
    }
    .into()
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.into()
}
