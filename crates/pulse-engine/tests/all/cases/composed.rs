//! Small networks of the kinds that generators are.

use pulse_engine::{Fir, NetworkBuilder, Operator, Shape, Value};

use super::{
    Case, add, graph, inputs,
    maps::convolution,
    resampling::{separable_map, separable_taps},
    vectors::dense,
};
use crate::random::Random;

pub(super) fn cases() -> Vec<Case> {
    vec![dcgan(), stylegan1(), stylegan2(), modulated_convolution(3, 5, [3, 5]), modulated_convolution(16, 17, [8, 8])]
}

const LEAKY: Operator = Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None };

/// A vector to 4x4, to 8x8, to 16x16 colours, measured at 4x4.
fn dcgan() -> Case {
    graph("a small DCGAN and a measurement", |builder| {
        let z = inputs(builder, &[Shape::Vector(20)])[0];
        let mut x = add(builder, Operator::Reshape(Shape::map(20, 1, 1)), &[z]);
        for (from, to, stride, padding) in [(20, 32, 1, 0), (32, 16, 2, 1)] {
            let layer = convolution(to, from, [4, 4], stride, padding, false);
            x = add(builder, Operator::TransposedConvolution(layer), &[x]);
            let mut random = Random::named(&format!("batch norm {to}"));
            let norm = Operator::affine(random.around(1.0, 0.2, to), random.around(0.0, 0.5, to));
            x = add(builder, norm, &[x]);
            x = add(builder, Operator::relu(), &[x]);
        }
        x = add(builder, Operator::TransposedConvolution(convolution(3, 16, [4, 4], 2, 1, true)), &[x]);
        let tanh = add(builder, Operator::Tanh, &[x]);
        let image = add(builder, Operator::affine(vec![0.5], vec![0.5]), &[tanh]);
        vec![image, add(builder, separable_map([16, 16], [4, 4]), &[image])]
    })
}

/// `scale · (1 + style) + shift` of an instance-normalised map, from one row of `ws`.
fn adaptive_norm(builder: &mut NetworkBuilder, x: Value, ws: Value, row: usize, channels: usize) -> Value {
    let normalized = add(builder, Operator::InstanceNorm { epsilon: 1e-5 }, &[x]);
    let w = add(builder, Operator::Row(row), &[ws]);
    let style = add(builder, dense(16, 2 * channels, true), &[w]);
    let scale = add(builder, Operator::Slice { start: 0, length: channels }, &[style]);
    let scale = add(builder, Operator::affine(vec![], vec![1.0]), &[scale]);
    let shift = add(builder, Operator::Slice { start: channels, length: channels }, &[style]);
    add(builder, Operator::Modulate, &[normalized, scale, shift])
}

/// The first block of a StyleGAN: a constant, noise, leaky ReLU, adaptive instance norm, convolution, again.
fn stylegan1() -> Case {
    graph("a block of StyleGAN", |builder| {
        let noise = Shape::map(1, 4, 4);
        let [z, first, second] = inputs(builder, &[Shape::Vector(16), noise, noise])[..] else {
            unreachable!("three inputs")
        };
        let z = add(builder, Operator::Normalize { epsilon: 1e-8 }, &[z]);
        let w = add(builder, dense(16, 16, true), &[z]);
        let w = add(builder, LEAKY, &[w]);
        let ws = add(builder, Operator::RepeatRows(2), &[w]);
        let mut random = Random::named("stylegan");
        let shape = Shape::map(8, 4, 4);
        let mut x = add(builder, Operator::Constant(shape, random.around(0.0, 1.0, shape.len())), &[]);
        for (row, noise) in [first, second].into_iter().enumerate() {
            if row > 0 {
                x = add(builder, Operator::Convolution(convolution(8, 8, [3, 3], 1, 1, false)), &[x]);
            }
            x = add(builder, Operator::AddNoise(random.around(0.0, 0.3, 8)), &[x, noise]);
            x = add(builder, Operator::affine(vec![], random.around(0.0, 0.3, 8)), &[x]);
            x = add(builder, LEAKY, &[x]);
            x = adaptive_norm(builder, x, ws, row, 8);
        }
        vec![x, ws]
    })
}

/// `demodulate(W ⋆ (x · style))`: the style scales the channels before, and the length of the weights after.
fn modulated(
    builder: &mut NetworkBuilder,
    x: Value,
    style: Value,
    weights: Operator,
    [out, inner]: [usize; 2],
) -> Value {
    let modulated = add(builder, Operator::Modulate, &[x, style]);
    let convolved = add(builder, weights, &[modulated]);
    let square = add(builder, Operator::Square, &[style]);
    // The true weights would be the sums of squares of the kernel; any that are positive show the same.
    let sums = pulse_engine::Dense {
        weight: Random::named("demodulation").around(0.1, 0.03, out * inner),
        bias: None,
        out_features: out,
        in_features: inner,
    };
    let energy = add(builder, Operator::Dense(sums), &[square]);
    let demodulation = add(builder, Operator::InverseSqrt { epsilon: 1e-8 }, &[energy]);
    add(builder, Operator::Modulate, &[convolved, demodulation])
}

fn modulated_convolution(inner: usize, out: usize, [height, width]: [usize; 2]) -> Case {
    graph(format!("a modulated convolution {inner} to {out} on {height}x{width}"), |builder| {
        let shapes = [Shape::map(inner, height, width), Shape::Vector(9)];
        let [x, w] = inputs(builder, &shapes)[..] else { unreachable!("two inputs") };
        let style = add(builder, dense(9, inner, true), &[w]);
        let weights = Operator::Convolution(convolution(out, inner, [3, 3], 1, 1, false));
        vec![modulated(builder, x, style, weights, [out, inner])]
    })
}

/// The first two blocks of a StyleGAN2 with skip connections: 4x4 and 8x8.
fn stylegan2() -> Case {
    graph("two blocks of StyleGAN2", |builder| {
        let shapes = [Shape::Rows { rows: 4, width: 12 }, Shape::map(1, 4, 4), Shape::map(1, 8, 8)];
        let [ws, noise4, noise8] = inputs(builder, &shapes)[..] else { unreachable!("three inputs") };
        let style = |builder: &mut NetworkBuilder, row, channels| {
            let w = add(builder, Operator::Row(row), &[ws]);
            add(builder, dense(12, channels, true), &[w])
        };
        let mut random = Random::named("stylegan2");
        let shape = Shape::map(16, 4, 4);
        let constant = add(builder, Operator::Constant(shape, random.around(0.0, 1.0, shape.len())), &[]);

        let s = style(builder, 0, 16);
        let weights = Operator::Convolution(convolution(16, 16, [3, 3], 1, 1, false));
        let x = modulated(builder, constant, s, weights, [16, 16]);
        let x = epilogue(builder, x, noise4, 16);
        let s = style(builder, 1, 16);
        let low = to_rgb(builder, x, s, 16);

        let s = style(builder, 2, 16);
        let weights = Operator::TransposedConvolution(convolution(8, 16, [3, 3], 2, 0, false));
        let x = modulated(builder, x, s, weights, [8, 16]);
        let smooth = Fir { taps: separable_taps([4, 4]), up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] };
        let x = add(builder, Operator::Fir(smooth), &[x]);
        let x = epilogue(builder, x, noise8, 8);
        let s = style(builder, 3, 8);
        let high = to_rgb(builder, x, s, 8);

        let double = Fir { taps: separable_taps([4, 4]), up: 2, down: 1, padding_y: [2, 1], padding_x: [2, 1] };
        let low = add(builder, Operator::Fir(double), &[low]);
        vec![add(builder, Operator::Add, &[low, high])]
    })
}

fn epilogue(builder: &mut NetworkBuilder, x: Value, noise: Value, channels: usize) -> Value {
    let mut random = Random::named(&format!("epilogue {channels}"));
    let noisy = add(builder, Operator::AddNoise(random.around(0.2, 0.1, 1)), &[x, noise]);
    let biased = add(builder, Operator::affine(vec![], random.around(0.0, 0.3, channels)), &[noisy]);
    add(builder, Operator::LeakyRelu { slope: 0.2, gain: 2f32.sqrt(), clamp: Some(256.0) }, &[biased])
}

fn to_rgb(builder: &mut NetworkBuilder, x: Value, style: Value, channels: usize) -> Value {
    let modulated = add(builder, Operator::Modulate, &[x, style]);
    add(builder, Operator::Convolution(convolution(3, channels, [1, 1], 1, 0, true)), &[modulated])
}
