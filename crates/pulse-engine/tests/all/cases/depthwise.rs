//! Depthwise convolutions, pools, and a block of a detector made of both.

use pulse_engine::{DepthwiseConvolution, Operator, Shape};

use super::{Case, add, graph, maps::convolution, single};
use crate::random::Random;

/// Channels, kernel, stride, padding, height and width of the argument.
type Geometry = (usize, [usize; 2], usize, [usize; 2], [usize; 2]);

const DEPTHWISE: [Geometry; 12] = [
    (1, [1, 1], 1, [0, 0], [1, 1]),
    (3, [3, 3], 1, [1, 1], [5, 7]),
    (8, [3, 3], 1, [1, 1], [4, 4]),
    (17, [3, 3], 1, [1, 1], [7, 9]),
    (24, [3, 3], 1, [1, 1], [16, 16]),
    // The odd pixel at the end.
    (28, [3, 3], 2, [0, 1], [8, 8]),
    (5, [3, 3], 2, [0, 1], [6, 10]),
    (16, [3, 3], 2, [1, 1], [7, 5]),
    (3, [5, 3], 2, [2, 2], [9, 8]),
    (16, [2, 4], 3, [3, 0], [10, 9]),
    (5, [3, 3], 1, [0, 0], [3, 3]),
    (9, [1, 1], 2, [2, 3], [4, 3]),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, (channels, kernel @ [kh, kw], stride, padding, [height, width])) in DEPTHWISE.into_iter().enumerate() {
        let note = format!("{kh}x{kw}, stride {stride}, padding {padding:?}");
        let operator = depthwise(channels, kernel, stride, padding, index % 3 != 0);
        cases.push(single(&note, operator, &[Shape::map(channels, height, width)]));
    }
    for (window, [channels, height, width]) in
        [(1, [3, 2, 3]), (2, [3, 4, 6]), (2, [17, 5, 7]), (2, [28, 8, 8]), (3, [5, 7, 10]), (4, [16, 4, 9])]
    {
        cases.push(single(
            &format!("of {window}x{window}"),
            Operator::MaxPool { window },
            &[Shape::map(channels, height, width)],
        ));
    }
    cases.push(block());
    cases
}

/// A residual block that halves the map.
fn block() -> Case {
    graph("a block of a detector", |builder| {
        let x = builder.input("x0", Shape::map(9, 6, 8)).expect("a new name");
        let deep = add(builder, depthwise(9, [3, 3], 2, [0, 1], true), &[x]);
        let deep = add(builder, Operator::Convolution(convolution(20, 9, [1, 1], 1, 0, true)), &[deep]);
        let short = add(builder, Operator::MaxPool { window: 2 }, &[x]);
        let short = add(builder, Operator::Convolution(convolution(20, 9, [1, 1], 1, 0, false)), &[short]);
        let sum = add(builder, Operator::Add, &[deep, short]);
        vec![add(builder, Operator::relu(), &[sum])]
    })
}

fn depthwise(channels: usize, kernel: [usize; 2], stride: usize, padding: [usize; 2], bias: bool) -> Operator {
    let mut random = Random::named(&format!("depthwise {channels} {kernel:?} {stride} {padding:?}"));
    let taps = kernel[0] * kernel[1];
    Operator::DepthwiseConvolution(DepthwiseConvolution {
        weight: random.weight(taps, channels * taps),
        bias: bias.then(|| random.around(0.0, 0.5, channels)),
        kernel,
        stride,
        padding,
    })
}
