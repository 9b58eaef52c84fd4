//! Where candidates may lie.

use proptest::prelude::*;
use pulse::latent::{Geometry, Retraction};
use pulse_engine::Shape;

fn norm(v: &[f32]) -> f64 {
    v.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

fn numbers() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-3.0f32..3.0, 12)
}

proptest! {
    /// The 1e-9 under the roots changes norms above 0.1 by less than 1e-7; single precision does the rest.
    #[test]
    fn spheres_keep_the_norm_of_each_group(start in numbers(), moved in numbers(), group in prop::sample::select(vec![3usize, 4, 12])) {
        prop_assume!(start.chunks(group).chain(moved.chunks(group)).all(|v| norm(v) > 0.1));
        let mut retraction = Retraction::new(Geometry::Sphere { group }, 2, 12);
        retraction.start(1, &start, 0.0);
        let mut x = moved.clone();
        retraction.retract(1, &mut x);
        for ((x, start), moved) in x.chunks(group).zip(start.chunks(group)).zip(moved.chunks(group)) {
            prop_assert!((norm(x) - norm(start)).abs() <= 1e-6 * norm(start));
            let cosine: f64 = x.iter().zip(moved).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / norm(x) / norm(moved);
            prop_assert!(cosine > 1.0 - 1e-9, "the direction stays");
        }
    }

    #[test]
    fn balls_let_the_inside_alone(x in numbers(), relative_radius in 0.01f32..2.0, reference in 0.1f64..10.0) {
        let mut retraction = Retraction::new(Geometry::Ball { relative_radius }, 1, 12);
        retraction.start(0, &x, reference);
        prop_assert!((retraction.radius(0) - f64::from(relative_radius) * reference).abs() <= 1e-6 * reference);
        let radius = f64::from(relative_radius) * reference;
        let mut retracted = x.clone();
        retraction.retract(0, &mut retracted);
        if norm(&x) < radius * (1.0 - 1e-6) {
            prop_assert_eq!(retracted, x);
        } else {
            prop_assert!((norm(&retracted) - radius).abs() <= 2e-6 * radius);
        }
    }

    #[test]
    fn radii_move_with_their_candidates(a in numbers(), b in numbers(), moved in numbers()) {
        prop_assume!(norm(&a) > 0.1 && norm(&b) > 0.1 && norm(&moved) > 0.1);
        let mut retraction = Retraction::new(Geometry::Sphere { group: 12 }, 2, 12);
        retraction.start(0, &a, 0.0);
        retraction.start(1, &b, 0.0);
        retraction.swap(0, 1);
        let mut x = moved;
        retraction.retract(0, &mut x);
        prop_assert!((norm(&x) - norm(&b)).abs() <= 1e-6 * norm(&b));
    }

    #[test]
    fn free_and_fixed_change_nothing(x in numbers()) {
        for geometry in [Geometry::Free, Geometry::Fixed] {
            let mut retraction = Retraction::new(geometry, 1, 12);
            retraction.start(0, &x, 1.0);
            let mut retracted = x.clone();
            retraction.retract(0, &mut retracted);
            prop_assert_eq!(&retracted, &x);
        }
    }
}

#[test]
fn the_sphere_of_a_shape_is_as_in_pulse() {
    assert_eq!(Geometry::sphere(Shape::Rows { rows: 18, width: 512 }), Geometry::Sphere { group: 512 });
    assert_eq!(Geometry::sphere(Shape::Vector(100)), Geometry::Sphere { group: 100 });
    assert_eq!(Geometry::sphere(Shape::map(1, 4, 8)), Geometry::Sphere { group: 32 });
}

#[test]
fn zero_stays_finite() {
    let mut retraction = Retraction::new(Geometry::Sphere { group: 4 }, 1, 4);
    let mut x = [0.0; 4];
    retraction.start(0, &x, 0.0);
    retraction.retract(0, &mut x);
    assert_eq!(x, [0.0; 4]);
}
