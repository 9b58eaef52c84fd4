//! How much light there is, and how it lies.

use super::plane::Plane;

pub(super) fn flux(plane: &Plane) -> f64 {
    plane.above_background().values.iter().sum()
}

pub(super) fn half_light_radius(plane: &Plane) -> Option<f64> {
    let light = plane.above_background();
    let centre = centroid(&light)?;
    Some(half_of(&light, centre))
}

pub(super) fn ellipticity(plane: &Plane) -> Option<f64> {
    let light = plane.above_background();
    let centre = centroid(&light)?;
    let reach = 3.0 * half_of(&light, centre);
    let (mut weight, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0);
    for (place, value) in light.pixels() {
        let [x, y] = [place[0] - centre[0], place[1] - centre[1]];
        if x.hypot(y) <= reach {
            weight += value;
            xx += value * x * x;
            xy += value * x * y;
            yy += value * y * y;
        }
    }
    let (middle, apart) = (f64::midpoint(xx, yy), (0.5 * (xx - yy)).hypot(xy));
    let (long, short) = (middle + apart, (middle - apart).max(0.0));
    (weight > 0.0 && long > 0.0).then(|| 1.0 - (short / long).sqrt())
}

/// The mean place of the light.
fn centroid(light: &Plane) -> Option<[f64; 2]> {
    let mut sums = [0.0; 3];
    for ([x, y], value) in light.pixels() {
        sums[0] += value * x;
        sums[1] += value * y;
        sums[2] += value;
    }
    let [x, y, all] = sums;
    (all > 0.0).then(|| [x / all, y / all])
}

/// The radius round `centre` within which half of the light lies. A pixel counts as far out as its middle, so radii between two
/// pixels are interpolated.
fn half_of(light: &Plane, centre: [f64; 2]) -> f64 {
    let mut pixels: Vec<(f64, f64)> =
        light.pixels().map(|([x, y], value)| ((x - centre[0]).hypot(y - centre[1]), value)).collect();
    pixels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * pixels.iter().map(|pixel| pixel.1).sum::<f64>();
    let (mut sum, mut radius) = (0.0, 0.0);
    for (r, value) in pixels {
        if sum + value >= half && value > 0.0 {
            return radius + (r - radius) * (half - sum) / value;
        }
        (sum, radius) = (sum + value, r);
    }
    radius
}
