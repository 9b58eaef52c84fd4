//! What is read off the candidates, and how they are shown.

use clap::Args;
use pulse::Opened;
use pulse::quantity::{Channel, Measure, PixelScale, Quantity};
use pulse::sheet::Colormap;

use crate::failure::Failure;

#[derive(Args)]
pub(super) struct LookOptions {
    #[arg(long, value_name = "NAME[:CHANNEL][@LEVEL]", value_delimiter = ',', help_heading = "Looking", help = format!(
        "Read a number off every candidate, and set it against random pictures of the generator: {}. CHANNEL is {}; LEVEL is of 255. \
        May be given several times", Measure::ALL.map(Measure::name).join(", "), Channel::ALL.map(Channel::name).join(", ")))]
    pub(super) quantity: Vec<Quantity>,

    /// How large a pixel of the generator's picture is, with its unit, such as 2.5µas or 10m: lengths are then given in it
    #[arg(long, value_name = "SIZE", requires = "quantity", help_heading = "Looking")]
    pub(super) pixel_scale: Option<PixelScale>,

    #[arg(long, value_name = "COLOURS", help_heading = "Looking", help = format!("Show grey pictures in colours on sheet.png and \
        report.html: {}. The pictures' own files stay grey", Colormap::ALL.map(Colormap::name).join(", ")))]
    pub(super) colormap: Option<Colormap>,
}

impl LookOptions {
    /// Says which option would do nothing with this generator.
    pub(super) fn check(&self, opened: &Opened) -> Result<(), Failure> {
        let (name, channels) = (&opened.record.name, opened.generator.spec().channels);
        if self.colormap.is_some() && channels != 1 {
            let reason = format!("{name} makes pictures in colour, which need no others; leave it out");
            return Err(Failure::of("--colormap", reason));
        }
        let coloured = self.quantity.iter().find(|quantity| channels == 1 && quantity.channel != Channel::Grey);
        if let Some(quantity) = coloured {
            let reason = format!("`{quantity}`: {name} makes grey pictures; leave the channel out");
            return Err(Failure::of("--quantity", reason));
        }
        if self.pixel_scale.is_some() && !self.quantity.iter().any(|quantity| quantity.measure.is_length()) {
            return Err(Failure::of("--pixel-scale", "no quantity that is asked for is a length; leave it out"));
        }
        Ok(())
    }
}
