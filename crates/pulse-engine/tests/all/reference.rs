//! The reference: its gradients are those of its values, and it keeps an engine's promises.

use std::collections::BTreeSet;

use pulse_engine::{Network, Operator, Reference, reference};

use crate::{
    cases::{Case, all},
    contract,
    random::Random,
};

/// The step `h` of the central difference of fourth order,
/// `(8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12 h`. Its own error is `h⁴ f⁽⁵⁾ / 30`, below 1e-19 of the fifth
/// derivative, and rounding adds `1e-16 / h`, some 3e-12.
const STEP: f64 = 1.0 / 32768.0;
/// Three digits are left for large derivatives and for sums of many terms.
const TOLERANCE: f64 = 1e-9;

#[test]
fn gradients_are_central_differences() {
    // A function of the caller's own has too few digits for a difference.
    for case in all().filter(|case| !case.network.has_calls()) {
        let directions = directions(&case.network);
        let differences: Vec<_> = directions.iter().filter_map(|direction| difference(case, direction)).collect();
        assert!(2 * differences.len() > directions.len(), "{}: too many directions cross a kink", case.name);
        for Difference { exact, numeric, scale } in differences {
            let error = (exact - numeric).abs();
            assert!(error <= TOLERANCE * scale, "{}: {exact} is not {numeric}, off by {error:e}", case.name);
        }
    }
}

#[test]
fn agrees_with_the_reference() {
    // One rounding to f32 at the border, half a unit in the last place.
    contract::agrees_with_the_reference(&Reference, all(), |_| 6e-8, 1e-30);
}

#[test]
fn candidates_do_not_depend_on_the_batch() {
    contract::candidates_do_not_depend_on_the_batch(&Reference, all());
}

#[test]
fn gradients_do_not_depend_on_what_else_is_wanted() {
    contract::gradients_do_not_depend_on_what_else_is_wanted(&Reference, all());
}

#[test]
fn only_wanted_outputs_are_copied_out() {
    contract::only_wanted_outputs_are_copied_out(&Reference, all());
}

#[test]
fn calls_leave_nothing_behind() {
    contract::calls_leave_nothing_behind(&Reference, all());
}

#[test]
fn kinks_have_the_stated_derivative() {
    contract::kinks_have_the_stated_derivative(&Reference);
}

#[test]
fn the_clamp_lets_what_is_not_a_number_through() {
    let case = all().find(|case| case.name == "LeakyRelu clamped on [1]").expect("a clamped case");
    assert!(reference::forward(&case.network, &[vec![f64::NAN]])[1][0].is_nan());
}

/// A direction in the space of all inputs.
type Direction = Vec<Vec<f64>>;

/// Three that move every element, which no wrong element can hide from, and some that move only one.
fn directions(network: &Network) -> Vec<Direction> {
    let mut random = Random::new(3);
    let lengths: Vec<_> = network.inputs().iter().map(|port| port.shape.len()).collect();
    let dense = |_| lengths.iter().map(|&n| random.row(n).into_iter().map(f64::from).collect()).collect();
    let mut directions: Vec<Direction> = (0..3).map(dense).collect();
    for (input, &n) in lengths.iter().enumerate() {
        for element in (0..n).step_by(n.div_ceil(6)) {
            let mut direction: Direction = lengths.iter().map(|&n| vec![0.0; n]).collect();
            direction[input][element] = 1.0;
            directions.push(direction);
        }
    }
    directions
}

struct Difference {
    exact: f64,
    numeric: f64,
    /// What errors are measured against: the largest that `exact` could be, and the size of what was subtracted.
    scale: f64,
}

/// The derivative of `Σ cotangent · output` along a direction, twice; none when a step crosses a kink.
fn difference(case: &Case, direction: &Direction) -> Option<Difference> {
    let network = &case.network;
    let widen = |rows: Vec<Vec<f32>>| -> Vec<Vec<f64>> {
        rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect()
    };
    let (inputs, cotangents) = (widen(case.inputs(0)), widen(case.cotangents(0)));
    let values = reference::forward(network, &inputs);
    let gradients = reference::backward(network, &values, &cotangents);

    let moved = |step: f64| -> Vec<Vec<f64>> {
        let row = |(x, d): (&Vec<f64>, &Vec<f64>)| x.iter().zip(d).map(|(x, d)| x + step * d).collect();
        reference::forward(network, &inputs.iter().zip(direction).map(row).collect::<Vec<_>>())
    };
    let mut numeric = 0.0;
    let mut size = 0.0;
    for (steps, weight) in [(-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)] {
        let moved = moved(steps * STEP);
        if pieces(network, &moved) != pieces(network, &values) {
            return None;
        }
        for (port, cotangent) in network.outputs().iter().zip(&cotangents) {
            for (y, cotangent) in moved[port.value.index()].iter().zip(cotangent) {
                numeric += weight * cotangent * y / (12.0 * STEP);
                size += (cotangent * y).abs();
            }
        }
    }
    let exact = dot(&gradients, direction);
    let length = (dot(&gradients, &gradients) * dot(direction, direction)).sqrt();
    Some(Difference { exact, numeric, scale: length + size })
}

fn dot(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b).sum()
}

/// On which linear piece every leaky ReLU works (below zero or not, and clamped or not), and which pixels are the
/// largest of their windows.
fn pieces(network: &Network, values: &[Vec<f64>]) -> Vec<(bool, bool)> {
    let mut pieces = Vec::new();
    for (node, y) in network.nodes().iter().zip(values) {
        if let Operator::LeakyRelu { clamp, .. } = node.operator {
            let x = &values[node.arguments[0].index()];
            let binds = |y: f64| clamp.is_some_and(|clamp| y.abs() >= f64::from(clamp));
            pieces.extend(x.iter().zip(y).map(|(&x, &y)| (x >= 0.0, binds(y))));
        }
        if let Operator::MaxPool { .. } = node.operator {
            // Random numbers are all different, so the largest of a window are those that come out of it.
            let largest: BTreeSet<_> = y.iter().map(|y| y.to_bits()).collect();
            let x = &values[node.arguments[0].index()];
            pieces.extend(x.iter().map(|x| (largest.contains(&x.to_bits()), false)));
        }
    }
    pieces
}
