//! How much light there is, and how it lies.

use super::plane::Plane;

/// How often the interval of radii is halved: to less than a thousandth of a pixel in pictures of a thousand.
const HALVINGS: usize = 24;

pub(super) fn flux(plane: &Plane) -> f64 {
    // Nothing is cut off at zero, and the background is a mean: so this is linear, and a blur leaves it as it was, but for what
    // crosses the edges.
    let border = plane.outermost();
    let background = border.iter().sum::<f64>() / border.len() as f64;
    plane.values.iter().map(|value| value - background).sum()
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

/// The radius round `centre` within which half of the light lies. A pixel that the circle cuts is in it by the share of its width, so
/// that the light within a radius grows without jumps; then halving finds the radius.
fn half_of(light: &Plane, centre: [f64; 2]) -> f64 {
    let pixels: Vec<(f64, f64)> =
        light.pixels().map(|([x, y], value)| ((x - centre[0]).hypot(y - centre[1]), value)).collect();
    let within = |radius: f64| pixels.iter().map(|(r, value)| value * (radius + 0.5 - r).clamp(0.0, 1.0)).sum::<f64>();
    let half = 0.5 * pixels.iter().map(|pixel| pixel.1).sum::<f64>();
    let (mut low, mut high) = (0.0, (light.width as f64).hypot(light.height as f64));
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if within(middle) < half {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
