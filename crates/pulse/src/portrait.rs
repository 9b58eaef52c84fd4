//! Cuts faces out of a photograph and prepares them to be searched for.
//!
//! A photograph gets better or stays as it is. A face of fewer pixels than the generator makes is searched for with all of the pixels that
//! it has, and the photograph is enlarged so that there is room for what was found. In a face of more pixels nothing is missing that
//! the generator could add, so it is left alone. Blocks over a face are filled. Only a demonstration, which shrinks each face first,
//! replaces one.

use std::sync::Arc;

use pulse_core::face::{Detector, Face, Landmarks, Point, Square, aligned};
use pulse_core::generator::{GeneratorSpec, Subject};
use pulse_core::image::{Image, Kernel, Rectangle, Size};
use pulse_core::measurement::{MeasurementKind, Stage};
use pulse_core::mosaic::Mosaic;
use pulse_core::place::{PlacedMeasurement, Placement};
use pulse_engine::Engine;
use pulse_record::faces::{CutFace, Portrait};
use pulse_record::image::Raster;
use pulse_record::measurement::read_files;
use pulse_record::photograph::{Photograph, Restoration};
use pulse_record::record::{MosaicRecord, PlacementRecord};

use crate::prepared::shrink_for;
use crate::{Error, ErrorKind, Opened, Preparation, Prepared, Result};

/// The most times that a photograph is enlarged by itself, and the most pixels that it then has.
const MOST_TIMES: f64 = 8.0;
const MOST_PIXELS: f64 = 64e6;

/// Checks that a generator's pictures can be faces cut out of a photograph, which are squares.
///
/// # Errors
/// [`ErrorKind::Setting`].
pub fn check_makes_faces(opened: &Opened) -> Result<()> {
    let (spec, name) = (opened.generator.spec(), &opened.record.name);
    if !matches!(opened.subject, Subject::Faces | Subject::Pictures) {
        let message = format!("{name} makes {}, no faces; take another generator", opened.subject.several());
        return Err(Error::new(ErrorKind::Setting, message));
    }
    if spec.width != spec.height {
        let message = format!(
            "faces are cut out as squares, and {name} makes pictures of {}x{}; take another generator",
            spec.width, spec.height
        );
        return Err(Error::new(ErrorKind::Setting, message));
    }
    Ok(())
}

/// Every face of a photograph, cut out as the generator's pictures frame faces, and the photograph that they are to be put back into:
/// `scale` times as large, or else as large as the faces ask for.
///
/// # Errors
/// As [`aligned`], [`Mosaic::reduce`] and [`Photograph::scaled`].
pub fn cut_faces(
    mut raster: Raster,
    detector: &mut Detector,
    preparation: &Preparation,
    spec: &GeneratorSpec,
    scale: Option<f64>,
) -> Result<Portrait> {
    let is_demonstration = preparation.pixelation.is_some();
    let shrink = shrink_for(raster.whole());
    let mut seen = raster.part(raster.whole(), shrink)?;
    let all = if is_demonstration { Vec::new() } else { preparation.blocks.shrunk(shrink)?.of(&seen) };
    let mut mosaics = Vec::new();
    for (mosaic, detected) in all {
        let blocks = mosaic.reduce(&seen)?;
        mosaics.push((mosaic.enlarged(shrink), detected, blocks));
    }
    for (mosaic, _, blocks) in &mosaics {
        smooth(&mut raster, mosaic, blocks)?;
    }
    if !mosaics.is_empty() {
        seen = raster.part(raster.whole(), shrink)?;
    }
    let found = detector.detect(&seen);
    let view = View { raster: &raster, whole: (shrink == 1).then_some(seen) };
    let (mut cuts, mut left) = (Vec::new(), Vec::new());
    for face in found {
        let face = enlarged(&face, shrink as f64);
        let square = spec.frame.square(&face.landmarks);
        let covered = mosaics.iter().find(|(mosaic, ..)| covers(mosaic, &face));
        let (square, restoration) = if is_demonstration {
            (square, Restoration::Replaced)
        } else if let Some((mosaic, detected, blocks)) = covered {
            // Blocks are upright, whatever is under them.
            let square = Square::upright(square.centre, square.side());
            (square, Restoration::Blocks { small: blocks.clone(), mosaic: *mosaic, detected: *detected })
        } else {
            let Some(size) = size_of(&square, preparation.measurement.as_ref(), spec) else {
                left.push((face, square));
                continue;
            };
            (square, Restoration::Details { known: view.aligned(&square, size)?.quantised() })
        };
        cuts.push(CutFace { seen: view.aligned(&square, spec.width)?, square, face, restoration });
    }
    drop(view);
    let scale = scale.unwrap_or_else(|| natural_scale(&cuts, spec, raster.size()));
    Ok(Portrait { photograph: Photograph::scaled(&raster, scale)?, cuts, left })
}

/// A photograph that parts are seen of: of a large one, each is read when it is looked at.
struct View<'a> {
    raster: &'a Raster,
    whole: Option<Image>,
}

/// What comes of a picture of which a part is made of blocks: the photograph with a candidate in their place.
pub(crate) struct InPhotograph {
    photograph: Photograph,
    square: Square,
    seen: Image,
    restoration: Restoration,
}

impl InPhotograph {
    /// The photograph that was prepared with its blocks; nothing where it was no photograph.
    pub(crate) fn of(prepared: &Prepared, spec: &GeneratorSpec) -> Result<Option<Self>> {
        let (Some(raster), Some(record)) = (&prepared.photograph, &prepared.mosaic) else { return Ok(None) };
        if spec.width != spec.height {
            return Ok(None);
        }
        let mosaic = record.mosaic();
        let mut raster = (**raster).clone();
        let shrink = shrink_for(raster.whole());
        let small = mosaic.shrunk(shrink)?.reduce(&raster.part(raster.whole(), shrink)?)?;
        smooth(&mut raster, &mosaic, &small)?;
        let Size { width, height } = small.size();
        let side = width.max(height) as f64;
        // Nothing is stretched: the target is the middle of what the generator makes.
        let whole = Placement { left: (width as f64 - side) / 2.0, top: (height as f64 - side) / 2.0, side };
        let square = mosaic.square(prepared.placement.map_or(whole, |placement| placement.placement()));
        let seen = View { raster: &raster, whole: None }.aligned(&square, spec.width)?;
        let restoration = Restoration::Blocks { mosaic, detected: record.detected, small };
        Ok(Some(Self { photograph: Photograph::scaled(&raster, 1.0)?, square, seen, restoration }))
    }

    /// The photograph with this candidate.
    pub(crate) fn with(&self, candidate: &Image) -> Result<Photograph> {
        let mut photograph = self.photograph.clone();
        photograph.put(&self.square, candidate, &self.seen, &self.restoration)?;
        Ok(photograph)
    }
}

/// Puts the colours of blocks, going over into each other, in their place.
fn smooth(raster: &mut Raster, mosaic: &Mosaic, blocks: &Image) -> Result<()> {
    const ROWS: usize = 256;
    let Rectangle { left, top, width, height } = mosaic.region;
    for first in (0..height).step_by(ROWS) {
        let rows = first..height.min(first + ROWS);
        let part = Rectangle { left, top: top + first, width, height: rows.len() };
        raster.put(part, &mosaic.smooth_rows(blocks, rows)?);
    }
    Ok(())
}

impl View<'_> {
    fn aligned(&self, square: &Square, size: usize) -> Result<Image> {
        if let Some(whole) = &self.whole {
            return aligned(whole, square, size);
        }
        // Whatever is seen where the square leaves the photograph is made of what is near it.
        let Size { width, height } = self.raster.size();
        let margin = square.side();
        let [low, high] = square.bounds();
        let axis = |axis: usize, length: usize| {
            let start = (low[axis] - margin).max(0.0) as usize;
            let end = ((high[axis] + margin).max(0.0) as usize + 1).min(length);
            (start.min(end), end.saturating_sub(start))
        };
        let ((left, width), (top, height)) = (axis(0, width), axis(1, height));
        let shrink = ((square.side() / (3.0 * size as f64)) as usize).max(1);
        let part = self.raster.part(Rectangle { left, top, width, height }, shrink)?;
        let factor = shrink as f64;
        let centre = [square.centre[0] - left as f64, square.centre[1] - top as f64].map(|x| (x + 0.5) / factor - 0.5);
        aligned(&part, &Square { centre, right: square.right.map(|x| x / factor) }, size)
    }
}

/// A face in a picture that is so many times larger. The centres of pixels are at whole numbers.
fn enlarged(face: &Face, factor: f64) -> Face {
    let point = |point: Point| point.map(|x| (x + 0.5) * factor - 0.5);
    let outline = Square { centre: point(face.outline.centre), right: face.outline.right.map(|x| x * factor) };
    Face { outline, landmarks: Landmarks::from_points(face.landmarks.points().map(point)), ..face.clone() }
}

/// The pixels along a side of the small picture of a face: as many as the photograph has of it, where the measurement shrinks by any
/// factor. Nothing where those are all that the generator makes.
fn size_of(square: &Square, measurement: Option<&MeasurementKind>, spec: &GeneratorSpec) -> Option<usize> {
    let resize = |stage: &Stage| if let Stage::Resize(_, factor) = stage { Some(*factor) } else { None };
    let default = [Stage::Resize(Kernel::default(), None)];
    let stages = measurement.map_or(&default[..], MeasurementKind::stages);
    let factors: Vec<_> = stages.iter().filter_map(resize).collect();
    if factors.iter().any(Option::is_none) {
        let size = (square.side() as usize).max(1);
        return (size < spec.width).then_some(size);
    }
    Some(factors.into_iter().flatten().fold(spec.width, |size, factor| (size as f64 / factor.get()).round() as usize))
}

/// Whether the middle of a face is under the blocks.
fn covers(mosaic: &Mosaic, face: &Face) -> bool {
    let region = mosaic.region;
    let within = |x: f64, start: usize, length: usize| x >= start as f64 && x < (start + length) as f64;
    let [x, y] = face.outline.centre;
    within(x, region.left, region.width) && within(y, region.top, region.height)
}

/// So many times that no face is smaller than the generator makes it; in a demonstration, that none is larger; with blocks, which
/// stand in a photograph that is sharp beside them, once.
fn natural_scale(cuts: &[CutFace], spec: &GeneratorSpec, size: Size) -> f64 {
    let times = |cut: &CutFace| spec.width as f64 / cut.square.side();
    let of = |wanted: fn(&Restoration) -> bool| cuts.iter().filter(move |cut| wanted(&cut.restoration)).map(times);
    let replaced = of(|how| matches!(how, Restoration::Replaced)).fold(f64::INFINITY, f64::min);
    if replaced.is_finite() {
        return replaced.min(MOST_TIMES);
    }
    let details = of(|how| matches!(how, Restoration::Details { .. })).fold(1.0, f64::max);
    let most = (MOST_PIXELS / (size.width * size.height) as f64).sqrt().max(1.0);
    details.min(MOST_TIMES).min(most)
}

impl Prepared {
    /// A face, ready to be searched for, with all that the photograph shows of it: its own pixels, the blocks over it, or, in a
    /// demonstration, what is left when it is shrunk to the size that is asked for.
    ///
    /// # Errors
    /// As [`Prepared::shrunk`], [`Prepared::measured`] and [`PlacedMeasurement::new`].
    pub fn face(cut: &CutFace, preparation: &Preparation, spec: &GeneratorSpec, engine: &dyn Engine) -> Result<Self> {
        let kind = read_files(&preparation.measurement.clone().unwrap_or_default())?;
        let channelled = |image: &Image| if spec.channels == 1 { image.to_grey() } else { image.to_rgb() };
        match &cut.restoration {
            Restoration::Replaced => {
                let size = preparation.pixelation.unwrap_or(Size::new(spec.width, spec.height));
                Self::shrunk(channelled(&cut.seen), size, &kind, spec, engine)
            }
            Restoration::Details { known } => Self::measured(channelled(known), &kind, spec),
            Restoration::Blocks { small, mosaic, detected } => {
                let placement = mosaic.placement(&cut.square);
                let sharp = Size::new(spec.width, spec.height);
                let kernel = kind.resize().filter(|_| preparation.measurement.is_some()).unwrap_or(Kernel::Area);
                let measurement = PlacedMeasurement::new(kernel, spec.channels, sharp, small.size(), placement)?;
                let target = channelled(&small.crop(measurement.part())?);
                let prepared = Self::own(target, Arc::new(measurement));
                Ok(Self {
                    mosaic: Some(MosaicRecord::new(mosaic, *detected)),
                    placement: Some(PlacementRecord::new(placement, small.size())),
                    kernel: Some(kernel),
                    measured_as: kernel.name().into(),
                    ..prepared
                })
            }
        }
    }
}
