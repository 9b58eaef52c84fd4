//! From one point to another, along what the prior knows.

use super::coordinates::{Point, dot};
use crate::generator::{InputSpec, Start};
use crate::latent::Geometry;

/// The point at the share `t` of the way from `a` to `b`: great circles for what lies on spheres or was drawn from the
/// prior (`slerp`: Shoemake, "Animating Rotation with Quaternion Curves", 1985), straight lines for offsets and for all
/// else.
pub(super) fn between(specs: &[InputSpec], a: &[Vec<f32>], b: &[Vec<f32>], t: f64) -> Point {
    let along = |(spec, (a, b)): (&InputSpec, (&Vec<f32>, &Vec<f32>))| match (spec.geometry, &spec.start) {
        (Geometry::Sphere { group }, _) => {
            a.chunks_exact(group).zip(b.chunks_exact(group)).flat_map(|(a, b)| arc(a, b, t)).collect()
        }
        (Geometry::Fixed, Start::Normal) => arc(a, b, t),
        _ => mixed(a, b, 1.0 - t, t),
    };
    specs.iter().zip(a.iter().zip(b)).map(along).collect()
}

/// `(sin((1 − t) ω) â + sin(t ω) b̂) / sin ω` with the angle `ω` between the two, times a length that goes from `|a|` to
/// `|b|` in proportion. Where they point the same way, or opposite ways, the straight line has to do.
pub(super) fn arc(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    let (long_a, long_b) = (dot(a, a).sqrt(), dot(b, b).sqrt());
    let cosine = dot(a, b) / (long_a * long_b);
    let omega = cosine.clamp(-1.0, 1.0).acos();
    let sine = omega.sin();
    if !cosine.is_finite() || sine < 1e-6 {
        return mixed(a, b, 1.0 - t, t);
    }
    let length = (1.0 - t) * long_a + t * long_b;
    let weight = |share: f64, long: f64| (share * omega).sin() / sine * length / long;
    mixed(a, b, weight(1.0 - t, long_a), weight(t, long_b))
}

fn mixed(a: &[f32], b: &[f32], of_a: f64, of_b: f64) -> Vec<f32> {
    a.iter().zip(b).map(|(&a, &b)| (of_a * f64::from(a) + of_b * f64::from(b)) as f32).collect()
}

/// `count` shares from 0 to 1 between which a quantity grows evenly, which has grown by `gone` after equal shares.
pub(super) fn evenly(gone: &[f64], count: usize) -> Vec<f64> {
    let whole = gone[gone.len() - 1];
    let mut shares = Vec::with_capacity(count);
    let mut after = 0;
    for index in 0..count {
        let even = index as f64 / (count - 1) as f64;
        let wanted = even * whole;
        while after + 1 < gone.len() - 1 && gone[after + 1] < wanted {
            after += 1;
        }
        let step = gone[after + 1] - gone[after];
        let part = if step > 0.0 { ((wanted - gone[after]) / step).clamp(0.0, 1.0) } else { 0.0 };
        let share = (after as f64 + part) / (gone.len() - 1) as f64;
        shares.push(if whole > 0.0 { share } else { even });
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_keeps_its_length_and_its_pace() {
        let (a, b) = ([3.0, 0.0, 0.0], [0.0, 3.0, 0.0]);
        for (t, angle) in [(0.0, 0.0f32), (0.25, 22.5), (0.5, 45.0), (1.0, 90.0)] {
            let at = arc(&a, &b, t);
            let (sine, cosine) = angle.to_radians().sin_cos();
            for (found, expected) in at.iter().zip([3.0 * cosine, 3.0 * sine, 0.0]) {
                assert!((found - expected).abs() < 1e-6, "{t}: {at:?}");
            }
        }
    }

    #[test]
    fn an_even_pace_dwells_where_much_happens() {
        let shares = evenly(&[0.0, 1.0, 4.0], 5);
        for (share, expected) in shares.iter().zip([0.0, 0.5, 0.5 + 0.5 / 3.0, 0.5 + 1.0 / 3.0, 1.0]) {
            assert!((share - expected).abs() < 1e-12, "{shares:?}");
        }
        assert_eq!(evenly(&[0.0, 0.0], 3), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn ends_are_themselves_and_degenerate_arcs_are_finite() {
        let (a, b) = ([1.0, -2.0], [0.5, 4.0]);
        assert_eq!(arc(&a, &b, 0.0), a);
        assert_eq!(arc(&a, &a, 0.3), a);
        assert!(arc(&[0.0, 0.0], &b, 0.5).iter().all(|x| x.is_finite()));
        assert!(arc(&a, &[-1.0, 2.0], 0.5).iter().all(|x| x.is_finite()));
    }
}
