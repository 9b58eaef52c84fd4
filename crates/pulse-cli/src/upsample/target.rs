//! From the picture that was read to the one that is searched for.

use pulse::generator::GeneratorSpec;
use pulse::image::{Image, Rectangle};
use pulse::measurement::{Kernel, Measurement, MeasurementKind, Size, Stage};
use pulse::mosaic::Mosaic;
use pulse::record::MosaicRecord;
use pulse::sharpness::gaussian_sigma;

use super::arguments::{Arguments, Blocks, Pixelation};

/// The picture to search for, and what made it.
pub(super) struct Prepared {
    pub(super) target: Image,
    /// What it was made from, when it was pixelated.
    pub(super) original: Option<Image>,
    /// The blocks that it was reduced from.
    pub(super) mosaic: Option<MosaicRecord>,
    pub(super) kind: MeasurementKind,
    pub(super) measurement: Box<dyn Measurement>,
    /// What a person should know about it.
    pub(super) notes: Vec<String>,
}

impl Prepared {
    /// Crops, reduces blocks, pixelates, and brings to the channels of the measurement, as the arguments say.
    pub(super) fn of(picture: Image, arguments: &Arguments, generator: &GeneratorSpec) -> Result<Self, String> {
        let text = |error: pulse::Error| error.to_string();
        let sharp = Size::new(generator.width, generator.height);
        let mut picture = match arguments.crop {
            Some(part) => picture.crop(part).map_err(text)?,
            None => picture,
        };
        let mut notes = Vec::new();
        let mosaic = if arguments.pixelate.is_some() { None } else { mosaic_of(&picture, arguments.mosaic) };
        if let Some((mosaic, detected)) = mosaic {
            picture = mosaic.reduce(&picture).map_err(text)?;
            if detected {
                notes.push(describe(&mosaic, picture.size()));
            }
        }
        let kind = arguments.measurement.clone();
        let kind =
            kind.unwrap_or_else(|| if mosaic.is_some() { Kernel::Area.into() } else { MeasurementKind::default() });
        let (target, original) = match arguments.pixelate {
            None => {
                check_size(&picture, sharp, mosaic.is_some())?;
                (picture, None)
            }
            Some(pixelation) => {
                let picture = if generator.channels == 1 { picture.to_grey() } else { picture.to_rgb() };
                let (target, original) = pixelated(&picture, pixelation, &kind, sharp).map_err(text)?;
                (target, Some(original))
            }
        };
        if target.channels() == 1 && generator.channels == 3 && original.is_none() && !makes_grey(&kind) {
            let with_gray = format!("--measurement gray,{kind}");
            notes.push(format!("it is grey, so every candidate is; {with_gray} lets them have colours"));
        }
        let measurement = kind.resolve(generator.channels, sharp, target.size()).map_err(text)?;
        let target = measurement.adopt(target).map_err(text)?;
        if target.size() == sharp && measurement.is_well_conditioned() && measurement.known() == target.values().len() {
            notes.push(format!(
                "it has all of the {sharp} pixels that the generator makes, so every candidate is it{}",
                blur_hint(&target, sharp).unwrap_or_default()
            ));
        }
        let mosaic = mosaic.map(|(mosaic, detected)| MosaicRecord::new(&mosaic, detected));
        Ok(Self { target, original, mosaic, kind, measurement, notes })
    }
}

/// The blocks, and whether they were found and not given.
fn mosaic_of(picture: &Image, blocks: Blocks) -> Option<(Mosaic, bool)> {
    match blocks {
        Blocks::Off => None,
        Blocks::Auto => Mosaic::detect(picture).map(|mosaic| (mosaic, true)),
        Blocks::Grid(grid) => Some((Mosaic::whole(grid, picture), false)),
    }
}

fn describe(mosaic: &Mosaic, blocks: Size) -> String {
    let Mosaic { grid, region: Rectangle { left, top, width, height } } = mosaic;
    format!(
        "it is made of {blocks} blocks of {:.2} pixels ({grid}, in {left},{top},{width},{height}), which were taken for its \
         pixels; --mosaic off takes it as it is",
        grid.size
    )
}

fn makes_grey(kind: &MeasurementKind) -> bool {
    kind.stages().iter().any(|stage| matches!(stage, Stage::Gray | Stage::Channels(_)))
}

/// The picture as the measurement makes it, with the 8 bits that a file of it would have, and the part of the original that
/// it was made of.
fn pixelated(
    picture: &Image,
    pixelation: Pixelation,
    kind: &MeasurementKind,
    sharp: Size,
) -> pulse::Result<(Image, Image)> {
    let size = match pixelation {
        Pixelation::Size(size) => size,
        Pixelation::Side(side) => Size::new(side, side),
    };
    let original = picture.crop(picture.centre_part(size))?;
    if kind.resize().is_some() {
        let target = kind.shrink(&original, size)?.quantised();
        return Ok((target, original));
    }
    // Lengths in the measurement are pixels of the generator's pictures.
    let scale = (sharp.width as f64 / size.width as f64).min(sharp.height as f64 / size.height as f64);
    let [width, height] = [size.width, size.height].map(|length| (length as f64 * scale).round() as usize);
    let target = kind.shrink(&original.resized(Kernel::Bicubic, Size::new(width, height))?, size)?.quantised();
    Ok((target, original))
}

fn check_size(picture: &Image, sharp: Size, is_mosaic: bool) -> Result<(), String> {
    if picture.width() <= sharp.width && picture.height() <= sharp.height {
        return Ok(());
    }
    let what = if is_mosaic { "blocks" } else { "pixels" };
    Err(format!(
        "its {} {what} are more than the {sharp} that the generator makes, so nothing is missing in it; shrink it first \
         with --pixelate 16, or take a part of it with --crop X,Y,W,H{}",
        picture.size(),
        if is_mosaic { None } else { blur_hint(picture, sharp) }.unwrap_or_default()
    ))
}

/// The blur of a picture that looks blurred even at the generator's size, as an option for it.
fn blur_hint(picture: &Image, sharp: Size) -> Option<String> {
    let sigma = gaussian_sigma(picture)?;
    let scale = (sharp.width as f64 / picture.width() as f64).min(sharp.height as f64 / picture.height() as f64);
    let shrink = if scale < 1.0 { format!("--pixelate {} ", sharp.width.min(sharp.height)) } else { String::new() };
    let own = sigma * scale;
    // Less is what any picture has.
    (own >= 1.0).then(|| {
        format!(
            "; it looks blurred, with a sigma of about {sigma:.1} of its pixels: to have that taken back, \
             {shrink}--measurement gaussian:{own:.1}"
        )
    })
}
