//! A face that stands in the place of another: hair, jaw and ears are kept from one of the two, never from both.
//!
//! The seam is the closed path round the face along which the two pictures differ least, so it goes through plain skin, plain hair
//! or the ground behind, and not along one jaw beside another. Across it, each band of frequencies is blended over its own width
//! (Burt and Adelson, "A Multiresolution Spline With Application to Image Mosaics", 1983).

use std::f64::consts::TAU;

use pulse_core::face::{Point, blurred};
use pulse_core::image::{Image, Kernel, Size};

use super::fade::cubes;
use super::layer::place_of;
use crate::Result;

/// Directions in which the path has a radius each.
const DIRECTIONS: usize = 96;

/// The radii that it may have, as the `ρ` of a superellipse: beyond eyes, nose and mouth, and within the picture.
const RADII: usize = 26;
const NEAREST: f64 = 0.60;
const FARTHEST: f64 = 0.86;

/// What a step of the path costs where the two pictures are equal: short ones are better.
const LENGTH: f64 = 0.02;

/// Pixels along a side at which the pictures are compared.
const COARSE: usize = 64;

/// The widths of the bands' blends, in terms of the picture's side.
const WIDTHS: [f64; 4] = [0.5 / 64.0, 1.0 / 64.0, 2.0 / 64.0, 4.0 / 64.0];

/// `seen` with `face` within the seam: `seen + Σ_k (B_k − B_k+1)(face − seen) · B_k+1(m)`, where `B_k` blurs by the k-th width
/// and `m` is 1 within the seam. Both pictures have one shape.
pub(super) fn sewn(face: &Image, seen: &Image) -> Result<Image> {
    let size = face.width();
    let inside = inside(face, seen, size)?;
    let masks = WIDTHS.map(|width| blurred(&inside, size, size, width * size as f64));
    let mut values = Vec::with_capacity(face.values().len());
    for channel in 0..face.channels() {
        let (face, seen) = (face.plane(channel), seen.plane(channel));
        let mut finer: Vec<f32> = face.iter().zip(seen).map(|(face, seen)| face - seen).collect();
        let mut sewn = seen.to_vec();
        for (band, (width, mask)) in WIDTHS.iter().zip(&masks).enumerate() {
            let coarser = if band + 1 < WIDTHS.len() {
                blurred(&finer, size, size, 2.0 * width * size as f64)
            } else {
                vec![0.0; finer.len()]
            };
            for (((sewn, finer), coarser), mask) in sewn.iter_mut().zip(&finer).zip(&coarser).zip(mask) {
                *sewn += (finer - coarser) * mask;
            }
            finer = coarser;
        }
        values.extend(sewn);
    }
    Image::clamped(face.channels(), size, size, values)
}

/// 1 within the seam and 0 outside, `size` x `size` pixels.
fn inside(face: &Image, seen: &Image, size: usize) -> Result<Vec<f32>> {
    let radii = seam(face, seen)?;
    let is_inside = |place: Point| {
        let [x, y] = place.map(|u| 2.0 * u - 1.0);
        let turn = (y.atan2(x) / TAU).rem_euclid(1.0) * DIRECTIONS as f64;
        let (before, part) = (turn as usize % DIRECTIONS, turn.fract());
        let (here, next) = (radii[before], radii[(before + 1) % DIRECTIONS]);
        cubes(place).cbrt() < here + part * (next - here)
    };
    Ok((0..size * size).map(|index| f32::from(u8::from(is_inside(place_of(index, size))))).collect())
}

/// The radius of the seam in each direction: the closed path of the least cost, whose radius changes by one step at most from one
/// direction to the next.
fn seam(face: &Image, seen: &Image) -> Result<Vec<f64>> {
    let costs = costs(face, seen)?;
    let closed = (0..RADII).map(|start| cheapest_from(start, &costs));
    let (_, steps) = closed.min_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap_or_default();
    Ok(steps.into_iter().map(radius).collect())
}

fn radius(step: usize) -> f64 {
    NEAREST + (FARTHEST - NEAREST) * step as f64 / (RADII - 1) as f64
}

/// What it costs to pass through each radius of each direction: how much the pictures differ there, times the way.
fn costs(face: &Image, seen: &Image) -> Result<Vec<[f64; RADII]>> {
    let coarse = |image: &Image| {
        let side = image.width().min(COARSE);
        image.resized(Kernel::Area, Size::new(side, side))
    };
    let (face, seen) = (coarse(face)?, coarse(seen)?);
    let side = face.width();
    let cost = |direction: usize, step: usize| {
        let (sine, cosine) = (TAU * direction as f64 / DIRECTIONS as f64).sin_cos();
        let unit = 1.0 / (cosine.abs().powi(3) + sine.abs().powi(3)).cbrt();
        let radius = radius(step);
        let place = [cosine, sine].map(|x| f64::midpoint(1.0, radius * unit * x));
        let [x, y] = place.map(|u| ((u * side as f64) as usize).min(side - 1));
        let differ = |channel: usize| {
            let at = |image: &Image| f64::from(image.plane(channel)[y * side + x]);
            (at(&face) - at(&seen)).abs()
        };
        let difference = (0..face.channels()).map(differ).sum::<f64>() / face.channels() as f64;
        radius * unit * (LENGTH + difference)
    };
    Ok((0..DIRECTIONS).map(|direction| std::array::from_fn(|step| cost(direction, step))).collect())
}

/// The cheapest path that starts at this radius and ends beside it: its cost, and its radius in each direction, in steps.
fn cheapest_from(start: usize, costs: &[[f64; RADII]]) -> (f64, Vec<usize>) {
    let near = |step: usize| step.saturating_sub(1)..=(step + 1).min(RADII - 1);
    let mut sums = [f64::INFINITY; RADII];
    sums[start] = costs[0][start];
    let mut from = Vec::with_capacity(costs.len());
    for costs in &costs[1..] {
        let best = |step: usize| near(step).min_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(step);
        let before: [usize; RADII] = std::array::from_fn(best);
        sums = std::array::from_fn(|step| sums[before[step]] + costs[step]);
        from.push(before);
    }
    let end = near(start).min_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(start);
    let mut path = vec![end];
    for before in from.iter().rev() {
        path.push(before[path[path.len() - 1]]);
    }
    path.reverse();
    (sums[end], path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 64;

    fn picture(value: impl Fn(Point) -> f32) -> Image {
        let values: Vec<f32> = (0..SIZE * SIZE).map(|index| value(place_of(index, SIZE))).collect();
        Image::new(1, SIZE, SIZE, values).unwrap()
    }

    #[test]
    fn the_seam_goes_where_the_two_are_alike() {
        // They agree on a ring of radius 0.75 alone.
        let seen = picture(|_| 0.5);
        let face = picture(|place| if (cubes(place).cbrt() - 0.75).abs() < 0.04 { 0.5 } else { 0.9 });
        let radii = seam(&face, &seen).unwrap();
        assert!(radii.iter().all(|radius| (radius - 0.75).abs() < 0.05), "{radii:?}");
    }

    #[test]
    fn a_seam_is_closed_and_has_no_leaps() {
        let seen = picture(|[u, v]| (7.0 * u + 3.0 * v).sin().abs() as f32);
        let face = picture(|[u, v]| (5.0 * v - 2.0 * u).cos().abs() as f32);
        let radii = seam(&face, &seen).unwrap();
        let step = (FARTHEST - NEAREST) / (RADII - 1) as f64;
        for (direction, radius) in radii.iter().enumerate() {
            assert!((radius - radii[(direction + 1) % DIRECTIONS]).abs() < 1.01 * step);
        }
    }

    #[test]
    fn within_the_seam_is_the_face_and_outside_what_was_seen() {
        let (face, seen) = (picture(|_| 0.9), picture(|[u, _]| u as f32));
        let sewn = sewn(&face, &seen).unwrap();
        let at = |x: usize, y: usize| sewn.plane(0)[y * SIZE + x];
        assert!((at(32, 32) - 0.9).abs() < 0.01, "{}", at(32, 32));
        assert!((at(0, 0) - 0.5 / 64.0).abs() < 0.01, "{}", at(0, 0));
    }

    #[test]
    fn two_equal_pictures_stay_as_they_are() {
        let picture = picture(|[u, v]| (u * v) as f32);
        let sewn = sewn(&picture, &picture).unwrap();
        assert!(sewn.values().iter().zip(picture.values()).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
