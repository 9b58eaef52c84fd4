//! Operators that U-Nets are made of.

use pulse_engine::{Convolution, Fir, FirTaps, Operator, Shape, Value};

use super::{Case, NetworkBuilder, add, graph, inputs, single};
use crate::random::Random;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (channels, height, width, groups) in
        [(1, 3, 5, 1), (6, 4, 3, 2), (16, 4, 4, 4), (24, 5, 3, 8), (96, 4, 4, 8), (40, 3, 3, 2), (32, 8, 8, 32)]
    {
        let map = Shape::map(channels, height, width);
        for epsilon in [1e-5, 1e-2] {
            let norm = Operator::GroupNorm { groups, epsilon };
            cases.push(single(&format!("of {groups} groups, {epsilon:e}"), norm, &[map]));
        }
        let pad = |vertical, horizontal| Operator::Pad { vertical, horizontal };
        cases.push(single("at the end", pad([0, 1], [0, 1]), &[map]));
        cases.push(single("all round", pad([2, 1], [0, 3]), &[map]));
        let slice = Operator::Slice { start: channels / 3, length: channels - channels / 3 };
        cases.push(single("of channels", slice, &[map]));
    }
    cases.push(single("of rows", Operator::Slice { start: 1, length: 2 }, &[Shape::Rows { rows: 4, width: 3 }]));
    for (channels, height, width, heads) in [(4, 2, 3, 1), (16, 3, 3, 2), (24, 4, 4, 3), (96, 4, 4, 3), (64, 8, 8, 1)] {
        let attention = Operator::Attention { heads };
        cases.push(single(&format!("of {heads} heads"), attention, &[Shape::map(channels, height, width); 3]));
    }
    for channels in [[3, 4], [16, 32], [32, 16], [24, 40], [17, 48], [2, 30]] {
        let maps = channels.map(|channels| Shape::map(channels, 3, 5));
        cases.push(single("of maps", Operator::Concatenate, &maps));
    }
    let rows = [1, 3].map(|rows| Shape::Rows { rows, width: 5 });
    cases.push(single("of rows", Operator::Concatenate, &rows));
    cases.extend([(16, 16, 8), (32, 48, 16), (24, 40, 8)].map(|(from, to, size)| residual(from, to, size)));
    cases.extend([(16, 8), (48, 4)].map(|(channels, size)| attended(channels, size)));
    cases.push(halved());
    cases
        .extend([(16, 8, 2), (24, 4, 1), (6, 5, 2)].map(|(channels, size, vectors)| adaptive(channels, size, vectors)));
    cases.extend([(16, 16, 4), (24, 16, 8), (4, 20, 3)].map(|(from, to, size)| doubled(from, to, size)));
    cases
}

/// Those that are too large for finite differences: several pieces of a norm, many pixels that look at each other.
pub(super) fn large_cases() -> Vec<Case> {
    let norm = |groups| Operator::GroupNorm { groups, epsilon: 1e-5 };
    vec![
        single("of a large map", norm(4), &[Shape::map(24, 40, 40)]),
        single("of a large planar map", norm(2), &[Shape::map(6, 80, 70)]),
        single("of many pixels", Operator::Attention { heads: 3 }, &[Shape::map(48, 13, 11); 3]),
        adaptive(32, 33, 2),
        doubled(32, 32, 16),
        residual(32, 32, 20),
    ]
}

pub(super) fn convolution(random: &mut Random, from: usize, to: usize, kernel: usize) -> Operator {
    let spread = 1.0 / (from as f32).sqrt() / kernel as f32;
    Operator::Convolution(Convolution {
        weight: random.around(0.0, spread, to * from * kernel * kernel),
        bias: Some(random.around(0.0, 0.2, to)),
        out_channels: to,
        in_channels: from,
        kernel: [kernel; 2],
        stride: 1,
        padding: kernel / 2,
    })
}

/// Norm with a scale and a shift a channel, then SiLU.
fn norm(builder: &mut NetworkBuilder, random: &mut Random, x: Value, channels: usize) -> Value {
    let normed = add(builder, Operator::GroupNorm { groups: 8, epsilon: 1e-5 }, &[x]);
    let affine = Operator::affine(random.around(1.0, 0.3, channels), random.around(0.0, 0.3, channels));
    let scaled = add(builder, affine, &[normed]);
    add(builder, Operator::Silu, &[scaled])
}

/// A residual block with a term for the time: norm, convolution, term, norm, convolution, sum.
fn residual(from: usize, to: usize, size: usize) -> Case {
    graph(format!("residual block from {from} to {to} channels at {size}"), |builder| {
        let mut random = Random::named(&format!("residual {from} {to}"));
        let &[x, time] = &inputs(builder, &[Shape::map(from, size, size), Shape::Vector(to)])[..] else {
            return vec![];
        };
        let first = norm(builder, &mut random, x, from);
        let first = add(builder, convolution(&mut random, from, to, 3), &[first]);
        let timed = add(builder, Operator::Add, &[first, time]);
        let second = norm(builder, &mut random, timed, to);
        let second = add(builder, convolution(&mut random, to, to, 3), &[second]);
        let skip = if from == to { x } else { add(builder, convolution(&mut random, from, to, 1), &[x]) };
        let sum = add(builder, Operator::Add, &[skip, second]);
        let halved = add(builder, Operator::affine(vec![0.5], vec![]), &[sum]);
        vec![add(builder, Operator::Concatenate, &[halved, x])]
    })
}

/// Norm, queries, keys and values, attention, and back.
fn attended(channels: usize, size: usize) -> Case {
    graph(format!("attention block of {channels} channels at {size}"), |builder| {
        let mut random = Random::named(&format!("attended {channels}"));
        let x = inputs(builder, &[Shape::map(channels, size, size)])[0];
        let normed = add(builder, Operator::GroupNorm { groups: 8, epsilon: 1e-5 }, &[x]);
        let parts: Vec<_> =
            (0..3).map(|_| add(builder, convolution(&mut random, channels, channels, 1), &[normed])).collect();
        let mixed = add(builder, Operator::Attention { heads: 2 }, &parts);
        let back = add(builder, convolution(&mut random, channels, channels, 1), &[mixed]);
        vec![add(builder, Operator::Add, &[x, back])]
    })
}

/// A norm whose scale and shift come from vectors, as a time gives them.
fn adaptive(channels: usize, size: usize, vectors: usize) -> Case {
    graph(format!("norm of {channels} channels at {size} modulated by {vectors} vectors"), |builder| {
        let mut random = Random::named(&format!("adaptive {channels}"));
        let mut shapes = vec![Shape::map(channels, size, size)];
        shapes.extend(vec![Shape::Vector(channels); vectors]);
        let values = inputs(builder, &shapes);
        let normed = add(builder, Operator::GroupNorm { groups: 2, epsilon: 1e-5 }, &values[..1]);
        let affine = Operator::affine(random.around(1.0, 0.3, channels), random.around(0.0, 0.3, channels));
        let scaled = add(builder, affine, &[normed]);
        let arguments: Vec<_> = [scaled].into_iter().chain(values[1..].iter().copied()).collect();
        let modulated = add(builder, Operator::Modulate, &arguments);
        vec![add(builder, Operator::Silu, &[modulated])]
    })
}

/// Repeated pixels and a convolution behind them.
fn doubled(from: usize, to: usize, size: usize) -> Case {
    graph(format!("doubling by repetition from {from} to {to} channels at {size}"), |builder| {
        let mut random = Random::named(&format!("doubled {from} {to}"));
        let x = inputs(builder, &[Shape::map(from, size, size)])[0];
        let taps = FirTaps::Separable { vertical: vec![1.0; 2].into(), horizontal: vec![1.0; 2].into() };
        let fir = Fir { taps, up: 2, down: 1, padding_y: [1, 0], padding_x: [1, 0] };
        let repeated = add(builder, Operator::Fir(fir), &[x]);
        vec![add(builder, convolution(&mut random, from, to, 3), &[repeated])]
    })
}

/// A convolution at stride 2 behind padding at the ends alone, as diffusion models shrink.
fn halved() -> Case {
    graph("halving convolution padded at the end", |builder| {
        let mut random = Random::named("halved");
        let x = inputs(builder, &[Shape::map(16, 16, 16)])[0];
        let padded = add(builder, Operator::Pad { vertical: [0, 1], horizontal: [0, 1] }, &[x]);
        let Operator::Convolution(weights) = convolution(&mut random, 16, 24, 3) else { return vec![] };
        let halving = Operator::Convolution(Convolution { stride: 2, padding: 0, ..weights });
        vec![add(builder, halving, &[padded])]
    })
}
