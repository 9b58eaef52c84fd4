//! Convolutions, transposed convolutions, instance normalisation and Fourier features.

use pulse_engine::{Convolution, FourierFeatures, Operator, Shape};

use super::{Case, single};
use crate::random::Random;

/// Channels out and in, kernel, stride, padding, height and width of the argument.
type Geometry = (usize, usize, [usize; 2], usize, usize, [usize; 2]);

const CONVOLUTIONS: [Geometry; 33] = [
    (1, 1, [1, 1], 1, 0, [1, 1]),
    (3, 5, [1, 1], 1, 0, [5, 7]),
    (3, 32, [1, 1], 1, 0, [16, 16]),
    (48, 17, [1, 1], 1, 0, [3, 4]),
    (5, 3, [1, 1], 1, 1, [3, 3]),
    (3, 3, [1, 1], 2, 0, [5, 4]),
    (5, 3, [1, 1], 1, 3, [2, 2]),
    (1, 1, [3, 3], 1, 1, [1, 1]),
    (1, 3, [3, 3], 1, 1, [2, 2]),
    (3, 1, [3, 3], 1, 0, [3, 3]),
    (5, 3, [3, 3], 1, 1, [5, 7]),
    (16, 16, [3, 3], 1, 1, [4, 4]),
    (17, 16, [3, 3], 1, 1, [7, 9]),
    (16, 17, [3, 3], 1, 0, [9, 6]),
    (32, 32, [3, 3], 1, 1, [8, 8]),
    (48, 32, [3, 3], 1, 1, [16, 12]),
    (32, 48, [3, 3], 1, 2, [13, 11]),
    (5, 5, [3, 3], 1, 3, [4, 3]),
    (3, 16, [3, 3], 1, 1, [1, 17]),
    (16, 3, [3, 3], 1, 1, [33, 31]),
    (5, 3, [3, 3], 2, 1, [7, 8]),
    (16, 16, [3, 3], 2, 1, [8, 8]),
    (17, 5, [3, 3], 2, 0, [9, 10]),
    (3, 3, [3, 3], 2, 2, [1, 1]),
    (3, 5, [4, 4], 1, 0, [4, 4]),
    (16, 3, [4, 4], 2, 1, [8, 8]),
    (32, 16, [4, 4], 2, 1, [7, 9]),
    (5, 1, [5, 5], 1, 2, [6, 5]),
    (17, 3, [5, 5], 2, 2, [9, 9]),
    (3, 3, [5, 5], 1, 3, [3, 2]),
    (3, 5, [1, 5], 1, 1, [4, 6]),
    (5, 3, [5, 3], 1, 0, [6, 4]),
    (3, 3, [3, 3], 3, 1, [10, 8]),
];

const TRANSPOSED: [Geometry; 25] = [
    // The first layer of a DCGAN: a vector to 4x4.
    (16, 5, [4, 4], 1, 0, [1, 1]),
    (48, 100, [4, 4], 1, 0, [1, 1]),
    // Its other layers: twice the size.
    (1, 1, [4, 4], 2, 1, [1, 1]),
    (3, 16, [4, 4], 2, 1, [4, 4]),
    (5, 3, [4, 4], 2, 1, [5, 7]),
    (16, 17, [4, 4], 2, 1, [3, 2]),
    (32, 48, [4, 4], 2, 1, [8, 8]),
    (17, 32, [4, 4], 2, 1, [16, 9]),
    (3, 48, [4, 4], 2, 1, [32, 32]),
    // StyleGAN's: twice the size and one more, to be filtered.
    (1, 1, [3, 3], 2, 0, [1, 1]),
    (3, 5, [3, 3], 2, 0, [4, 4]),
    (16, 16, [3, 3], 2, 0, [5, 3]),
    (48, 32, [3, 3], 2, 0, [8, 8]),
    (17, 16, [3, 3], 2, 0, [7, 12]),
    (5, 3, [3, 3], 2, 1, [5, 6]),
    (3, 5, [3, 3], 1, 1, [5, 7]),
    (16, 32, [3, 3], 1, 0, [4, 4]),
    (5, 3, [1, 1], 1, 0, [3, 4]),
    (3, 3, [1, 1], 2, 0, [3, 4]),
    (5, 1, [5, 5], 2, 2, [4, 5]),
    (3, 3, [5, 5], 1, 3, [4, 5]),
    (1, 3, [2, 2], 2, 0, [3, 3]),
    (3, 1, [2, 3], 1, 0, [1, 4]),
    (3, 3, [4, 4], 2, 3, [5, 4]),
    (3, 5, [3, 3], 3, 1, [4, 3]),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, geometry) in CONVOLUTIONS.into_iter().enumerate() {
        cases.push(convolution_case(Operator::Convolution, geometry, i % 3 != 0));
    }
    for (i, geometry) in TRANSPOSED.into_iter().enumerate() {
        cases.push(convolution_case(Operator::TransposedConvolution, geometry, i % 3 != 0));
    }
    for [channels, height, width] in
        [[1, 1, 1], [3, 1, 2], [1, 5, 7], [5, 3, 3], [17, 4, 4], [32, 8, 8], [3, 33, 31], [48, 16, 16]]
    {
        cases.push(single("", Operator::InstanceNorm { epsilon: 1e-5 }, &[Shape::map(channels, height, width)]));
    }
    cases.push(single("with a large epsilon", Operator::InstanceNorm { epsilon: 0.5 }, &[Shape::map(5, 6, 4)]));
    for (channels, height, width) in [(1, 1, 1), (3, 5, 7), (17, 8, 4), (32, 16, 16)] {
        cases.push(single(
            &format!("to {channels}x{height}x{width}"),
            fourier_features(channels, height, width),
            &[Shape::Vector(4)],
        ));
    }
    cases
}

fn convolution_case(kind: fn(Convolution) -> Operator, geometry: Geometry, bias: bool) -> Case {
    let (out_channels, in_channels, kernel @ [kh, kw], stride, padding, [height, width]) = geometry;
    let operator = kind(convolution(out_channels, in_channels, kernel, stride, padding, bias));
    let note = format!("{kh}x{kw} to {out_channels} channels, stride {stride}, padding {padding}");
    single(&note, operator, &[Shape::map(in_channels, height, width)])
}

pub(super) fn convolution(
    out_channels: usize,
    in_channels: usize,
    kernel: [usize; 2],
    stride: usize,
    padding: usize,
    bias: bool,
) -> Convolution {
    let mut random = Random::named(&format!("convolution {out_channels} {in_channels} {kernel:?} {stride} {padding}"));
    let fan_in = in_channels * kernel[0] * kernel[1];
    Convolution {
        weight: random.weight(fan_in, out_channels * fan_in),
        bias: bias.then(|| random.around(0.0, 0.5, out_channels)),
        out_channels,
        in_channels,
        kernel,
        stride,
        padding,
    }
}

/// Frequencies below, in and above the band in which the amplitude falls.
fn fourier_features(channels: usize, height: usize, width: usize) -> Operator {
    let mut random = Random::named(&format!("fourier {channels} {height} {width}"));
    Operator::FourierFeatures(FourierFeatures {
        frequencies: random.around(0.0, 2.0, 2 * channels),
        phases: random.around(0.0, 0.25, channels),
        transform: [0.9, -0.2, 0.1, 0.3, 1.1, -0.05, 0.0, 0.0, 1.0],
        height,
        width,
        sampling_rate: 8.0,
        bandwidth: 1.5,
    })
}
