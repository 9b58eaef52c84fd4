//! Cuts faces out of a photograph and prepares them to be searched for.
//!
//! A photograph gets better or stays as it is. A face of fewer pixels than the generator makes is searched for with all of the pixels that
//! it has, and the photograph is enlarged so that there is room for what was found. In a face of more pixels nothing is missing that
//! the generator could add, so it is left alone. Blocks over a face are filled. Only a demonstration, which shrinks each face first,
//! replaces one.

use std::sync::Arc;

use pulse_core::face::{Detector, Face, Square, aligned};
use pulse_core::generator::{GeneratorSpec, Subject};
use pulse_core::image::{Image, Kernel, Size};
use pulse_core::measurement::{MeasurementKind, Stage};
use pulse_core::mosaic::Mosaic;
use pulse_core::place::PlacedMeasurement;
use pulse_engine::Engine;
use pulse_record::faces::{CutFace, Portrait};
use pulse_record::measurement::read_files;
use pulse_record::photograph::{Photograph, Restoration};
use pulse_record::record::{MosaicRecord, PlacementRecord};

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
    mut picture: Image,
    detector: &mut Detector,
    preparation: &Preparation,
    spec: &GeneratorSpec,
    scale: Option<f64>,
) -> Result<Portrait> {
    let is_demonstration = preparation.pixelation.is_some();
    let mosaic = if is_demonstration { None } else { preparation.blocks.of(&picture) };
    let blocks = mosaic.as_ref().map(|(mosaic, _)| mosaic.reduce(&picture)).transpose()?;
    if let Some((mosaic, _)) = &mosaic {
        picture = mosaic.smoothed(&picture)?;
    }
    let (mut cuts, mut left) = (Vec::new(), Vec::new());
    for face in detector.detect(&picture) {
        let square = spec.frame.square(&face.landmarks);
        let covered = mosaic.as_ref().filter(|(mosaic, _)| covers(mosaic, &face));
        let (square, restoration) = if is_demonstration {
            (square, Restoration::Replaced)
        } else if let (Some((mosaic, detected)), Some(blocks)) = (covered, &blocks) {
            // Blocks are upright, whatever is under them.
            let square = Square::upright(square.centre, square.side());
            (square, Restoration::Blocks { small: blocks.clone(), mosaic: *mosaic, detected: *detected })
        } else {
            let Some(size) = size_of(&square, preparation.measurement.as_ref(), spec) else {
                left.push((face, square));
                continue;
            };
            (square, Restoration::Details { known: aligned(&picture, &square, size)?.quantised() })
        };
        cuts.push(CutFace { seen: aligned(&picture, &square, spec.width)?, square, face, restoration });
    }
    let scale = scale.unwrap_or_else(|| natural_scale(&cuts, spec, picture.size()));
    Ok(Portrait { photograph: Photograph::scaled(&picture, scale)?, cuts, left })
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
