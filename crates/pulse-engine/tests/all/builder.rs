//! What the builder refuses, and how it says so.

use std::sync::Arc;

use pulse_engine::{
    Convolution, Dense, ErrorKind, Fir, FirTaps, FourierFeatures, NetworkBuilder, Operator, SeparableMap, Shape,
    SparseMatrix, Weights,
};

const VECTOR: Shape = Shape::Vector(4);
const ROWS: Shape = Shape::Rows { rows: 2, width: 3 };
const MAP: Shape = Shape::map(2, 3, 5);

fn zeros(n: usize) -> Weights {
    vec![0.0; n].into()
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_the_name_of_the_operator() {
    for (operator, shapes) in refused() {
        let mut builder = NetworkBuilder::new();
        let named = shapes.iter().enumerate();
        let inputs: Vec<_> =
            named.map(|(i, &shape)| builder.input(format!("x{i}"), shape).expect("a sound input")).collect();
        let error = builder.add(operator.clone(), &inputs).expect_err(&format!("{operator:?} on {shapes:?}"));
        assert_eq!(error.kind(), ErrorKind::Shape, "{error}");
        let start = format!("{} (node {}) ", operator.name(), inputs.len());
        let message = error.to_string();
        assert!(message.starts_with(&start) && message.len() > start.len(), "`{message}` should start with `{start}`");
        assert!(!message.contains('\n'), "{message}");
    }
}

fn refused() -> Vec<(Operator, Vec<Shape>)> {
    [wrong_counts(), wrong_numbers(), wrong_vectors(), wrong_maps(), wrong_convolutions(), wrong_filters()].concat()
}

fn wrong_counts() -> Vec<(Operator, Vec<Shape>)> {
    vec![
        (Operator::Input, vec![]),
        (Operator::Constant(VECTOR, zeros(4)), vec![VECTOR]),
        (Operator::Tanh, vec![]),
        (Operator::Tanh, vec![VECTOR, VECTOR]),
        (Operator::Add, vec![VECTOR]),
        (Operator::Multiply, vec![VECTOR; 3]),
        (Operator::Concatenate, vec![]),
        (Operator::Modulate, vec![MAP]),
        (Operator::Modulate, vec![MAP, Shape::Vector(2), Shape::Vector(2), Shape::Vector(2)]),
        (Operator::AddNoise(zeros(1)), vec![MAP]),
    ]
}

fn wrong_numbers() -> Vec<(Operator, Vec<Shape>)> {
    let leaky = |slope, gain, clamp| (Operator::LeakyRelu { slope, gain, clamp }, vec![MAP]);
    let fourier = |sampling_rate| {
        let features = FourierFeatures {
            frequencies: zeros(2),
            phases: zeros(1),
            transform: [0.0; 9],
            height: 1,
            width: 1,
            sampling_rate,
            bandwidth: 1.0,
        };
        (Operator::FourierFeatures(features), vec![VECTOR])
    };
    vec![
        leaky(0.2, 1.0, Some(-1.0)),
        leaky(0.2, 1.0, Some(f32::NAN)),
        leaky(0.2, 1.0, Some(f32::NEG_INFINITY)),
        leaky(f32::NAN, 1.0, None),
        leaky(0.2, f32::INFINITY, None),
        fourier(f32::NAN),
        (Operator::Normalize { epsilon: f32::NAN }, vec![VECTOR]),
        (Operator::InverseSqrt { epsilon: f32::INFINITY }, vec![VECTOR]),
        (Operator::InstanceNorm { epsilon: f32::NAN }, vec![MAP]),
        (Operator::GroupNorm { groups: 1, epsilon: f32::NAN }, vec![MAP]),
    ]
}

fn wrong_vectors() -> Vec<(Operator, Vec<Shape>)> {
    let dense = |weight, bias: Option<usize>, out_features, in_features| {
        Operator::Dense(Dense { weight: zeros(weight), bias: bias.map(zeros), out_features, in_features })
    };
    vec![
        (Operator::Constant(VECTOR, zeros(3)), vec![]),
        (Operator::Constant(Shape::Vector(0), zeros(0)), vec![]),
        (Operator::Constant(Shape::Rows { rows: usize::MAX, width: 2 }, zeros(0)), vec![]),
        (dense(11, None, 3, 4), vec![VECTOR]),
        (dense(12, Some(4), 3, 4), vec![VECTOR]),
        (dense(12, None, 4, 3), vec![VECTOR]),
        (dense(12, None, 3, 4), vec![ROWS]),
        (dense(0, None, 0, 4), vec![VECTOR]),
        (dense(0, None, usize::MAX, 4), vec![VECTOR]),
        (dense(10, None, 2, 5), vec![MAP]),
        (Operator::Row(2), vec![ROWS]),
        (Operator::Row(0), vec![VECTOR]),
        (Operator::RepeatRows(0), vec![VECTOR]),
        (Operator::RepeatRows(usize::MAX), vec![VECTOR]),
        (Operator::RepeatRows(2), vec![ROWS]),
        (Operator::Slice { start: 3, length: 2 }, vec![VECTOR]),
        (Operator::Slice { start: 3, length: 0 }, vec![VECTOR]),
        (Operator::Slice { start: usize::MAX, length: 2 }, vec![VECTOR]),
        (Operator::Slice { start: 1, length: 2 }, vec![MAP]),
        (Operator::GroupNorm { groups: 3, epsilon: 1e-5 }, vec![MAP]),
        (Operator::GroupNorm { groups: 0, epsilon: 1e-5 }, vec![MAP]),
        (Operator::GroupNorm { groups: 1, epsilon: 1e-5 }, vec![VECTOR]),
        (Operator::Attention { heads: 3 }, vec![MAP; 3]),
        (Operator::Attention { heads: 1 }, vec![MAP; 2]),
        (Operator::Attention { heads: 1 }, vec![VECTOR; 3]),
        (Operator::Pad { vertical: [usize::MAX, 1], horizontal: [0; 2] }, vec![MAP]),
        (Operator::Pad { vertical: [0; 2], horizontal: [0; 2] }, vec![VECTOR]),
        (Operator::Add, vec![MAP, VECTOR]),
        (Operator::Concatenate, vec![VECTOR, ROWS]),
        (Operator::Normalize { epsilon: 0.0 }, vec![MAP]),
        (Operator::Reshape(Shape::map(1, 1, 5)), vec![VECTOR]),
        (Operator::Reshape(Shape::map(usize::MAX, 4, usize::MAX)), vec![VECTOR]),
        (Operator::Add, vec![Shape::Vector(30), MAP]),
        (Operator::Multiply, vec![VECTOR, Shape::Vector(5)]),
    ]
}

fn wrong_maps() -> Vec<(Operator, Vec<Shape>)> {
    let features = |frequencies, phases, height| {
        Operator::FourierFeatures(FourierFeatures {
            frequencies: zeros(frequencies),
            phases: zeros(phases),
            transform: [0.0; 9],
            height,
            width: 2,
            sampling_rate: 4.0,
            bandwidth: 1.0,
        })
    };
    vec![
        (Operator::affine(zeros(3), zeros(0)), vec![MAP]),
        (Operator::affine(zeros(0), zeros(15)), vec![MAP]),
        (Operator::affine(zeros(2), zeros(0)), vec![ROWS]),
        (Operator::InstanceNorm { epsilon: 0.0 }, vec![VECTOR]),
        (Operator::Modulate, vec![MAP, Shape::Vector(3)]),
        (Operator::Modulate, vec![MAP, Shape::Vector(2), Shape::Vector(1)]),
        (Operator::Modulate, vec![VECTOR, VECTOR]),
        (Operator::Modulate, vec![MAP, MAP]),
        (Operator::AddNoise(zeros(1)), vec![MAP, MAP]),
        (Operator::AddNoise(zeros(1)), vec![MAP, Shape::map(1, 5, 3)]),
        (Operator::AddNoise(zeros(3)), vec![MAP, Shape::map(1, 3, 5)]),
        (Operator::AddNoise(zeros(0)), vec![MAP, Shape::map(1, 3, 5)]),
        (features(4, 2, 2), vec![Shape::Vector(3)]),
        (features(4, 2, 2), vec![Shape::map(4, 1, 1)]),
        (features(3, 2, 2), vec![VECTOR]),
        (features(0, 0, 2), vec![VECTOR]),
        (features(4, 2, 0), vec![VECTOR]),
        (features(4, 2, usize::MAX), vec![VECTOR]),
    ]
}

fn wrong_convolutions() -> Vec<(Operator, Vec<Shape>)> {
    let sound = Convolution {
        weight: zeros(54),
        bias: None,
        out_channels: 3,
        in_channels: 2,
        kernel: [3, 3],
        stride: 1,
        padding: 0,
    };
    let wrong = [
        Convolution { weight: zeros(53), ..sound.clone() },
        Convolution { bias: Some(zeros(2)), ..sound.clone() },
        Convolution { in_channels: 3, out_channels: 2, ..sound.clone() },
        Convolution { stride: 0, ..sound.clone() },
        Convolution { stride: usize::MAX, ..sound.clone() },
        Convolution { padding: usize::MAX, ..sound.clone() },
        Convolution { weight: zeros(0), kernel: [0, 3], ..sound.clone() },
        Convolution { weight: zeros(0), out_channels: 0, ..sound.clone() },
        Convolution { kernel: [usize::MAX, usize::MAX], ..sound.clone() },
    ];
    let mut cases: Vec<_> = wrong
        .into_iter()
        .flat_map(|wrong| [Operator::Convolution(wrong.clone()), Operator::TransposedConvolution(wrong)])
        .map(|operator| (operator, vec![MAP]))
        .collect();
    // A kernel that is larger than the map, and a border that takes all of it away.
    cases.push((Operator::Convolution(sound.clone()), vec![Shape::map(2, 2, 5)]));
    let cropped = Convolution { padding: 3, ..sound.clone() };
    cases.push((Operator::TransposedConvolution(cropped), vec![Shape::map(2, 4, 5)]));
    cases.push((Operator::Convolution(sound), vec![Shape::Vector(30)]));
    cases
}

fn wrong_filters() -> Vec<(Operator, Vec<Shape>)> {
    let full = |height, width, taps| FirTaps::Full { height, width, taps: zeros(taps) };
    let fir =
        |taps, up, down, padding_y| (Operator::Fir(Fir { taps, up, down, padding_y, padding_x: [1, 1] }), vec![MAP]);
    let separable = |rows, columns| {
        let matrix = |n, columns| Arc::new(SparseMatrix::from_rows(columns, vec![Vec::new(); n]));
        (Operator::SeparableMap(SeparableMap { vertical: matrix(rows, columns), horizontal: matrix(2, 5) }), vec![MAP])
    };
    vec![
        fir(full(3, 3, 8), 1, 1, [1, 1]),
        fir(full(0, 3, 0), 1, 1, [1, 1]),
        fir(full(usize::MAX, 3, 9), 1, 1, [1, 1]),
        fir(FirTaps::Separable { vertical: zeros(0), horizontal: zeros(1) }, 1, 1, [1, 1]),
        fir(full(3, 3, 9), 0, 1, [1, 1]),
        fir(full(3, 3, 9), 1, 0, [1, 1]),
        fir(full(3, 3, 9), usize::MAX, 1, [1, 1]),
        fir(full(3, 3, 9), (1 << 10) + 1, 1, [1, 1]),
        fir(full(3, 3, 9), 1, (1 << 10) + 1, [1, 1]),
        fir(full(3, 3, 9), 1, 1, [-1, 0]),
        fir(full(3, 3, 9), 1, 1, [isize::MAX, isize::MAX]),
        fir(full(3, 3, 9), 1, 1, [isize::MIN, isize::MAX]),
        separable(2, 4),
        separable(0, 3),
    ]
}

#[test]
fn inputs_that_hold_nothing_or_too_much_are_refused() {
    for shape in [
        Shape::Vector(0),
        Shape::Rows { rows: 0, width: 3 },
        Shape::map(1, 0, 1),
        Shape::Vector(usize::MAX),
        Shape::map(usize::MAX, 2, usize::MAX),
        Shape::map(1, 1, (1 << 20) + 1),
        Shape::map(1, (1 << 20) + 1, 1),
    ] {
        let error = NetworkBuilder::new().input("x", shape).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::Shape, "{error}");
        assert!(error.to_string().starts_with("Input (node 0) is "), "{error}");
    }
}

#[test]
fn names_are_unique_and_must_exist() {
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", VECTOR).expect("a new name");
    assert_eq!(builder.input("x", VECTOR).expect_err("taken").kind(), ErrorKind::Name);
    assert_eq!(builder.clone().build().expect_err("no output").kind(), ErrorKind::Name);
    builder.output("y", x).expect("a new name");
    assert_eq!(builder.output("y", x).expect_err("taken").kind(), ErrorKind::Name);
    let network = builder.build().expect("a network");
    assert_eq!(network.inputs().len(), 1, "the refused input has left nothing behind");
    let error = network.input("z").expect_err("no such input");
    assert_eq!(error.kind(), ErrorKind::Name);
    assert_eq!(error.to_string(), "the network has no input `z`; it has x");
    assert_eq!(network.output("x").expect_err("no such output").kind(), ErrorKind::Name);
}
