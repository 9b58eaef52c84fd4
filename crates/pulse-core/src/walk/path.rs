//! From one point to another, along great circles and straight lines.

use super::coordinates::Point;
use crate::generator::{InputSpec, Start};
use crate::latent::{Geometry, arc};
use crate::vector::mixed;

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
    fn an_even_pace_dwells_where_much_happens() {
        let shares = evenly(&[0.0, 1.0, 4.0], 5);
        for (share, expected) in shares.iter().zip([0.0, 0.5, 0.5 + 0.5 / 3.0, 0.5 + 1.0 / 3.0, 1.0]) {
            assert!((share - expected).abs() < 1e-12, "{shares:?}");
        }
        assert_eq!(evenly(&[0.0, 0.0], 3), [0.0, 0.5, 1.0]);
    }
}
