//! Cuts faces out of a photograph and prepares them to be searched for.

use pulse_core::face::{Detector, aligned};
use pulse_core::generator::{GeneratorSpec, Subject};
use pulse_core::image::{Image, Size};
use pulse_engine::Engine;
use pulse_record::faces::CutFace;
use pulse_record::measurement::read_files;

use crate::{Error, ErrorKind, Opened, Preparation, Prepared, Result};

/// How many times smaller than the generator's pictures a face is made by default.
pub const FACTOR: usize = 4;

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

/// Every face of a photograph, cut out as the generator's pictures frame faces.
///
/// # Errors
/// As [`aligned`].
pub fn cut_faces(photograph: &Image, detector: &mut Detector, spec: &GeneratorSpec) -> Result<Vec<CutFace>> {
    let faces = detector.detect(photograph).into_iter();
    faces
        .map(|face| {
            let square = spec.frame.square(&face.landmarks);
            Ok(CutFace { seen: aligned(photograph, &square, spec.width)?, square, face })
        })
        .collect()
}

impl Prepared {
    /// A face, shrunk to the size at which it is searched for: the size that is asked for, or else the generator's divided by
    /// [`FACTOR`], but never of more pixels than the photograph has there.
    ///
    /// # Errors
    /// As [`Prepared::shrunk`].
    pub fn face(cut: &CutFace, preparation: &Preparation, spec: &GeneratorSpec, engine: &dyn Engine) -> Result<Self> {
        let kind = read_files(&preparation.measurement.clone().unwrap_or_default())?;
        let size = match preparation.pixelation {
            Some(size) => size,
            None if kind.resize().is_none() => Size::new(spec.width, spec.height),
            None => {
                let side = (spec.width / FACTOR).min(cut.square.side() as usize).max(1);
                Size::new(side, side)
            }
        };
        let seen = if spec.channels == 1 { cut.seen.to_grey() } else { cut.seen.to_rgb() };
        Self::shrunk(seen, size, &kind, spec, engine)
    }
}
