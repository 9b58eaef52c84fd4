//! Whatever an operator says of itself, the builder answers; and what it accepts, the reference can run.

use std::sync::Arc;

use proptest::prelude::*;
use pulse_engine::{
    Convolution, Dense, DepthwiseConvolution, ErrorKind, Fir, FirTaps, FourierFeatures, NetworkBuilder, Operator,
    SeparableMap, Shape, SparseMatrix, Weights, reference,
};

/// Values above this size are built but not run.
const RUN_AT_MOST: usize = 2000;

/// Mostly small, sometimes one of those with which products and sums overflow.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        60 => 1..6usize,
        1 => Just(0),
        1 => prop::sample::select(vec![1 << 16, 1 << 31, 1 << 32, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX]),
    ]
}

fn padding() -> impl Strategy<Value = isize> {
    prop_oneof![20 => -3..4isize, 1 => prop::sample::select(vec![isize::MIN, isize::MAX, 1 << 31, -(1 << 31)])]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        size().prop_map(Shape::Vector),
        (size(), size()).prop_map(|(rows, width)| Shape::Rows { rows, width }),
        [size(), size(), size()].prop_map(|[channels, height, width]| Shape::map(channels, height, width)),
    ]
}

/// Weights of the right length when that is small and `right`, and of some other length otherwise.
fn weights(factors: &[usize], right: bool) -> Weights {
    let length = factors.iter().try_fold(1usize, |product, &factor| product.checked_mul(factor));
    let length = length.filter(|&length| right && length <= RUN_AT_MOST).unwrap_or(3);
    (0..length).map(|i| i as f32 / 8.0 - 0.5).collect()
}

/// True nine times in ten.
fn mostly() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.9)
}

fn convolution() -> impl Strategy<Value = Convolution> {
    let bias = prop::option::of(mostly());
    ([size(), size()], [size(), size()], [size(), size()], mostly(), bias).prop_map(
        |([out_channels, in_channels], kernel @ [kh, kw], [stride, padding], right, bias)| Convolution {
            weight: weights(&[out_channels, in_channels, kh, kw], right),
            bias: bias.map(|right| weights(&[out_channels], right)),
            out_channels,
            in_channels,
            kernel,
            stride,
            padding,
        },
    )
}

fn depthwise() -> impl Strategy<Value = DepthwiseConvolution> {
    let bias = prop::option::of(mostly());
    (size(), [size(), size()], size(), [size(), size()], mostly(), bias).prop_map(
        |(channels, kernel @ [kh, kw], stride, padding, right, bias)| DepthwiseConvolution {
            weight: weights(&[channels, kh, kw], right),
            bias: bias.map(|right| weights(&[channels], right)),
            kernel,
            stride,
            padding,
        },
    )
}

fn fir() -> impl Strategy<Value = Fir> {
    let taps = (any::<bool>(), [size(), size()], mostly()).prop_map(|(separable, [height, width], right)| {
        if separable {
            FirTaps::Separable { vertical: weights(&[height], right), horizontal: weights(&[width], right) }
        } else {
            FirTaps::Full { height, width, taps: weights(&[height, width], right) }
        }
    });
    (taps, [size(), size()], [padding(), padding()], [padding(), padding()])
        .prop_map(|(taps, [up, down], padding_y, padding_x)| Fir { taps, up, down, padding_y, padding_x })
}

fn separable_map() -> impl Strategy<Value = SeparableMap> {
    let matrix = || {
        (0..5usize, size()).prop_map(|(rows, columns)| {
            let row = |i: usize| if columns == 0 { Vec::new() } else { vec![(i % columns, 0.5)] };
            Arc::new(SparseMatrix::from_rows(columns, (0..rows).map(row)))
        })
    };
    (matrix(), matrix()).prop_map(|(vertical, horizontal)| SeparableMap { vertical, horizontal })
}

fn fourier_features() -> impl Strategy<Value = FourierFeatures> {
    (0..5usize, mostly(), [size(), size()], any::<f32>(), any::<f32>()).prop_map(
        |(channels, right, [height, width], sampling_rate, bandwidth)| FourierFeatures {
            frequencies: weights(&[2, channels], right),
            phases: weights(&[channels], true),
            transform: [1.0; 9],
            height,
            width,
            sampling_rate,
            bandwidth,
        },
    )
}

/// Half of the time one of those whose shape takes some counting.
fn operator() -> impl Strategy<Value = Operator> {
    prop_oneof![counting_operator(), other_operator()]
}

fn counting_operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        convolution().prop_map(Operator::Convolution),
        convolution().prop_map(Operator::TransposedConvolution),
        depthwise().prop_map(Operator::DepthwiseConvolution),
        size().prop_map(|window| Operator::MaxPool { window }),
        fir().prop_map(Operator::Fir),
        separable_map().prop_map(Operator::SeparableMap),
    ]
}

fn other_operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::Input),
        (shape(), mostly()).prop_map(|(shape, right)| {
            let factors = match shape {
                Shape::Vector(n) => vec![n],
                Shape::Rows { rows, width } => vec![rows, width],
                Shape::Map { channels, height, width } => vec![channels, height, width],
            };
            Operator::Constant(shape, weights(&factors, right))
        }),
        (size(), size(), mostly(), prop::option::of(mostly())).prop_map(|(out_features, in_features, right, bias)| {
            Operator::Dense(Dense {
                weight: weights(&[out_features, in_features], right),
                bias: bias.map(|right| weights(&[out_features], right)),
                out_features,
                in_features,
            })
        }),
        size().prop_map(Operator::Row),
        size().prop_map(Operator::RepeatRows),
        (size(), size()).prop_map(|(start, length)| Operator::Slice { start, length }),
        Just(Operator::Concatenate),
        any::<f32>().prop_map(|epsilon| Operator::Normalize { epsilon }),
        shape().prop_map(Operator::Reshape),
        (0..6usize, 0..6usize)
            .prop_map(|(scale, shift)| Operator::affine(weights(&[scale], true), weights(&[shift], true))),
        (any::<f32>(), any::<f32>(), prop::option::of(any::<f32>()))
            .prop_map(|(slope, gain, clamp)| Operator::LeakyRelu { slope, gain, clamp }),
        Just(Operator::Tanh),
        Just(Operator::Square),
        any::<f32>().prop_map(|epsilon| Operator::InverseSqrt { epsilon }),
        Just(Operator::Add),
        Just(Operator::Multiply),
        any::<f32>().prop_map(|epsilon| Operator::InstanceNorm { epsilon }),
        Just(Operator::Modulate),
        (0..6usize).prop_map(|n| Operator::AddNoise(weights(&[n], true))),
        fourier_features().prop_map(Operator::FourierFeatures),
    ]
}

/// Arguments of the kind, the number and the sizes that the operator asks for, as far as that is simply said.
fn fitting(operator: &Operator, shapes: [Shape; 3]) -> Vec<Shape> {
    let [first, second, _] = shapes;
    let [a, b, c] = match first {
        Shape::Vector(n) => [n, 3, 2],
        Shape::Rows { rows, width } => [rows, width, 2],
        Shape::Map { channels, height, width } => [channels, height, width],
    };
    match operator {
        Operator::Input | Operator::Constant(..) => vec![],
        Operator::Dense(dense) => match first {
            Shape::Rows { rows, .. } => vec![Shape::Rows { rows, width: dense.in_features }],
            _ => vec![Shape::Vector(dense.in_features)],
        },
        Operator::Row(_) => vec![Shape::Rows { rows: a, width: b }],
        Operator::RepeatRows(_) | Operator::Slice { .. } => vec![Shape::Vector(a)],
        Operator::Concatenate => [a, b, c].map(Shape::Vector).into(),
        Operator::Reshape(shape) => vec![*shape],
        Operator::Add | Operator::Multiply => vec![first; 2],
        Operator::Convolution(weights) | Operator::TransposedConvolution(weights) => {
            vec![Shape::map(weights.in_channels, b, c)]
        }
        Operator::SeparableMap(map) => vec![Shape::map(a, map.vertical.columns(), map.horizontal.columns())],
        Operator::Fir(_) | Operator::InstanceNorm { .. } => vec![Shape::map(a, b, c)],
        Operator::Modulate => match second {
            Shape::Vector(_) => vec![Shape::map(a, b, c), Shape::Vector(a)],
            _ => vec![Shape::map(a, b, c), Shape::Vector(a), Shape::Vector(a)],
        },
        Operator::AddNoise(_) => vec![Shape::map(a, b, c), Shape::map(1, b, c)],
        Operator::FourierFeatures(_) => vec![Shape::Vector(4)],
        _ => vec![first],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_accepted_runs(operator in operator(), shapes in [shape(), shape(), shape()], count in 0..9usize) {
        let shapes = shapes.get(..count).map_or_else(|| fitting(&operator, shapes), <[Shape]>::to_vec);
        let mut builder = NetworkBuilder::new();
        let mut inputs = Vec::new();
        for (i, &shape) in shapes.iter().enumerate() {
            match builder.input(format!("x{i}"), shape) {
                Ok(value) => inputs.push(value),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Shape),
            }
        }
        let name = operator.name();
        match builder.add(operator, &inputs) {
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Shape);
                prop_assert!(error.to_string().starts_with(name), "{}", error);
            }
            Ok(value) => {
                builder.output("y", value).expect("a new name");
                let network = builder.build().expect("a network with an output");
                if network.nodes().iter().all(|node| node.shape.len() <= RUN_AT_MOST) {
                    let inputs: Vec<_> = network.inputs().iter().map(|port| vec![0.5; port.shape.len()]).collect();
                    let values = reference::forward(&network, &inputs);
                    let length = network.outputs()[0].shape.len();
                    prop_assert_eq!(values[value.index()].len(), length);
                    let gradients = reference::backward(&network, &values, &[vec![1.0; length]]);
                    for (gradient, input) in gradients.iter().zip(&inputs) {
                        prop_assert_eq!(gradient.len(), input.len());
                    }
                }
            }
        }
    }
}
