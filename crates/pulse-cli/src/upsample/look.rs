//! What is read off the candidates, and how they are shown.

use clap::Args;
use pulse::Opened;
use pulse::measurement::{Blur, MeasurementKind, Stage, read_psf};
use pulse::quantity::{Channel, Measure, PixelScale, Quantity};
use pulse::sheet::Colormap;

use crate::failure::{Failure, note};

/// Sizes that differ by less than this share are alike.
const DIFFERENT: f64 = 0.01;

#[derive(Args, Clone)]
pub(super) struct LookOptions {
    #[arg(long, value_name = "NAME[:CHANNEL][@LEVEL]", value_delimiter = ',', help_heading = "Looking", help = format!(
        "Read a number off every candidate, and set it against random pictures of the generator: {}. CHANNEL is {}; LEVEL is of 255. \
        May be given several times", Measure::ALL.map(Measure::name).join(", "), Channel::ALL.map(Channel::name).join(", ")))]
    pub(super) quantity: Vec<Quantity>,

    /// How large a pixel of the generator's picture is, with its unit, such as 2.5µas or 10m: lengths are then given in it, and the
    /// pixels of a point-spread function that says how large they are (FITS) are compared with it
    #[arg(long, value_name = "SIZE", help_heading = "Looking")]
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
        Ok(())
    }

    /// Compares the size of pixels with that of the point-spread functions of the measurement, and says where they differ.
    pub(super) fn compare_scales(&self, measurement: Option<&MeasurementKind>) -> Result<(), Failure> {
        let mut compared = false;
        for stage in measurement.iter().flat_map(|measurement| measurement.stages()) {
            let Stage::Blur(Blur::Psf(file)) = stage else { continue };
            let shown = file.path().display();
            let of_file = |error| Failure::with("--measurement", &error);
            let Some(own) = read_psf(file.path()).map_err(of_file)?.arcseconds() else { continue };
            match self.pixel_scale.as_ref().map(|scale| (scale, scale.arcseconds())) {
                None => note(&format!(
                    "{shown}: its pixels are {own:.4} arcsec, and the generator's are taken to be as large; --pixel-scale compares"
                )),
                Some((scale, Some(side))) if (side / own - 1.0).abs() > DIFFERENT => note(&format!(
                    "{shown}: its pixels are {own:.4} arcsec, and those of the generator's picture {scale}: it blurs {:.2} times as far as it should; \
                     resample it to pixels of {scale}",
                    side / own
                )),
                Some((_, Some(_))) => {}
                Some((scale, None)) => note(&format!(
                    "{shown}: its pixels are {own:.4} arcsec, which cannot be compared with {scale}; give an angle (deg, arcmin, arcsec, \
                     mas, µas)"
                )),
            }
            compared = true;
        }
        let has_length = self.quantity.iter().any(|quantity| quantity.measure.is_length());
        if self.pixel_scale.is_some() && !has_length && !compared {
            let reason = "no quantity that is asked for is a length, and no point-spread function says how large its pixels are; leave \
                          it out";
            return Err(Failure::of("--pixel-scale", reason));
        }
        Ok(())
    }
}
