//! What is brighter than a level.

use super::plane::Plane;

/// The least region that counts, in pixels.
const LEAST: usize = 4;
/// How many levels of brightness are told apart.
const LEVELS: usize = 256;

pub(super) fn count(plane: &Plane, level: Option<f64>) -> usize {
    let mut bright = brighter(plane, level);
    let (width, height) = (plane.width, plane.height);
    let mut open = Vec::new();
    let mut regions = 0;
    for start in 0..bright.len() {
        let mut size = 0;
        open.extend(std::mem::take(&mut bright[start]).then_some(start));
        while let Some(at) = open.pop() {
            size += 1;
            let (x, y) = (at % width, at / width);
            for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let beside = y * width + x;
                    open.extend(std::mem::take(&mut bright[beside]).then_some(beside));
                }
            }
        }
        regions += usize::from(size >= LEAST);
    }
    regions
}

pub(super) fn area_fraction(plane: &Plane, level: Option<f64>) -> f64 {
    let bright = brighter(plane, level);
    bright.iter().filter(|&&bright| bright).count() as f64 / bright.len() as f64
}

fn brighter(plane: &Plane, level: Option<f64>) -> Vec<bool> {
    let level = level.unwrap_or_else(|| otsu(plane));
    plane.values.iter().map(|&value| value > level).collect()
}

/// The level that divides the values into two classes with the greatest variance between them: the maximum over `t` of
/// `w₀ w₁ (μ₀ − μ₁)²`, of the classes' shares and means (Otsu 1979).
fn otsu(plane: &Plane) -> f64 {
    let level_of = |value: f64| ((value * (LEVELS - 1) as f64).round() as usize).min(LEVELS - 1);
    let mut histogram = [0.0; LEVELS];
    plane.values.iter().for_each(|&value| histogram[level_of(value)] += 1.0);
    let all = plane.values.len() as f64;
    let sum: f64 = histogram.iter().enumerate().map(|(level, count)| level as f64 * count).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut greatest) = (0, 0.0);
    for (level, count) in histogram.iter().enumerate() {
        below += count;
        sum_below += level as f64 * count;
        if below == 0.0 || below == all {
            continue;
        }
        let apart = sum_below / below - (sum - sum_below) / (all - below);
        let between = below * (all - below) * apart * apart;
        if between > greatest {
            (best, greatest) = (level, between);
        }
    }
    // Between this level and the next: values of exactly this level belong to the dark class.
    (best as f64 + 0.5) / (LEVELS - 1) as f64
}
