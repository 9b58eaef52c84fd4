//! Losses against PULSE's numbers, and their text.

use proptest::prelude::*;
use pulse::loss::{Loss, LossValues, Term};

use crate::fixture::{Fixture, max_difference};

const FLOOR: f64 = 0.002;

struct Evaluated {
    values: Vec<LossValues>,
    measured_gradient: Vec<f32>,
    latent_gradient: Vec<f32>,
}

fn evaluate(loss: &str, fixture: &Fixture, case: &str) -> Evaluated {
    let [measured, target, latent] =
        ["generated_lr", "reference_lr", "latent"].map(|name| fixture.f32(&format!("{case}.{name}")));
    let shape = fixture.shape(&format!("{case}.latent"));
    let (batch, rows, width) = (shape[0], shape[1], shape[2]);
    let (numbers, latent_numbers) = (measured.len() / batch, rows * width);
    let mut evaluator = loss.parse::<Loss>().unwrap().evaluator(numbers, rows, width, Some(FLOOR));
    let mut measured_gradient = vec![f32::NAN; measured.len()];
    let mut latent_gradient = vec![f32::NAN; latent.len()];
    let values = (0..batch)
        .map(|i| {
            let (image, rows) = (i * numbers..(i + 1) * numbers, i * latent_numbers..(i + 1) * latent_numbers);
            evaluator.evaluate(
                &measured[image.clone()],
                &target[image.clone()],
                &latent[rows.clone()],
                &mut measured_gradient[image],
                &mut latent_gradient[rows],
            )
        })
        .collect();
    Evaluated { values, measured_gradient, latent_gradient }
}

fn assert_relative(found: f64, wanted: f32, tolerance: f64, what: &str) {
    let error = (found - f64::from(wanted)).abs() / f64::from(wanted).abs();
    println!("{what}: relative error {error:.1e}");
    assert!(error <= tolerance, "{what}: {found} is not {wanted}");
}

/// The reference sums in f32, which leaves a relative error of about 1e-7 times the root of the count.
#[test]
fn terms_and_gradients_are_the_references() {
    let fixture = Fixture::open("losses");
    for case in ["batch1", "batch3"] {
        for (term, get) in [
            (Term::L2, (|values| values.l2) as fn(&LossValues) -> f64),
            (Term::L1, |values| values.l1),
            (Term::Geocross, |values| values.geocross),
        ] {
            let name = format!("{case}.{}", term.to_string().to_lowercase());
            let wanted_gradient = fixture.f32(&format!("{name}_grad"));
            let evaluated = evaluate(&term.to_string(), &fixture, case);
            let wanted = fixture.f32(&name)[0];
            assert_relative(evaluated.values.iter().map(get).sum(), wanted, 1e-6, &name);
            assert_relative(evaluated.values.iter().map(|values| values.total).sum(), wanted, 1e-6, &name);
            let (gradient, other) = match term {
                Term::Geocross => (&evaluated.latent_gradient, &evaluated.measured_gradient),
                _ => (&evaluated.measured_gradient, &evaluated.latent_gradient),
            };
            let largest = max_difference(&wanted_gradient, &vec![0.0; wanted_gradient.len()]);
            let error = max_difference(gradient, &wanted_gradient) / largest;
            println!("{name}: gradient, relative to its largest entry {error:.1e}");
            assert!(error <= 1e-5, "{name}: gradient differs by {error}");
            assert!(other.iter().all(|&gradient| gradient == 0.0), "{name} has no gradient but its own");
        }
    }
}

#[test]
fn a_sum_weighs_its_terms() {
    let fixture = Fixture::open("losses");
    let [l2, l1, geocross] = ["L2", "L1", "GEOCROSS"].map(|loss| evaluate(loss, &fixture, "batch1"));
    let sum = evaluate("100*L2+3*L1+0.05*GEOCROSS", &fixture, "batch1");
    let values = sum.values[0];
    let total = 100.0 * l2.values[0].total + 3.0 * l1.values[0].total + 0.05 * geocross.values[0].total;
    assert!((values.total - total).abs() <= 1e-12 * total);
    let gradient: Vec<_> =
        l2.measured_gradient.iter().zip(&l1.measured_gradient).map(|(l2, l1)| 100.0 * l2 + 3.0 * l1).collect();
    // A few roundings of single precision; the entries are of the order 0.1.
    assert!(max_difference(&sum.measured_gradient, &gradient) <= 1e-7);
    let gradient: Vec<_> = geocross.latent_gradient.iter().map(|g| 0.05 * g).collect();
    assert!(max_difference(&sum.latent_gradient, &gradient) <= 1e-6);
}

#[test]
fn below_the_floor_the_sum_is_flat() {
    let loss: Loss = "100*L2+L1".parse().unwrap();
    let (measured, target) = ([0.5, 0.5], [0.501, 0.499]);
    let mut gradients = ([f32::NAN; 2], [f32::NAN; 1]);
    let values =
        loss.evaluator(2, 1, 1, Some(FLOOR)).evaluate(&measured, &target, &[1.0], &mut gradients.0, &mut gradients.1);
    assert!((values.l2 - 1e-6).abs() < 1e-9, "the value itself is not raised");
    assert!((values.total - (100.0 * FLOOR + 10.0 * FLOOR)).abs() < 1e-12);
    assert_eq!(gradients, ([0.0; 2], [0.0]));
    loss.evaluator(2, 1, 1, None).evaluate(&measured, &target, &[1.0], &mut gradients.0, &mut gradients.1);
    assert!(gradients.0[0] < 0.0 && gradients.0[1] > 0.0, "without a floor the slope leads on");
}

#[test]
fn one_row_has_no_angle() {
    let loss: Loss = "GEOCROSS".parse().unwrap();
    let mut gradients = ([f32::NAN; 1], [f32::NAN; 3]);
    let values =
        loss.evaluator(1, 1, 3, None).evaluate(&[0.0], &[0.0], &[1.0, 2.0, 3.0], &mut gradients.0, &mut gradients.1);
    assert_eq!((values.geocross, values.total), (0.0, 0.0));
    assert_eq!(gradients.1, [0.0; 3]);
}

/// All rows equal is where the search begins in W; the square root must not blow up there.
#[test]
fn equal_rows_have_almost_no_gradient() {
    let loss: Loss = "GEOCROSS".parse().unwrap();
    let row: Vec<f32> = (0..64).map(|i| (i as f32 * 0.7).sin()).collect();
    let latent = row.repeat(5);
    let mut gradients = ([0.0; 1], vec![f32::NAN; latent.len()]);
    let values = loss.evaluator(1, 5, 64, None).evaluate(&[0.0], &[0.0], &latent, &mut gradients.0, &mut gradients.1);
    // 64 θ² with θ² = 4e-9 / |2 u|² and |u|² about 32.
    assert!(values.geocross > 0.0 && values.geocross < 1e-8);
    assert!(gradients.1.iter().all(|gradient| gradient.abs() < 1e-8));
}

proptest! {
    /// Central differences in f64 cannot reach through the f32 interface better than about 1e-3 of the value.
    #[test]
    fn geocross_has_the_slope_of_its_value(
        latent in prop::collection::vec(-2.0f32..2.0, 3 * 4),
        direction in prop::collection::vec(-1.0f32..1.0, 3 * 4),
    ) {
        prop_assume!(latent.chunks(4).all(|row| row.iter().map(|v| v * v).sum::<f32>() > 0.5));
        let mut evaluator = "GEOCROSS".parse::<Loss>().unwrap().evaluator(1, 3, 4, None);
        let (mut gradient, mut unused) = (vec![0.0; 12], [0.0]);
        let mut value_at = |offset: f32, gradient: &mut [f32]| {
            let moved: Vec<_> = latent.iter().zip(&direction).map(|(x, d)| x + offset * d).collect();
            evaluator.evaluate(&[0.0], &[0.0], &moved, &mut unused, gradient).geocross
        };
        let h = 1.0 / 256.0;
        let slope = (value_at(h, &mut gradient) - value_at(-h, &mut gradient)) / (2.0 * f64::from(h));
        value_at(0.0, &mut gradient);
        let predicted: f64 = gradient.iter().zip(&direction).map(|(&g, &d)| f64::from(g) * f64::from(d)).sum();
        let size: f64 = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        prop_assert!((slope - predicted).abs() <= 0.02 * (size + 10.0), "{slope} against {predicted}");
    }

    #[test]
    fn text_round_trips(weights in prop::collection::vec(1e-6f64..1e6, 3), order in Just(Term::ALL).prop_shuffle(), count in 1usize..=3) {
        let terms: Vec<_> = weights.iter().zip(order).take(count).map(|(weight, term)| format!("{weight}*{term}")).collect();
        let text = terms.join("+");
        let loss: Loss = text.parse().unwrap();
        prop_assert_eq!(loss.to_string(), text);
    }

    #[test]
    fn any_text_ends_in_a_loss_or_an_error(text in ".*") {
        if let Ok(loss) = text.parse::<Loss>() {
            prop_assert_eq!(loss.to_string().parse::<Loss>().unwrap(), loss);
        }
    }
}

#[test]
fn errors_name_what_can_stand_there() {
    for (text, reason) in [
        ("100*L3", "`L3` is not a term"),
        ("", "a term is missing"),
        ("L2+", "a term is missing"),
        ("x*L2", "the weight `x` is not a number"),
        ("-1*L2", "not above zero"),
        ("inf*L2", "not above zero and finite"),
        ("L2+2*L2", "twice"),
    ] {
        let message = text.parse::<Loss>().unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert!(message.contains("a term is L2, L1 or GEOCROSS"), "{message}");
    }
}

#[test]
fn exponents_with_a_sign_are_numbers() {
    assert_eq!("1e+2*L2+5E-2*GEOCROSS".parse::<Loss>().unwrap(), Loss::default());
    assert_eq!("1e+2*L2 + 0.05*geocross".parse::<Loss>().unwrap(), Loss::default());
}
