//! The fast engine over every case.

use pulse_engine::{Cpu, Shape};

use crate::cases::{Case, every};
use crate::contract;

/// A sum of some hundred products in `f32` is off by some 1e-6 of its largest terms. Where an instance has two
/// pixels only, the gradient is what is left after nearly all of it has cancelled, and loses another digit.
const TOLERANCE: f64 = 1e-5;
/// Winograd's tiles of six are off by some 4e-6 at random, of which the worst of some thousand numbers has four times, and
/// one such layer follows another.
const TOLERANCE_OF_LARGE_MAPS: f64 = 2.5e-5;
/// A few units in the last place of numbers around one, for gradients that cancel to nothing.
const FLOOR: f64 = 1e-6;

/// A case has large maps where one of its inputs has a hundred tiles of six.
fn tolerance(case: &Case) -> f64 {
    let tiles = |shape| match shape {
        Shape::Map { height, width, .. } => height.div_ceil(6) * width.div_ceil(6),
        _ => 0,
    };
    let large = case.network.inputs().iter().any(|port| tiles(port.shape) >= 100);
    if large { TOLERANCE_OF_LARGE_MAPS } else { TOLERANCE }
}

#[test]
fn agrees_with_the_reference() {
    contract::agrees_with_the_reference(&Cpu::default(), every(), tolerance, FLOOR);
}

#[test]
fn agrees_with_the_reference_where_it_is_precise() {
    contract::agrees_with_the_reference(&Cpu::default().precise(), every(), |_| TOLERANCE, FLOOR);
}

#[test]
fn forward_alone_agrees_with_the_reference() {
    contract::forward_alone_agrees(&Cpu::default(), every(), tolerance, FLOOR);
}

#[test]
fn candidates_do_not_depend_on_the_batch() {
    contract::candidates_do_not_depend_on_the_batch(&Cpu::default(), every());
}

#[test]
fn gradients_do_not_depend_on_what_else_is_wanted() {
    contract::gradients_do_not_depend_on_what_else_is_wanted(&Cpu::default(), every());
}

#[test]
fn only_wanted_outputs_are_copied_out() {
    contract::only_wanted_outputs_are_copied_out(&Cpu::default(), every());
}

#[test]
fn calls_leave_nothing_behind() {
    contract::calls_leave_nothing_behind(&Cpu::default(), every());
}

#[test]
fn kinks_have_the_stated_derivative() {
    contract::kinks_have_the_stated_derivative(&Cpu::default());
}
