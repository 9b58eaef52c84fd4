//! From the picture that was read to the one that is searched for.

use std::sync::Arc;

use pulse_core::generator::GeneratorSpec;
use pulse_core::image::{Image, Kernel, Rectangle, Size};
use pulse_core::measurement::{InFile, Measurement, MeasurementKind, Stage};
use pulse_core::mosaic::{Grid, Guess, Mosaic};
use pulse_core::place::{PlacedMeasurement, Placer};
use pulse_core::random::Stream;
use pulse_core::sharpness::gaussian_sigma;
use pulse_engine::Engine;
use pulse_record::image::{Raster, VIEWED, through_jpeg};
use pulse_record::measurement::read_files;
use pulse_record::record::{MosaicRecord, PlacementRecord};
use pulse_record::run::KNOWN;

use crate::note::Note;
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
    /// White where it is known, where a part of the picture was transparent: the mask that the measurement ends with.
    pub known: Option<Arc<Image>>,
    /// The blocks that it was reduced from.
    pub mosaic: Option<MosaicRecord>,
    /// The photograph of which the blocks are a part, where they are.
    pub photograph: Option<Arc<Raster>>,
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

impl Prepared {
    /// A picture as its file has it, by [`new`](Self::new). What it is too large for is said before any work. Where no colour
    /// was said to show through, a small picture is unknown where it is transparent.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Raster::part`].
    pub fn of_raster(
        raster: &Raster,
        preparation: &Preparation,
        generator: &GeneratorSpec,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let sharp = Size::new(generator.width, generator.height);
        let part = preparation.crop.unwrap_or_else(|| raster.whole());
        let is_small = part.width <= sharp.width && part.height <= sharp.height;
        let shrink = shrink_for(part);
        let mut picture = raster.part(part, shrink)?;
        if !is_small && preparation.pixelation.is_none() && preparation.blocks == Blocks::Off {
            return Err(too_large(Size::new(part.width, part.height), &picture, sharp, false, engine));
        }
        let mut notes: Vec<_> = raster.notes().iter().cloned().map(Note::File).collect();
        notes.extend((shrink > 1).then_some(Note::Reduced(shrink)));
        let blocks = preparation.blocks.shrunk(shrink)?;
        let mut preparation = Preparation { crop: None, blocks, ..preparation.clone() };
        let is_as_given = preparation.pixelation.is_none() && !matches!(preparation.blocks, Blocks::Grid(_));
        let may_be_unknown = is_small && is_as_given && raster.background().is_none();
        let opacity = if may_be_unknown { raster.opacity() } else { None };
        let known = opacity.map(|opacity| known_of(&opacity.crop(part)?)).transpose()?;
        let known = known.filter(|known| known.values().contains(&0.0)).map(Arc::new);
        if let Some(known) = &known {
            let unknown = known.values().iter().filter(|&&value| value == 0.0).count();
            if unknown == known.values().len() {
                let message =
                    "all of it is transparent, so nothing of it is known: --background white shows it over a colour";
                return Err(Error::new(ErrorKind::Picture, message));
            }
            picture = raster.opaque().part(part, 1)?;
            notes.push(Note::Transparent { unknown });
            let kind = preparation.measurement.take().unwrap_or_default();
            let mask = Stage::Mask(InFile::read(KNOWN, Image::clone(known)));
            preparation.measurement = Some(MeasurementKind::new([kind.stages(), &[mask]].concat())?);
            preparation.blocks = Blocks::Off;
        }
        let prepared = Self::prepare(picture, &preparation, generator, engine, Size::new(part.width, part.height))?;
        notes.extend(prepared.notes.iter().cloned());
        let is_part = |mosaic: &MosaicRecord| mosaic.region[2..] != [part.width, part.height];
        let photograph = prepared.mosaic.as_ref().filter(|mosaic| is_part(mosaic) && part == raster.whole());
        let photograph = photograph.map(|_| Arc::new(raster.clone()));
        Ok(Self { known, photograph, notes, ..prepared })
    }

    /// Crops, reduces blocks, pixelates, and brings to the channels of the measurement.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] with [`WayOut::Shrink`] for a picture of more pixels than the generator makes, and as
    /// [`Image::crop`], [`MeasurementKind::shrink`] and [`MeasurementKind::resolve`].
    pub fn new(
        picture: Image,
        preparation: &Preparation,
        generator: &GeneratorSpec,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let given = preparation.crop.map_or(picture.size(), |part| Size::new(part.width, part.height));
        Self::prepare(picture, preparation, generator, engine, given)
    }

    /// The same of a picture that was given so many times larger.
    fn prepare(
        mut picture: Image,
        preparation: &Preparation,
        generator: &GeneratorSpec,
        engine: &dyn Engine,
        given: Size,
    ) -> Result<Self> {
        let times = (given.width / picture.width()).max(1);
        let sharp = Size::new(generator.width, generator.height);
        if let Some(part) = preparation.crop {
            picture = picture.crop(part)?;
        }
        let mut notes = Vec::new();
        let mut all = if preparation.pixelation.is_some() { Vec::new() } else { preparation.blocks.of(&picture) };
        let mosaic = if all.is_empty() { None } else { Some(all.remove(0)) };
        if !all.is_empty() {
            notes.push(Note::OtherBlocks(all.iter().map(|(mosaic, _)| mosaic.enlarged(times).region).collect()));
        }
        if let Some((mosaic, detected)) = mosaic {
            picture = mosaic.reduce(&picture)?;
            if detected {
                notes.push(Note::Blocks { mosaic: mosaic.enlarged(times), count: picture.size() });
            }
        }
        let may_be_turned = mosaic.is_none() && preparation.pixelation.is_none() && preparation.blocks == Blocks::Auto;
        if may_be_turned && picture.width() <= sharp.width && picture.height() <= sharp.height {
            notes.extend(Mosaic::guess_turned(&picture).map(Note::Turned));
        }
        let usual = || if mosaic.is_some() { Kernel::Area.into() } else { MeasurementKind::default() };
        let kind = read_files(&preparation.measurement.clone().unwrap_or_else(usual))?;
        let (target, original) = match preparation.pixelation {
            None => {
                if picture.width() > sharp.width || picture.height() > sharp.height {
                    let size = if mosaic.is_some() { picture.size() } else { given };
                    return Err(too_large(size, &picture, sharp, mosaic.is_some(), engine));
                }
                (picture, None)
            }
            Some(size) => {
                let picture = if generator.channels == 1 { picture.to_grey() } else { picture.to_rgb() };
                let (target, original) = pixelated(&picture, size, &kind, sharp, engine)?;
                (target, Some(original))
            }
        };
        if generator.channels == 3 && original.is_none() && !makes_grey(&kind) {
            let grey = || MeasurementKind::new([&[Stage::Gray], kind.stages()].concat());
            if target.channels() == 1 || target.is_grey_in_colour() {
                notes.push(Note::Grey { colours: grey()? });
            } else if target.is_toned() {
                notes.push(Note::Toned { grey: grey()? });
            }
        }
        let mut prepared = Self::measured(target, &kind, generator)?;
        let target = &prepared.target;
        let numbers = target.values().len();
        if target.size() == sharp
            && prepared.measurement.is_well_conditioned()
            && prepared.measurement.known() == numbers
        {
            notes.push(Note::Complete { sharp, blur: blur(target.size(), target, sharp, engine) });
        }
        prepared.mosaic = mosaic.map(|(mosaic, detected)| MosaicRecord::new(&mosaic.enlarged(times), detected));
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
            known: None,
            mosaic: None,
            photograph: None,
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
        let target = as_file(&kind.shrink(&seen, size, engine)?, kind)?;
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
    /// The same in a picture that is so many times smaller.
    pub(crate) fn shrunk(self, by: usize) -> Result<Self> {
        match self {
            Self::Grid(grid) => grid.shrunk(by).map(Self::Grid),
            other => Ok(other),
        }
    }

    /// The blocks of a picture, those of the largest part first, and whether they were found and not given.
    pub(crate) fn of(self, picture: &Image) -> Vec<(Mosaic, bool)> {
        match self {
            Self::Off => Vec::new(),
            Self::Auto => Mosaic::detect_all(picture).into_iter().map(|mosaic| (mosaic, true)).collect(),
            Self::Grid(grid) => vec![(Mosaic::whole(grid, picture), false)],
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
        return Ok((as_file(&kind.shrink(&original, size, engine)?, kind)?, original));
    }
    // Lengths in the measurement are pixels of the generator's pictures.
    let scale = (sharp.width as f64 / size.width as f64).min(sharp.height as f64 / size.height as f64);
    let [width, height] = [size.width, size.height].map(|length| (length as f64 * scale).round() as usize);
    let resized = original.resized(Kernel::Bicubic, Size::new(width, height))?;
    Ok((as_file(&kind.shrink(&resized, size, engine)?, kind)?, original))
}

/// The light of a demonstration is the same each time.
const DEMONSTRATION: Stream = Stream { seed: 0, candidate: 0, draw: 0, input: 0 };

/// A picture with the 8 bits of a file, after the counting and the compression that are a part of the measurement.
fn as_file(picture: &Image, kind: &MeasurementKind) -> Result<Image> {
    if let Some(photons) = kind.photons() {
        return Ok(photons.count(picture, DEMONSTRATION)?.quantised());
    }
    match kind.jpeg() {
        Some(quality) => through_jpeg(picture, quality),
        None => Ok(picture.quantised()),
    }
}

/// By how much a part of a picture is to be shrunk along each side to be worked on.
pub(crate) fn shrink_for(part: Rectangle) -> usize {
    let pixels = part.width.saturating_mul(part.height);
    (1..=part.width).find(|shrink| pixels / (shrink * shrink) <= VIEWED).unwrap_or(1)
}

/// 1 where at least half of a pixel is there, else 0.
fn known_of(opacity: &Image) -> Result<Image> {
    let values = opacity.values().iter().map(|&value| f32::from(u8::from(value >= 0.5))).collect();
    Image::new(1, opacity.height(), opacity.width(), values)
}

/// What is said of a picture of this size, which may have been shrunk since.
fn too_large(size: Size, picture: &Image, sharp: Size, is_mosaic: bool, engine: &dyn Engine) -> Error {
    let what = if is_mosaic { "blocks" } else { "pixels" };
    let message =
        format!("its {size} {what} are more than the {sharp} that the generator makes, so nothing is missing in it");
    let blur = if is_mosaic { None } else { blur(size, picture, sharp, engine) };
    let times = size.width / picture.width().max(1);
    let blocks = if is_mosaic { None } else { Mosaic::guess(picture).map(|guess| guess.enlarged(times)) };
    let turned = blocks.map_or(0.0, |guess| guess.turned);
    let blocks = blocks.map(|Guess { grid: Grid { size, left, top }, .. }| [size, left, top]);
    Error::new(ErrorKind::Picture, message).with_way_out(WayOut::Shrink { blur, blocks, turned })
}

/// The blur of a picture that looks blurred even at the generator's size: σ in the pixels of the size that it had, and in the
/// generator's. A large picture is looked at in its middle.
fn blur(size: Size, picture: &Image, sharp: Size, engine: &dyn Engine) -> Option<[f64; 2]> {
    const SIDE: usize = 1024;
    let axis = |length: usize| (length.saturating_sub(SIDE) / 2, length.min(SIDE));
    let ((left, width), (top, height)) = (axis(picture.width()), axis(picture.height()));
    let middle = picture.crop(Rectangle { left, top, width, height }).ok()?;
    let sigma = gaussian_sigma(&middle, engine)? * size.width as f64 / picture.width() as f64;
    let scale = (sharp.width as f64 / size.width as f64).min(sharp.height as f64 / size.height as f64);
    // Less is what any picture has.
    (sigma * scale >= 1.0).then_some([sigma, sigma * scale])
}
