//! What the arguments ask for beside the settings of the search, as run.json has it.

use std::collections::BTreeMap;
use std::path::Path;

use pulse::checksum::sha256_of_file;
use pulse::measurement::{Blur, MeasurementKind, Stage};
use pulse::record::{FacesRecord, RequestRecord};

use super::arguments::{Arguments, Blocks, Pixelation, hexadecimal};
use crate::failure::Failure;

/// The record of a request. Files that it names are read.
pub(super) fn record(arguments: &Arguments) -> Result<RequestRecord, Failure> {
    let faces = arguments.faces.then(|| arguments.detection.config());
    Ok(RequestRecord {
        measurement: arguments.measurement.as_ref().map(ToString::to_string),
        measurement_files: arguments.measurement.as_ref().map(checksums).unwrap_or_default(),
        mosaic: match arguments.mosaic {
            Blocks::Auto => "auto".into(),
            Blocks::Off => "off".into(),
            // Not as people read it, which is rounded.
            Blocks::Grid(grid) => format!("{}+{}+{}", grid.size, grid.left, grid.top),
        },
        crop: arguments.crop.map(|part| [part.left, part.top, part.width, part.height]),
        pixelate: arguments.pixelate.map(|pixelation| match pixelation {
            Pixelation::Side(side) => [side, side],
            Pixelation::Size(size) => [size.width, size.height],
        }),
        background: hexadecimal(arguments.background),
        init: arguments.init.as_deref().map(sha256_of_file).transpose()?,
        precise: arguments.engine.is_precise(),
        faces: faces.map(|config| FacesRecord { confidence: config.confidence, smallest: config.smallest }),
        save_intermediate: arguments.save_intermediate.map(usize::from),
    })
}

/// The checksums of the files that stages name. What is wrong with one is said when it is needed.
fn checksums(measurement: &MeasurementKind) -> BTreeMap<String, String> {
    let file = |stage: &Stage| match stage {
        Stage::Blur(Blur::Psf(file)) | Stage::Mask(file) => Some(file.clone()),
        _ => None,
    };
    let files = measurement.stages().iter().filter_map(file);
    let checksum = |file: &Path| Some((file.display().to_string(), sha256_of_file(file).ok()?));
    files.filter_map(|file| checksum(&file)).collect()
}
