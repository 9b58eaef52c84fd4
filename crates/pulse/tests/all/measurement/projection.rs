//! The exact projection, over the same list of measurements.

use pulse::measurement::{MeasurementKind, Projection, Size};
use pulse_engine::{Cpu, Reference};

use super::{Linear, adopted, dot, engines, measurements, numbers, well_conditioned};
use crate::fixture::max_difference;

#[test]
fn projections_reach_the_target_and_stay() {
    for measurement in well_conditioned() {
        let mut linear = Linear::new(&*measurement);
        let (mut x, y) = (numbers(5, linear.pixels), adopted(&*measurement, numbers(6, linear.numbers)));
        let error = linear.projection.project(&mut x, &y)[0];
        let left = max_difference(&linear.measure(&x), &y);
        println!("{}: {error:.1e} root mean square, {left:.1e} at most", measurement.describe());
        // The projected pictures reach past [0, 1], to about 2, where single precision has steps of 2e-7.
        assert!(error <= 1e-6 && left <= 5e-6, "{}: {error}, {left}", measurement.describe());
        let projected = x.clone();
        linear.projection.project(&mut x, &y);
        assert!(max_difference(&x, &projected) <= 5e-6, "{}", measurement.describe());
    }
}

/// The step is orthogonal to whatever the measurement cannot see.
#[test]
fn projections_move_in_the_range_of_the_adjoint() {
    for measurement in well_conditioned() {
        let mut linear = Linear::new(&*measurement);
        let mut unseen = numbers(7, linear.pixels);
        linear.projection.project(&mut unseen, &vec![0.0; linear.numbers]);
        let start = numbers(8, linear.pixels);
        let mut x = start.clone();
        linear.projection.project(&mut x, &adopted(&*measurement, numbers(9, linear.numbers)));
        let step: Vec<_> = x.iter().zip(&start).map(|(x, start)| x - start).collect();
        let cosine = dot(&step, &unseen) / (dot(&step, &step).sqrt() * dot(&unseen, &unseen).sqrt()).max(1e-3);
        assert!(cosine.abs() <= 1e-5, "{}: {cosine}", measurement.describe());
    }
}

/// Pictures at the border of [0, 1] on many pixels, and a target that some picture in [0, 1] has.
#[test]
fn projections_inside_end_in_range_and_near() {
    for measurement in well_conditioned() {
        let mut linear = Linear::new(&*measurement);
        let black_and_white = |seed| -> Vec<f32> {
            numbers(seed, linear.pixels).iter().map(|x| (1.6 * x - 0.3).clamp(0.0, 1.0)).collect()
        };
        let (mut x, truth) = (black_and_white(10), black_and_white(11));
        let y = linear.measure(&truth);
        let start: Vec<_> = linear.measure(&x).iter().zip(&y).map(|(a, b)| f64::from(a - b).powi(2)).collect();
        let start = (start.iter().sum::<f64>() / start.len() as f64).sqrt();
        let error = linear.projection.project_inside(&mut x, &y, 30)[0];
        println!("{}: from {start:.1e} to {error:.1e} inside [0, 1]", measurement.describe());
        assert!(x.iter().all(|x| (0.0..=1.0).contains(x)), "{}", measurement.describe());
        let left = max_difference(&linear.measure(&x), &y);
        assert!(
            left <= 3.0 * (linear.numbers as f64).sqrt() * error + 1e-6,
            "{}: reported {error}",
            measurement.describe()
        );
        assert!(error <= 1e-5, "{}: {error}", measurement.describe());
    }
}

/// Targets that ask for more contrast than any picture in [0, 1] gives: more alternations never end worse, and
/// none ends worse than clipping does.
#[test]
fn projections_inside_come_close_to_what_cannot_be_reached() {
    for measurement in measurements() {
        let mut linear = Linear::new(&*measurement);
        let y: Vec<_> = numbers(15, linear.numbers).iter().map(|y| 1.4 * y - 0.2).collect();
        let start: Vec<_> = numbers(16, linear.pixels).iter().map(|x| 1.6 * x - 0.3).collect();
        let mut error_after = |alternations| {
            let mut x = start.clone();
            let error = linear.projection.project_inside(&mut x, &y, alternations)[0];
            assert!(x.iter().all(|x| (0.0..=1.0).contains(x)), "{}", measurement.describe());
            error
        };
        let errors = [0, 1, 2, 4, 8, 32].map(&mut error_after);
        println!("{}: {errors:?}", measurement.describe());
        assert!(errors.is_sorted_by(|before, after| before >= after), "{}: {errors:?}", measurement.describe());
    }
}

#[test]
fn a_target_that_no_picture_has_is_reported() {
    let kind: MeasurementKind = "area:2".parse().unwrap();
    let measurement = kind.resolve(3, Size::new(4, 4), Size::new(2, 2)).unwrap();
    let mut projection = Projection::new(&Reference, &*measurement, 1).unwrap();
    let mut x = vec![0.5; 48];
    // Brighter than white by 0.25: white is the best there is.
    let error = projection.project_inside(&mut x, &[1.25; 12], 10)[0];
    assert!((error - 0.25).abs() < 1e-6, "{error}");
    assert!(x.iter().all(|&x| x == 1.0), "{x:?}");
}

/// Engines differ by rounding only, and candidates do not mix, whether they converge early or late.
#[test]
fn candidates_are_projected_each_for_itself() {
    let kind: MeasurementKind = "bicubic".parse().unwrap();
    let measurement = kind.resolve(3, Size::new(20, 16), Size::new(5, 6)).unwrap();
    let (pixels, count) = (measurement.input_shape().len(), measurement.output_shape().len());
    for (name, engine) in engines() {
        let mut alone = Projection::new(&*engine, &*measurement, 1).unwrap();
        let mut together = Projection::new(&*engine, &*measurement, 4).unwrap();
        let (mut x, y) = (numbers(12, 3 * pixels), numbers(13, 3 * count));
        // The second candidate starts where it should end.
        alone.project(&mut x[pixels..2 * pixels], &y[count..2 * count]);
        let start = x.clone();
        let errors = together.project(&mut x, &y).to_vec();
        assert_eq!(errors.len(), 3);
        assert!(errors.iter().all(|&error| error <= 1e-6), "{name}: {errors:?}");
        for ((x, start), y) in x.chunks(pixels).zip(start.chunks(pixels)).zip(y.chunks(count)) {
            let mut single = start.to_vec();
            alone.project(&mut single, y);
            assert!(max_difference(x, &single) <= 5e-6, "{name}");
        }
    }
}

/// `x` after `draw_nearer` is the least of `|W (y − A x)|² + δ |x − before|²`: there `δ (x − before) = Aᵀ W² (y − A x)`.
#[test]
fn damped_equations_end_between_the_picture_and_the_target() {
    let dampings = [1e-3, 0.2];
    for measurement in measurements() {
        let (pixels, count) = (measurement.input_shape().len(), measurement.output_shape().len());
        let y = adopted(&*measurement, numbers(21, count));
        let weights =
            measurement.variances(&y).map(|of| of.iter().map(|v| (0.05 / v.sqrt()) as f32).collect::<Vec<_>>());
        for prepared in [true, false] {
            let mut projection = Projection::new(&Reference, &*measurement, 2).unwrap().weighted(weights.clone());
            if prepared {
                projection = projection.damped(&Reference, &*measurement).unwrap();
            }
            let before = numbers(22, 2 * pixels);
            let mut x = before.clone();
            projection.draw_nearer(&mut x, &y.repeat(2), &dampings, 1e-5);
            for ((x, before), damping) in x.chunks(pixels).zip(before.chunks(pixels)).zip(dampings) {
                let mut residual = vec![0.0; count];
                projection.measure(x, &mut residual);
                for (place, (residual, y)) in residual.iter_mut().zip(&y).enumerate() {
                    *residual = (y - *residual) * weights.as_ref().map_or(1.0, |weights| weights[place].powi(2));
                }
                let mut pull = vec![0.0; pixels];
                projection.adjoint(&residual, &mut pull);
                let moved: Vec<f32> = x.iter().zip(before).map(|(x, before)| damping as f32 * (x - before)).collect();
                // Residuals are at most 1, and the equations are solved to 1e-5 of them.
                let left = max_difference(&pull, &moved);
                assert!(left <= 1e-4, "{}, prepared: {prepared}, damping {damping}: {left}", measurement.describe());
            }
        }
    }
}

/// To the bit, as every candidate of a search is.
#[test]
fn damped_candidates_do_not_depend_on_each_other() {
    let kind: MeasurementKind = "disk:2".parse().unwrap();
    let measurement = kind.resolve(3, Size::new(20, 16), Size::new(20, 16)).unwrap();
    let (pixels, count) = (measurement.input_shape().len(), measurement.output_shape().len());
    let engine = Cpu::default();
    let drawn = |x: &mut [f32], y: &[f32], dampings: &[f64]| {
        let projection = Projection::new(&engine, &*measurement, dampings.len()).unwrap();
        projection.damped(&engine, &*measurement).unwrap().draw_nearer(x, y, dampings, 1e-4);
    };
    let (mut x, y, dampings) = (numbers(31, 3 * pixels), numbers(32, 3 * count), [1e-5, 1e-2, 1.0]);
    let start = x.clone();
    drawn(&mut x, &y, &dampings);
    for (row, damping) in dampings.iter().enumerate() {
        let mut alone = start[row * pixels..(row + 1) * pixels].to_vec();
        drawn(&mut alone, &y[row * count..(row + 1) * count], &[*damping]);
        assert_eq!(alone, x[row * pixels..(row + 1) * pixels], "{damping}");
    }
}
