//! The reference against the documented equations, written out once more, and against answers by hand.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use pulse_engine::{
    Convolution, Dense, DepthwiseConvolution, Fir, FirTaps, FourierFeatures, NetworkBuilder, Node, Operator, Shape,
    SparseMatrix, reference,
};

use crate::cases::all;

/// Another order of summation, in `f64`.
const TOLERANCE: f64 = 1e-12;

#[test]
fn linear_maps_are_their_equations() {
    let mut checked = 0;
    for case in all() {
        let inputs: Vec<Vec<f64>> =
            case.inputs(0).into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect();
        let values = reference::forward(&case.network, &inputs);
        for (node, value) in case.network.nodes().iter().zip(&values) {
            let Some(argument) = node.arguments.first() else { continue };
            let x = Pixels::new(case.network.nodes()[argument.index()].shape, &values[argument.index()]);
            let Some(equation) = x.and_then(|x| equation(node, x)) else { continue };
            checked += 1;
            close(value, &equation, &case.name);
        }
    }
    assert!(checked > 100, "the cases have {checked} linear maps");
}

/// A map that is zero outside.
#[derive(Clone, Copy)]
struct Pixels<'a> {
    size: [isize; 3],
    values: &'a [f64],
}

impl<'a> Pixels<'a> {
    fn new(shape: Shape, values: &'a [f64]) -> Option<Self> {
        match shape {
            Shape::Map { channels, height, width } => {
                Some(Self { size: [channels as isize, height as isize, width as isize], values })
            }
            _ => None,
        }
    }

    fn at(&self, channel: usize, i: isize, j: isize) -> f64 {
        let [_, height, width] = self.size;
        let inside = (0..height).contains(&i) && (0..width).contains(&j);
        if inside { self.values[((channel as isize * height + i) * width + j) as usize] } else { 0.0 }
    }

    /// At a pixel of the map with `factor − 1` zeros after each.
    fn at_stuffed(&self, channel: usize, i: isize, j: isize, factor: isize) -> f64 {
        let stuffed = i.rem_euclid(factor) != 0 || j.rem_euclid(factor) != 0;
        if stuffed { 0.0 } else { self.at(channel, i.div_euclid(factor), j.div_euclid(factor)) }
    }
}

/// The node's result by its equation, for the operators that have one of many terms.
fn equation(node: &Node, x: Pixels) -> Option<Vec<f64>> {
    let Shape::Map { channels, height, width } = node.shape else { return None };
    let pixel: Box<dyn Fn(usize, isize, isize) -> f64> = match &node.operator {
        Operator::Convolution(convolution) => Box::new(move |o, i, j| convolution_at(convolution, x, o, i, j)),
        Operator::TransposedConvolution(convolution) => Box::new(move |o, i, j| transposed_at(convolution, x, o, i, j)),
        Operator::Fir(fir) => Box::new(move |c, i, j| fir_at(fir, x, c, i, j)),
        Operator::SeparableMap(map) => Box::new(move |c, i, j| {
            let [_, height, width] = x.size;
            let mut sum = 0.0;
            for a in 0..height {
                for b in 0..width {
                    sum += entry(&map.vertical, i, a) * x.at(c, a, b) * entry(&map.horizontal, j, b);
                }
            }
            sum
        }),
        _ => return None,
    };
    let mut y = Vec::new();
    for c in 0..channels {
        for i in 0..height as isize {
            for j in 0..width as isize {
                y.push(pixel(c, i, j));
            }
        }
    }
    Some(y)
}

fn entry(matrix: &SparseMatrix, row: isize, column: isize) -> f64 {
    matrix.row(row as usize).find(|entry| entry.0 == column as usize).map_or(0.0, |entry| f64::from(entry.1))
}

/// Sums `weight[a, b, k, l] · term(c, k, l)` over the kernel and the argument's channels `c`, plus the bias.
fn summed(convolution: &Convolution, o: usize, transposed: bool, term: impl Fn(usize, isize, isize) -> f64) -> f64 {
    let &Convolution { out_channels, in_channels, kernel: [kh, kw], .. } = convolution;
    let mut sum = convolution.bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]));
    for c in 0..in_channels {
        let first = if transposed { c * out_channels + o } else { o * in_channels + c };
        for k in 0..kh {
            for l in 0..kw {
                let weight = convolution.weight[(first * kh + k) * kw + l];
                sum += f64::from(weight) * term(c, k as isize, l as isize);
            }
        }
    }
    sum
}

fn convolution_at(convolution: &Convolution, x: Pixels, o: usize, i: isize, j: isize) -> f64 {
    let (stride, padding) = (convolution.stride as isize, convolution.padding as isize);
    summed(convolution, o, false, |c, k, l| x.at(c, i * stride + k - padding, j * stride + l - padding))
}

fn transposed_at(convolution: &Convolution, x: Pixels, o: usize, i: isize, j: isize) -> f64 {
    let (stride, padding) = (convolution.stride as isize, convolution.padding as isize);
    summed(convolution, o, true, |c, k, l| x.at_stuffed(c, i + padding - k, j + padding - l, stride))
}

fn fir_at(fir: &Fir, x: Pixels, c: usize, i: isize, j: isize) -> f64 {
    let ([taps_y, taps_x], down) = (fir.taps.size(), fir.down as isize);
    let mut sum = 0.0;
    for k in 0..taps_y {
        for l in 0..taps_x {
            let (row, column) = (i * down + k as isize - fir.padding_y[0], j * down + l as isize - fir.padding_x[0]);
            sum += fir.taps.at(k, l) * x.at_stuffed(c, row, column, fir.up as isize);
        }
    }
    sum
}

fn close(found: &[f64], expected: &[f64], name: &str) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let tolerance = TOLERANCE * (1.0 + expected.abs());
        assert!((found - expected).abs() <= tolerance, "{name}: {found} is not {expected} at {index}");
    }
}

/// Runs one operator on constants, and compares.
fn check(operator: Operator, arguments: &[(Shape, &[f64])], expected_shape: Shape, expected: &[f64]) {
    let mut builder = NetworkBuilder::new();
    let name = operator.name();
    let input =
        |(i, argument): (usize, &(Shape, &[f64]))| builder.input(format!("x{i}"), argument.0).expect("an input");
    let values: Vec<_> = arguments.iter().enumerate().map(input).collect();
    let y = builder.add(operator, &values).expect("a sound operator");
    assert_eq!(builder.shape(y), expected_shape, "{name}");
    builder.output("y", y).expect("an output");
    let network = builder.build().expect("a network");
    let inputs: Vec<_> = arguments.iter().map(|argument| argument.1.to_vec()).collect();
    close(&reference::forward(&network, &inputs)[y.index()], expected, name);
}

fn kernel(weight: &[f32], kernel: [usize; 2], stride: usize, padding: usize, bias: Option<f32>) -> Convolution {
    let bias = bias.map(|bias| vec![bias].into());
    Convolution { weight: weight.into(), bias, out_channels: 1, in_channels: 1, kernel, stride, padding }
}

#[test]
fn convolutions_by_hand() {
    let x: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let map = Shape::map(1, 2, 3);
    // Correlation, not flipped: 1·1 + 10·2 + 100·4 + 1000·5.
    let convolution = kernel(&[1.0, 10.0, 100.0, 1000.0], [2, 2], 1, 0, Some(0.5));
    check(Operator::Convolution(convolution), &[(map, x)], Shape::map(1, 1, 2), &[5421.5, 6532.5]);
    let convolution = kernel(&[1.0, 10.0, 100.0, 1000.0], [2, 2], 2, 1, None);
    check(Operator::Convolution(convolution), &[(map, x)], Shape::map(1, 2, 2), &[1000.0, 3200.0, 40.0, 65.0]);
}

#[test]
fn transposed_convolutions_by_hand() {
    let x: &[f64] = &[1.0, 2.0];
    let map = Shape::map(1, 1, 2);
    let weight = [1.0, 10.0, 100.0];
    let transposed = kernel(&weight, [1, 3], 2, 0, Some(0.5));
    // Each pixel lays down the kernel as it stands, two apart.
    let expected = [1.5, 10.5, 102.5, 20.5, 200.5];
    check(Operator::TransposedConvolution(transposed), &[(map, x)], Shape::map(1, 1, 5), &expected);
    // Padding takes a pixel away on every side; along the vertical axis the kernel has three rows for it.
    let weight = [0.0, 0.0, 0.0, 1.0, 10.0, 100.0, 0.0, 0.0, 0.0];
    let transposed = kernel(&weight, [3, 3], 2, 1, None);
    check(Operator::TransposedConvolution(transposed), &[(map, x)], Shape::map(1, 1, 3), &[10.0, 102.0, 20.0]);
}

#[test]
fn depthwise_convolutions_and_pools_by_hand() {
    let x: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let map = Shape::map(2, 1, 4);
    // Each channel has its own kernel; two apart, with the odd zero at the end.
    let depthwise = DepthwiseConvolution {
        weight: [1.0, 10.0, 100.0, 0.0, 0.0, 1.0].into(),
        bias: Some([0.0, 0.5].into()),
        kernel: [1, 3],
        stride: 2,
        padding: [0, 1],
    };
    // The zero is below the map too, where no kernel of one row meets it.
    let expected = [321.0, 43.0, 7.5, 0.5];
    check(Operator::DepthwiseConvolution(depthwise), &[(map, x)], Shape::map(2, 1, 2), &expected);
    // What fills no window at the end is not looked at.
    let map = Shape::map(1, 2, 4);
    check(Operator::MaxPool { window: 2 }, &[(map, x)], Shape::map(1, 1, 2), &[6.0, 8.0]);
    check(Operator::MaxPool { window: 2 }, &[(Shape::map(1, 2, 3), &x[..6])], Shape::map(1, 1, 1), &[5.0]);
}

#[test]
fn filters_by_hand() {
    let x: &[f64] = &[1.0, 2.0, 3.0];
    let map = Shape::map(1, 1, 3);
    let fir = |up, down, padding_x| {
        let taps = FirTaps::Full { height: 1, width: 3, taps: vec![1.0, 10.0, 100.0].into() };
        // Zero-stuffing makes rows too; taking them away again leaves the first.
        Operator::Fir(Fir { taps, up, down, padding_y: [0, 1 - up as isize], padding_x })
    };
    check(fir(1, 1, [1, 1]), &[(map, x)], map, &[210.0, 321.0, 32.0]);
    // Stuffed to 1 0 2 0 3 0, one zero before: 0 1 0 2 0 3 0.
    check(fir(2, 1, [1, 0]), &[(map, x)], Shape::map(1, 1, 5), &[10.0, 201.0, 20.0, 302.0, 30.0]);
    check(fir(2, 2, [1, 0]), &[(map, x)], Shape::map(1, 1, 3), &[10.0, 20.0, 30.0]);
    // Cropped to 0 2 0 3 0.
    check(fir(2, 1, [-1, 0]), &[(map, x)], Shape::map(1, 1, 3), &[20.0, 302.0, 30.0]);
}

#[test]
fn vectors_by_hand() {
    let x: &[f64] = &[3.0, -4.0];
    let vector = Shape::Vector(2);
    let dense = Dense {
        weight: vec![1.0, 2.0, 0.0, -1.0, 10.0, 1.0].into(),
        bias: Some(vec![0.0, 1.0, 2.0].into()),
        out_features: 3,
        in_features: 2,
    };
    check(Operator::Dense(dense), &[(vector, x)], Shape::Vector(3), &[-5.0, 5.0, 28.0]);
    // The mean square is 12.5, and the root of 16 is 4.
    check(Operator::Normalize { epsilon: 3.5 }, &[(vector, x)], vector, &[0.75, -1.0]);
    let rows = Shape::Rows { rows: 2, width: 2 };
    check(Operator::RepeatRows(2), &[(vector, x)], rows, &[3.0, -4.0, 3.0, -4.0]);
    check(Operator::Row(1), &[(rows, &[1.0, 2.0, 3.0, 4.0])], vector, &[3.0, 4.0]);
    check(Operator::Slice { start: 1, length: 1 }, &[(vector, x)], Shape::Vector(1), &[-4.0]);
    let one = (Shape::Vector(1), &[9.0][..]);
    check(Operator::Concatenate, &[(vector, x), one], Shape::Vector(3), &[3.0, -4.0, 9.0]);
    check(Operator::InverseSqrt { epsilon: 1.0 }, &[(vector, &[3.0, 15.0])], vector, &[0.5, 0.25]);
    let activation = Operator::LeakyRelu { slope: 0.5, gain: 2.0, clamp: Some(5.0) };
    check(activation, &[(vector, x)], vector, &[5.0, -4.0]);
}

#[test]
fn maps_by_hand() {
    let map = Shape::map(2, 1, 2);
    let x: &[f64] = &[1.0, 3.0, 10.0, 10.0];
    // Mean 2, variance 1; the second channel has no variance.
    check(Operator::InstanceNorm { epsilon: 3.0 }, &[(map, x)], map, &[-0.5, 0.5, 0.0, 0.0]);
    let (scale, shift) = ((Shape::Vector(2), &[2.0, 0.5][..]), (Shape::Vector(2), &[1.0, -1.0][..]));
    check(Operator::Modulate, &[(map, x), scale, shift], map, &[3.0, 7.0, 4.0, 4.0]);
    let noise = (Shape::map(1, 1, 2), &[1.0, -1.0][..]);
    check(Operator::AddNoise(vec![2.0, 4.0].into()), &[(map, x), noise], map, &[3.0, 1.0, 14.0, 6.0]);
    check(Operator::affine(vec![2.0, 1.0], vec![1.0]), &[(map, x)], map, &[3.0, 7.0, 11.0, 11.0]);
}

#[test]
fn fourier_features_by_hand() {
    // Two channels: a wave along x, and one along y of which the amplitude has fallen to a half.
    let features = FourierFeatures {
        frequencies: vec![1.0, 0.0, 0.0, 1.5].into(),
        phases: vec![0.0, 0.25].into(),
        transform: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        height: 1,
        width: 4,
        sampling_rate: 4.0,
        bandwidth: 1.0,
    };
    let check = |t: [f64; 4], expected: [f64; 8]| {
        let operator = Operator::FourierFeatures(features.clone());
        check(operator, &[(Shape::Vector(4), &t)], Shape::map(2, 1, 4), &expected);
    };
    let r = FRAC_1_SQRT_2;
    // The pixels lie at x = -3/8, -1/8, 1/8, 3/8 and y = 0.
    check([1.0, 0.0, 0.0, 0.0], [-r, -r, r, r, 0.5, 0.5, 0.5, 0.5]);
    // The length of the rotation is divided out, of the translation too: a quarter to the right.
    check([2.0, 0.0, 0.5, 0.0], [r, -r, -r, r, 0.5, 0.5, 0.5, 0.5]);
    // Turned, f R is (0, -1) and (1.5, 0); and the translation is turned with it, by -R (a, b) = (1/4, 0).
    let turned = [-3.0 / 8.0, -1.0 / 8.0, 1.0 / 8.0, 3.0 / 8.0].map(|x: f64| 0.5 * (TAU * (1.5 * x + 0.25)).sin());
    let quarter = (TAU * 0.25).sin();
    check([0.0, 1.0, 0.0, 0.25], [quarter, quarter, quarter, quarter, turned[0], turned[1], turned[2], turned[3]]);
}
