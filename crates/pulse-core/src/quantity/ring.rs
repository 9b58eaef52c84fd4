//! The diameter of a ring.

use std::f64::consts::TAU;

use super::plane::Plane;

/// How many position angles.
const ANGLES: usize = 72;
/// The distance of two places on a ray, in pixels.
const STEP: f64 = 0.5;
/// The least radius that is a ring's, in pixels.
const LEAST: f64 = 2.0;
/// Radii that differ by more than this share of their mean are of no ring.
const MOST_DIFFERENT: f64 = 0.5;
/// The distances of the centres that are tried, the coarsest first, in pixels.
const GRIDS: [f64; 3] = [2.0, 0.5, 0.125];
/// How many centres on each side of the best of the last grid.
const NEAR: i32 = 4;

/// The radii of a ring as seen from a centre.
#[derive(Clone, Copy)]
struct Seen {
    mean: f64,
    /// Their standard deviation, as a share of the mean.
    spread: f64,
}

pub(super) fn diameter(plane: &Plane) -> Option<f64> {
    let middle = [(plane.width - 1) as f64 / 2.0, (plane.height - 1) as f64 / 2.0];
    let mut best: Option<(Seen, [f64; 2])> = None;
    for (place, grid) in GRIDS.into_iter().enumerate() {
        let (from, reach) = match best {
            Some((_, centre)) if place > 0 => (centre, NEAR),
            // At first the middle half of the picture.
            _ => (middle, (plane.width.min(plane.height) as f64 / 4.0 / grid) as i32),
        };
        for (row, column) in (-reach..=reach).flat_map(|row| (-reach..=reach).map(move |column| (row, column))) {
            let centre = [from[0] + grid * f64::from(column), from[1] + grid * f64::from(row)];
            if let Some(seen) = seen_from(plane, centre)
                && best.is_none_or(|(least, _)| seen.spread < least.spread)
            {
                best = Some((seen, centre));
            }
        }
    }
    let (seen, _) = best?;
    (seen.spread <= MOST_DIFFERENT).then_some(2.0 * seen.mean)
}

fn seen_from(plane: &Plane, centre: [f64; 2]) -> Option<Seen> {
    let mut radii = [0.0; ANGLES];
    for (number, radius) in radii.iter_mut().enumerate() {
        *radius = brightest(plane, centre, TAU * number as f64 / ANGLES as f64)?;
    }
    let mean = radii.iter().sum::<f64>() / ANGLES as f64;
    let variance = radii.iter().map(|radius| (radius - mean).powi(2)).sum::<f64>() / ANGLES as f64;
    Some(Seen { mean, spread: variance.sqrt() / mean })
}

/// The radius at which a ray from the centre is brightest, to a part of a step; nothing where that is its beginning, as on the ring
/// itself, or all of it is dark.
fn brightest(plane: &Plane, centre: [f64; 2], angle: f64) -> Option<f64> {
    let (sine, cosine) = angle.sin_cos();
    let at = |radius: f64| plane.at([centre[0] + radius * cosine, centre[1] + radius * sine]);
    let (mut peak, mut radius) = (0.0, None);
    let mut r = LEAST;
    while let Some(value) = at(r) {
        if value > peak {
            (peak, radius) = (value, Some(r));
        }
        r += STEP;
    }
    let radius = radius.filter(|&radius| radius > LEAST)?;
    // The top of the parabola through the brightest place and its neighbours.
    let (Some(before), Some(after)) = (at(radius - STEP), at(radius + STEP)) else { return Some(radius) };
    let bend = before - 2.0 * peak + after;
    let shift = if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
    Some(radius + STEP * shift.clamp(-0.5, 0.5))
}
