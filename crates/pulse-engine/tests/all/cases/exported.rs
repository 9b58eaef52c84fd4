//! Operators that networks of any kind are written in: rearrangements, curves, products of two computed matrices.

use pulse_engine::{Curve, Gather, Operator, Shape};

use super::unet::convolution;
use super::{Case, add, graph, inputs, single};
use crate::random::Random;

const MAPS: [Shape; 4] = [Shape::map(1, 2, 3), Shape::map(3, 5, 7), Shape::map(8, 4, 4), Shape::map(17, 3, 2)];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for from in [Shape::Vector(5), Shape::Rows { rows: 3, width: 7 }].into_iter().chain(MAPS) {
        for to in [Shape::Vector(6), Shape::Rows { rows: 2, width: 9 }].into_iter().chain(MAPS) {
            cases.push(single(&format!("to {to}"), gather(from, to), &[from]));
        }
    }
    for curve in CURVES {
        for shape in [Shape::Vector(33), Shape::map(3, 5, 7), Shape::map(17, 3, 2)] {
            cases.push(single(&format!("{curve:?}"), Operator::Curve(curve), &[shape]).positive());
        }
    }
    for curve in [Curve::Erf, Curve::Sine, Curve::Exponential, Curve::Absolute, Curve::Clip { low: -0.5, high: 0.25 }] {
        cases.push(single(&format!("{curve:?} below zero"), Operator::Curve(curve), &[Shape::map(9, 4, 4)]));
    }
    for shape in [Shape::Vector(1), Shape::Vector(33), Shape::Rows { rows: 5, width: 17 }] {
        cases.push(single("", Operator::Softmax, &[shape]));
    }
    for (channels, height, inner, width) in [(1, 1, 1, 1), (3, 5, 7, 4), (2, 4, 33, 40), (8, 3, 5, 2), (17, 4, 3, 6)] {
        let shapes = [Shape::map(channels, height, inner), Shape::map(channels, inner, width)];
        cases.push(single("", Operator::MatrixProduct, &shapes));
    }
    cases.push(bordered());
    cases
}

const CURVES: [Curve; 10] = [
    Curve::Exponential,
    Curve::Logarithm,
    Curve::Root,
    Curve::Reciprocal,
    Curve::Power(1.7),
    Curve::Sine,
    Curve::Cosine,
    Curve::Erf,
    Curve::Absolute,
    Curve::Clip { low: f32::NEG_INFINITY, high: 0.75 },
];

/// Some numbers twice, some not at all, and a few that are nothing.
fn gather(from: Shape, to: Shape) -> Operator {
    let index = (0..to.len()).map(|i| if i % 5 == 3 { Gather::NOTHING } else { (i * 7 % from.len()) as u32 });
    Operator::Gather(Gather { index: index.collect(), shape: to })
}

/// Between two convolutions that want borders round their maps.
fn bordered() -> Case {
    graph("rearranged between maps with borders", |builder| {
        let shape = Shape::map(16, 4, 4);
        let x = inputs(builder, &[shape])[0];
        let activated = add(builder, Operator::Tanh, &[x]);
        let turned = add(builder, gather(shape, shape), &[activated]);
        let mut random = Random::named("turned");
        let turned = add(builder, convolution(&mut random, 16, 16, 3), &[turned]);
        let beside = add(builder, convolution(&mut random, 16, 16, 3), &[activated]);
        vec![add(builder, Operator::Add, &[turned, beside])]
    })
}
