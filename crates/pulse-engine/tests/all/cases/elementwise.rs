//! Operators that work on each element, channel or pixel by itself, and how values are joined in a graph.

use pulse_engine::{Operator, Shape};

use super::{Case, add, graph, inputs, single};
use crate::random::Random;

/// One of each kind, and odd ones.
const SHAPES: [Shape; 7] = [
    Shape::Vector(1),
    Shape::Vector(33),
    Shape::Rows { rows: 3, width: 5 },
    Shape::map(1, 1, 1),
    Shape::map(3, 5, 7),
    Shape::map(17, 1, 9),
    Shape::map(32, 4, 4),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = constants();
    for shape in SHAPES {
        cases.extend(affine(shape));
        cases.extend(leaky_relus(shape));
        cases.push(single("", Operator::Tanh, &[shape]));
        cases.push(single("", Operator::Sigmoid, &[shape]));
        cases.push(single("", Operator::Silu, &[shape]));
        cases.push(single("", Operator::Square, &[shape]));
        cases.push(single("", Operator::InverseSqrt { epsilon: 1e-8 }, &[shape]).positive());
        cases.push(single("", Operator::Add, &[shape; 2]));
        cases.push(single("", Operator::Multiply, &[shape; 2]));
    }
    for shape @ (channels, height, width) in [(1, 1, 1), (3, 5, 7), (5, 1, 3), (16, 4, 4), (17, 3, 2), (48, 8, 8)] {
        let (map, style) = (Shape::map(channels, height, width), Shape::Vector(channels));
        cases.push(single("a channel", Operator::Add, &[map, style]));
        cases.push(single("without shift", Operator::Modulate, &[map, style]));
        cases.push(single("with shift", Operator::Modulate, &[map, style, style]));
        let mut random = Random::named(&format!("noise {shape:?}"));
        let shapes = [map, Shape::map(1, height, width)];
        cases.push(single("of one strength", Operator::AddNoise(random.around(0.0, 0.5, 1)), &shapes));
        let strengths = random.around(0.0, 0.5, channels);
        cases.push(single("of a strength a channel", Operator::AddNoise(strengths), &shapes));
    }
    cases.extend(wiring());
    cases
}

fn constants() -> Vec<Case> {
    let constant = |shape: Shape| {
        graph(format!("Constant of {shape}"), |builder| {
            let values = Random::named("constant").around(0.0, 1.0, shape.len());
            let constant = add(builder, Operator::Constant(shape, values), &[]);
            let x = inputs(builder, &[shape])[0];
            vec![add(builder, Operator::Multiply, &[x, constant]), constant]
        })
    };
    [Shape::Vector(5), Shape::Rows { rows: 2, width: 3 }, Shape::map(3, 5, 7)].map(constant).into()
}

/// Every broadcast of scale against every broadcast of shift.
fn affine(shape: Shape) -> Vec<Case> {
    let lengths = [("nothing", 0), ("one", 1), ("a channel", shape.channels()), ("an element", shape.len())];
    let mut random = Random::named(&format!("affine {shape}"));
    let mut cases = Vec::new();
    for (scale, n_scale) in lengths {
        for (shift, n_shift) in lengths {
            let affine = Operator::affine(random.around(0.5, 0.5, n_scale), random.around(0.0, 0.5, n_shift));
            cases.push(single(&format!("scaled by {scale}, shifted by {shift}"), affine, &[shape]));
        }
    }
    cases
}

fn leaky_relus(shape: Shape) -> Vec<Case> {
    let variants = [
        ("ReLU", 0.0, 1.0, None),
        ("of slope 0.2", 0.2, 1.0, None),
        ("of slope 0.2 and gain", 0.2, 2f32.sqrt(), None),
        ("of slope 5", 5.0, 1.0, None),
        ("linear and clamped", 1.0, 1.0, Some(0.5)),
        ("clamped", 0.2, 2f32.sqrt(), Some(0.25)),
    ];
    let case = |(note, slope, gain, clamp)| single(note, Operator::LeakyRelu { slope, gain, clamp }, &[shape]);
    variants.map(case).into()
}

fn wiring() -> Vec<Case> {
    let (vector, map) = (Shape::Vector(7), Shape::map(3, 5, 4));
    vec![
        graph("an input that is an output", |builder| inputs(builder, &[vector])),
        graph("two names for one value", |builder| {
            let x = inputs(builder, &[vector])[0];
            vec![add(builder, Operator::Tanh, &[x]); 2]
        }),
        graph("a value used twice by one node", |builder| {
            let x = inputs(builder, &[map])[0];
            let tanh = add(builder, Operator::Tanh, &[x]);
            let product = add(builder, Operator::Multiply, &[tanh, tanh]);
            vec![add(builder, Operator::Add, &[product, product])]
        }),
        graph("a value used by several nodes", |builder| {
            let x = inputs(builder, &[map])[0];
            let shared = add(builder, Operator::Affine(half()), &[x]);
            let square = add(builder, Operator::Square, &[shared]);
            let tanh = add(builder, Operator::Tanh, &[shared]);
            let sum = add(builder, Operator::Add, &[square, tanh]);
            vec![add(builder, Operator::Multiply, &[sum, shared])]
        }),
        graph("outputs that are arguments of later nodes, an input among them", |builder| {
            let [a, b] = inputs(builder, &[map, map])[..] else { unreachable!("two inputs") };
            let sum = add(builder, Operator::Add, &[a, b]);
            let activation = add(builder, Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[sum]);
            let tanh = add(builder, Operator::Tanh, &[activation]);
            vec![a, sum, activation, tanh]
        }),
        graph("an input that nothing depends on", |builder| {
            let [a, _] = inputs(builder, &[vector, map])[..] else { unreachable!("two inputs") };
            vec![add(builder, Operator::Square, &[a])]
        }),
        graph("a node that no output depends on", |builder| {
            let x = inputs(builder, &[vector])[0];
            add(builder, Operator::Tanh, &[x]);
            vec![add(builder, Operator::Square, &[x])]
        }),
        graph("a long chain of elementwise operators", |builder| {
            let mut x = inputs(builder, &[map])[0];
            for _ in 0..3 {
                x = add(builder, Operator::Affine(half()), &[x]);
                x = add(builder, Operator::LeakyRelu { slope: 0.1, gain: 1.5, clamp: Some(2.0) }, &[x]);
                x = add(builder, Operator::Tanh, &[x]);
            }
            vec![x]
        }),
    ]
}

fn half() -> pulse_engine::Affine {
    pulse_engine::Affine { scale: vec![0.5].into(), shift: vec![0.125].into() }
}
