//! From the picture that was read to the one that is searched for.

use std::fmt;
use std::sync::Arc;

use pulse_core::generator::GeneratorSpec;
use pulse_core::image::{Image, Kernel, Rectangle, Size};
use pulse_core::measurement::{Measurement, MeasurementKind, Stage};
use pulse_core::mosaic::{Grid, Mosaic};
use pulse_core::place::{PlacedMeasurement, Placer};
use pulse_core::sharpness::gaussian_sigma;
use pulse_engine::Engine;
use pulse_record::measurement::read_files;
use pulse_record::record::{MosaicRecord, PlacementRecord};

use crate::{Error, ErrorKind, Placing, Result, WayOut};

/// What is done to a picture before it is searched for. The default only reduces blocks to pixels, where it finds any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preparation {
    /// The part of the picture that is taken.
    pub crop: Option<Rectangle>,
    /// Which blocks it is made of.
    pub blocks: Blocks,
    /// The size that it is shrunk to first, for demonstrations: of its largest middle part of these proportions.
    pub pixelation: Option<Size>,
    /// What made it small; by default bicubic, as in PULSE, and [`Kernel::Area`] for a picture of blocks.
    pub measurement: Option<MeasurementKind>,
}

/// Which blocks a picture is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Blocks {
    /// Those that are found, if any.
    #[default]
    Auto,
    /// None.
    Off,
    /// These.
    Grid(Grid),
}

/// The picture to search for, and how it was made.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// `y`.
    pub target: Arc<Image>,
    /// What it was made from, when it was pixelated.
    pub original: Option<Image>,
    /// The blocks that it was reduced from.
    pub mosaic: Option<MosaicRecord>,
    /// The frame of the generator's picture in the picture as it was given, where that was looked for.
    pub placement: Option<PlacementRecord>,
    /// The resize that made it small, where nothing else did.
    pub kernel: Option<Kernel>,
    /// The measurement as text, for the record.
    pub measured_as: String,
    /// `A`.
    pub measurement: Arc<dyn Measurement>,
    /// What the user should know about it.
    pub notes: Vec<Note>,
}

/// What the user should know about a picture that was prepared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// It is made of blocks, which were taken for its pixels.
    Blocks {
        /// The blocks.
        mosaic: Mosaic,
        /// How many there are.
        count: Size,
    },
    /// It is grey, so every candidate is; `colours` is the measurement that would let them have colours.
    Grey {
        /// The measurement with a stage that makes grey of colours.
        colours: MeasurementKind,
    },
    /// It is not framed as the generator's pictures are: it was searched for in the frame that is most like theirs.
    Placed(PlacementRecord),
    /// It has all of the pixels that the generator makes, so every candidate is it.
    Complete {
        /// The size of the generator's pictures.
        sharp: Size,
        /// Where it looks blurred: σ in its own pixels, and in the generator's.
        blur: Option<[f64; 2]>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks { mosaic: Mosaic { grid, region }, count } => {
                let Rectangle { left, top, width, height } = region;
                write!(
                    f,
                    "it is made of {count} blocks of {:.2} pixels ({grid}, in {left},{top},{width},{height}), which were \
                     taken for its pixels",
                    grid.size
                )
            }
            Self::Placed(PlacementRecord { left, top, side, .. }) => write!(
                f,
                "it is not framed as the model's own pictures are; it was searched for in the frame that is most like theirs, \
                 {side:.1} pixels at {left:.1}, {top:.1}"
            ),
            Self::Grey { .. } => f.write_str("it is grey, so every candidate is"),
            Self::Complete { sharp, .. } => {
                write!(f, "it has all of the {sharp} pixels that the generator makes, so every candidate is it")
            }
        }
    }
}

impl Prepared {
    /// Crops, reduces blocks, pixelates, and brings to the channels of the measurement.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] with [`WayOut::Shrink`] for a picture of more pixels than the generator makes, and as
    /// [`Image::crop`], [`MeasurementKind::shrink`] and [`MeasurementKind::resolve`].
    pub fn new(
        mut picture: Image,
        preparation: &Preparation,
        generator: &GeneratorSpec,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let sharp = Size::new(generator.width, generator.height);
        if let Some(part) = preparation.crop {
            picture = picture.crop(part)?;
        }
        let mut notes = Vec::new();
        let mosaic = if preparation.pixelation.is_some() { None } else { preparation.blocks.of(&picture) };
        if let Some((mosaic, detected)) = mosaic {
            picture = mosaic.reduce(&picture)?;
            if detected {
                notes.push(Note::Blocks { mosaic, count: picture.size() });
            }
        }
        let usual = || if mosaic.is_some() { Kernel::Area.into() } else { MeasurementKind::default() };
        let kind = read_files(&preparation.measurement.clone().unwrap_or_else(usual))?;
        let (target, original) = match preparation.pixelation {
            None => {
                check_size(&picture, sharp, mosaic.is_some(), engine)?;
                (picture, None)
            }
            Some(size) => {
                let picture = if generator.channels == 1 { picture.to_grey() } else { picture.to_rgb() };
                let (target, original) = pixelated(&picture, size, &kind, sharp, engine)?;
                (target, Some(original))
            }
        };
        if target.channels() == 1 && generator.channels == 3 && original.is_none() && !makes_grey(&kind) {
            let colours = MeasurementKind::new([&[Stage::Gray], kind.stages()].concat())?;
            notes.push(Note::Grey { colours });
        }
        let mut prepared = Self::measured(target, &kind, generator)?;
        let target = &prepared.target;
        let numbers = target.values().len();
        if target.size() == sharp
            && prepared.measurement.is_well_conditioned()
            && prepared.measurement.known() == numbers
        {
            notes.push(Note::Complete { sharp, blur: blur(target, sharp, engine) });
        }
        prepared.mosaic = mosaic.map(|(mosaic, detected)| MosaicRecord::new(&mosaic, detected));
        (prepared.original, prepared.notes) = (original, notes);
        Ok(prepared)
    }

    /// A small picture as it is, made by the measurement `kind`, whose files are [read](read_files).
    ///
    /// # Errors
    /// As [`MeasurementKind::resolve`] and [`Measurement::adopt`].
    pub fn measured(target: Image, kind: &MeasurementKind, generator: &GeneratorSpec) -> Result<Self> {
        let sharp = Size::new(generator.width, generator.height);
        let measurement = kind.resolve(generator.channels, sharp, target.size())?;
        let adopted = measurement.adopt(target)?;
        Ok(Self { measured_as: kind.to_string(), kernel: kind.resize(), ..Self::own(adopted, measurement.into()) })
    }

    /// A small picture that a measurement of the caller's own made.
    pub fn own(target: Image, measurement: Arc<dyn Measurement>) -> Self {
        let measured_as = measurement.text().unwrap_or_else(|| measurement.describe());
        Self {
            target: Arc::new(target),
            original: None,
            mosaic: None,
            placement: None,
            kernel: None,
            measured_as,
            measurement,
            notes: Vec::new(),
        }
    }

    /// A demonstration: `seen`, a picture at the generator's size, shrunk to `size` with the 8 bits of a file.
    ///
    /// # Errors
    /// As [`MeasurementKind::shrink`] and [`Prepared::measured`].
    pub fn shrunk(
        seen: Image,
        size: Size,
        kind: &MeasurementKind,
        generator: &GeneratorSpec,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let target = kind.shrink(&seen, size, engine)?.quantised();
        Ok(Self { original: Some(seen), ..Self::measured(target, kind, generator)? })
    }
}

impl Prepared {
    /// The same in the frame in which it is most like the generator's own pictures: what lies in that frame is searched for, with
    /// the picture's own pixels. Nothing where the frame as it is given is no worse, for a picture that more than a resize made
    /// small, and, with [`Placing::Auto`], where the picture is not clearly one of the generator's in any frame.
    ///
    /// # Errors
    /// As [`PlacedMeasurement::new`].
    pub fn placed(&self, placer: &mut Placer, generator: &GeneratorSpec, placing: Placing) -> Result<Option<Self>> {
        let Some(kernel) = self.kernel.filter(|&kernel| kernel != Kernel::Identity) else { return Ok(None) };
        let found = placer.place(&self.target);
        let taken = match placing {
            Placing::Off => false,
            Placing::Always => found.is_worth(),
            Placing::Auto => found.is_worth() && found.is_clear(),
        };
        if !taken {
            return Ok(None);
        }
        let (sharp, small) = (Size::new(generator.width, generator.height), self.target.size());
        let measurement = PlacedMeasurement::new(kernel, generator.channels, sharp, small, found.placement)?;
        let part = measurement.part();
        let target = Arc::new(self.target.crop(part)?);
        let placement = PlacementRecord::new(found.placement, small);
        let original = self.original.as_ref().map(|original| original.crop(enlarged(part, small, original.size())));
        let mut notes = self.notes.clone();
        notes.push(Note::Placed(placement));
        let measurement: Arc<dyn Measurement> = Arc::new(measurement);
        let placement = Some(placement);
        Ok(Some(Self { target, original: original.transpose()?, placement, measurement, notes, ..self.clone() }))
    }
}

/// The part of a picture of the size `to` that is `part` of it at the size `from`.
fn enlarged(part: Rectangle, from: Size, to: Size) -> Rectangle {
    let axis = |start: usize, length: usize, from: usize, to: usize| {
        let [start, end] = [start, start + length].map(|pixel| pixel * to / from);
        (start, (end - start).max(1))
    };
    let (left, width) = axis(part.left, part.width, from.width, to.width);
    let (top, height) = axis(part.top, part.height, from.height, to.height);
    Rectangle { left, top, width, height }
}

impl Blocks {
    /// The blocks of a picture, and whether they were found and not given.
    pub(crate) fn of(self, picture: &Image) -> Option<(Mosaic, bool)> {
        match self {
            Self::Off => None,
            Self::Auto => Mosaic::detect(picture).map(|mosaic| (mosaic, true)),
            Self::Grid(grid) => Some((Mosaic::whole(grid, picture), false)),
        }
    }
}

fn makes_grey(kind: &MeasurementKind) -> bool {
    kind.stages().iter().any(|stage| matches!(stage, Stage::Gray | Stage::Channels(_)))
}

/// The picture as the measurement makes it, with the 8 bits that a file of it would have, and the part of the original that
/// it was made of.
fn pixelated(
    picture: &Image,
    size: Size,
    kind: &MeasurementKind,
    sharp: Size,
    engine: &dyn Engine,
) -> Result<(Image, Image)> {
    let original = picture.crop(picture.centre_part(size))?;
    if kind.resize().is_some() {
        let target = kind.shrink(&original, size, engine)?.quantised();
        return Ok((target, original));
    }
    // Lengths in the measurement are pixels of the generator's pictures.
    let scale = (sharp.width as f64 / size.width as f64).min(sharp.height as f64 / size.height as f64);
    let [width, height] = [size.width, size.height].map(|length| (length as f64 * scale).round() as usize);
    let resized = original.resized(Kernel::Bicubic, Size::new(width, height))?;
    Ok((kind.shrink(&resized, size, engine)?.quantised(), original))
}

fn check_size(picture: &Image, sharp: Size, is_mosaic: bool, engine: &dyn Engine) -> Result<()> {
    if picture.width() <= sharp.width && picture.height() <= sharp.height {
        return Ok(());
    }
    let what = if is_mosaic { "blocks" } else { "pixels" };
    let message = format!(
        "its {} {what} are more than the {sharp} that the generator makes, so nothing is missing in it",
        picture.size()
    );
    let blur = if is_mosaic { None } else { blur(picture, sharp, engine) };
    Err(Error::new(ErrorKind::Picture, message).with_way_out(WayOut::Shrink { blur }))
}

/// The blur of a picture that looks blurred even at the generator's size: σ in its own pixels, and in the generator's.
fn blur(picture: &Image, sharp: Size, engine: &dyn Engine) -> Option<[f64; 2]> {
    let sigma = gaussian_sigma(picture, engine)?;
    let scale = (sharp.width as f64 / picture.width() as f64).min(sharp.height as f64 / picture.height() as f64);
    // Less is what any picture has.
    (sigma * scale >= 1.0).then_some([sigma, sigma * scale])
}
