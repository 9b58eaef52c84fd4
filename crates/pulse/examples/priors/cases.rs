//! Truths, and what is given of them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use pulse::engine::Cpu;
use pulse::face::{Detector, DetectorConfig};
use pulse::image::{Image, Raster, Reader, Size, write_png};
use pulse::measurement::MeasurementKind;
use pulse::portrait::cut_faces;
use pulse::random::Stream;
use pulse::{Opened, Preparation, Prepared, Result};

/// A truth and what is given of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) prepared: Prepared,
    pub(crate) truth: Image,
}

/// The measurement that is called so, and the size of what is given.
fn measurement(given: &str, sharp: Size) -> (MeasurementKind, Size) {
    match given {
        "blur" => ("gaussian:3.4".parse().expect("a measurement"), sharp),
        "half" => (format!("mask:{HALF}").parse().expect("a measurement"), sharp),
        given => match given.parse() {
            Ok(side) => (MeasurementKind::default(), Size::new(side, side)),
            Err(_) => (given.parse().expect("a number of pixels, blur, half, or a measurement"), sharp),
        },
    }
}

/// Where the mask is written whose right half is covered.
const HALF: &str = "target/half.png";

/// Held-out pictures from the folder's `test.npz`. `given` is a measurement, with noise of `+S` levels after it where that is wanted.
pub(crate) fn held_out(opened: &Opened, folder: &str, given: &str, numbers: Range<usize>) -> Result<Vec<Case>> {
    let (given, noise) = noisy(given);
    let spec = opened.generator.spec();
    let sharp = Size::new(spec.width, spec.height);
    let (kind, size) = measurement(given, sharp);
    if given == "half" {
        let white = |p: usize| f32::from(u8::from(p % sharp.width < sharp.width / 2));
        let mask = Image::new(1, sharp.height, sharp.width, (0..sharp.width * sharp.height).map(white).collect())?;
        write_png(Path::new(HALF), &mask, None)?;
    }
    let kind = pulse::measurement::read_files(&kind)?;
    let case = |(index, truth): (usize, Image)| {
        let mut prepared = Prepared::shrunk(truth.clone(), size, &kind, spec, &Cpu::default())?;
        if noise > 0.0 {
            prepared.target = Arc::new(with_noise(&prepared.target, noise, index)?);
        }
        Ok(Case { name: format!("picture {}", index + 1), prepared, truth })
    };
    crate::held_out::pictures(Path::new(folder), numbers.clone())?
        .into_iter()
        .zip(numbers)
        .map(|(truth, index)| (index, truth))
        .map(case)
        .collect()
}

/// The faces in the photographs of the repository.
pub(crate) fn photographs(opened: &Opened, given: &str) -> Result<Vec<Case>> {
    let spec = opened.generator.spec();
    let engine = Cpu::default();
    let (kind, size) = measurement(given, Size::new(spec.width, spec.height));
    let mut detector = Detector::new(&engine, DetectorConfig::default())?;
    let mut files: Vec<_> = std::fs::read_dir("examples/photos").expect("run it in the repository's root").collect();
    files.sort_by_key(|file| file.as_ref().map(std::fs::DirEntry::file_name).ok());
    let mut cases = Vec::new();
    for file in files.into_iter().flatten().map(|file| file.path()) {
        if file.extension().is_none_or(|extension| extension != "jpg") {
            continue;
        }
        let photograph = Reader::default().read(&file)?;
        let demonstration = Preparation { pixelation: Some(size), ..Preparation::default() };
        for cut in cut_faces(Raster::from(&photograph), &mut detector, &demonstration, spec, None)?.cuts {
            let truth = if spec.channels == 1 { cut.seen.to_grey() } else { cut.seen.to_rgb() };
            let prepared = Prepared::shrunk(truth.clone(), size, &kind, spec, &engine)?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            cases.push(Case { name, prepared, truth });
        }
    }
    Ok(cases)
}

/// What is given, and the standard deviation of its noise, of 255, as `gaussian:2.5+3` says it.
pub(crate) fn noisy(given: &str) -> (&str, f64) {
    given.split_once('+').map_or((given, 0.0), |(given, noise)| (given, noise.parse().expect("the noise, of 255")))
}

/// The picture with normal noise of `noise` levels, in 8 bits.
fn with_noise(picture: &Image, noise: f64, number: usize) -> Result<Image> {
    let mut values = vec![0.0; picture.values().len()];
    Stream { seed: 1, candidate: number as u32, draw: 0, input: 0 }.fill_normal(&mut values);
    values.iter_mut().zip(picture.values()).for_each(|(noisy, value)| *noisy = value + noise as f32 / 255.0 * *noisy);
    Ok(Image::clamped(picture.channels(), picture.height(), picture.width(), values)?.quantised())
}
