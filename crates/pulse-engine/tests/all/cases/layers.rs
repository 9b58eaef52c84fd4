//! Whole layers of StyleGANs, which engines may run as one, at the sizes at which they take another way.

use pulse_engine::{Convolution, Fir, FirTaps, NetworkBuilder, Operator, Shape, Value};

use super::{Case, add, graph, inputs, maps::convolution, resampling::separable_taps};
use crate::random::Random;

/// Rows and columns of the map that is doubled.
const SIZES: [[usize; 2]; 6] = [[4, 4], [6, 10], [8, 12], [16, 16], [32, 32], [38, 30]];

/// One that is so large that doubling and blur become one map. Of so many activations some are so near zero that rounding
/// decides their branch, which is why both are the same there.
const LARGE: [usize; 2] = [127, 130];

pub(super) fn cases() -> Vec<Case> {
    let others = [
        doubling(LARGE, [18, 17], 1.0, true),
        doubling(LARGE, [18, 17], 1.0, false),
        doubling([8, 12], [24, 20], 0.2, false),
        doubling_without_noise(),
        clamped(),
        not_fused(),
    ];
    let plain = [[33, 18], [16, 40]].map(three_by_three);
    let second = SIZES.into_iter().map(|size| modulated(size, [24, 20], 0.2, None));
    let second_others = [
        modulated(LARGE, [9, 8], 1.0, None),
        modulated([8, 12], [16, 40], 0.0, None),
        modulated([12, 12], [17, 24], 0.2, Some(0.5)),
        modulated_in_parts(),
        modulated_and_not(),
    ];
    let doubled = SIZES.into_iter().map(|size| doubling(size, [24, 20], 0.2, true));
    doubled.chain(others).chain(plain).chain(second).chain(second_others).collect()
}

/// Two layers of StyleGAN2, the first of which doubles, and a picture of the second.
fn modulated(size: [usize; 2], [from, to]: [usize; 2], slope: f32, clamp: Option<f32>) -> Case {
    let [height, width] = size;
    let name = format!("two layers of StyleGAN2 from {height}x{width}, slope {slope}, clamp {clamp:?}");
    let case = graph(name, |builder| {
        let noise = Shape::map(1, 2 * height, 2 * width);
        let styles = [Shape::Vector(from), Shape::Vector(to), Shape::Vector(to)];
        let shapes = [Shape::map(from, height, width), noise, noise, styles[0], styles[1], styles[2]];
        let [x, first, second, a, b, c] = inputs(builder, &shapes)[..] else { unreachable!("six inputs") };
        let active = Operator::LeakyRelu { slope, gain: 1.5, clamp };
        let finished = |builder: &mut NetworkBuilder, x: Value, noise: Value| {
            let strength = Random::named(&format!("strength {to}")).around(0.0, 0.5, to);
            let x = add(builder, Operator::AddNoise(strength), &[x, noise]);
            let bias = Random::named(&format!("bias {to}")).around(0.0, 0.5, to);
            let x = add(builder, Operator::affine(vec![], bias), &[x]);
            add(builder, active.clone(), &[x])
        };
        let doubling = Operator::TransposedConvolution(convolution(to, from, [3, 3], 2, 0, false));
        let x = demodulated(builder, x, a, doubling);
        let x = add(builder, blur(4), &[x]);
        let x = finished(builder, x, first);
        let x = demodulated(builder, x, b, Operator::Convolution(convolution(to, to, [3, 3], 1, 1, false)));
        let x = finished(builder, x, second);
        let styled = add(builder, Operator::Modulate, &[x, c]);
        let picture = add(builder, Operator::Convolution(convolution(3, to, [1, 1], 1, 0, false)), &[styled]);
        // Its map goes on to another layer too.
        let x = demodulated(builder, x, c, Operator::Convolution(convolution(16, to, [3, 3], 1, 1, false)));
        vec![picture, x]
    });
    case.positive()
}

/// A style, a convolution, and the demodulation that belongs to it.
fn demodulated(builder: &mut NetworkBuilder, x: Value, style: Value, operator: Operator) -> Value {
    let (Operator::Convolution(weights) | Operator::TransposedConvolution(weights)) = &operator else {
        unreachable!("a convolution")
    };
    let (to, from) = (weights.out_channels, weights.in_channels);
    let energies = pulse_engine::Dense {
        weight: Random::named(&format!("energies {from} {to}")).around(1.0, 0.5, to * from),
        bias: None,
        out_features: to,
        in_features: from,
    };
    let styled = add(builder, Operator::Modulate, &[x, style]);
    let y = add(builder, operator, &[styled]);
    let squares = add(builder, Operator::Square, &[style]);
    let energy = add(builder, Operator::Dense(energies), &[squares]);
    let demodulation = add(builder, Operator::InverseSqrt { epsilon: 1e-8 }, &[energy]);
    add(builder, Operator::Modulate, &[y, demodulation])
}

/// Modulated convolutions with a demodulation and no more, with a filter and no more, and with neither.
fn modulated_in_parts() -> Case {
    let case = graph("modulated convolutions with little behind them", |builder| {
        let styles = [Shape::Vector(16), Shape::Vector(24), Shape::Vector(24)];
        let [x, a, b, c] = inputs(builder, &[Shape::map(16, 12, 9), styles[0], styles[1], styles[2]])[..] else {
            unreachable!("four inputs")
        };
        let x = demodulated(builder, x, a, Operator::Convolution(convolution(24, 16, [3, 3], 1, 1, false)));
        let x = add(builder, Operator::Modulate, &[x, b]);
        let x = add(builder, Operator::Convolution(convolution(24, 24, [3, 3], 1, 1, false)), &[x]);
        let x = add(builder, blur(3), &[x]);
        let x = add(builder, Operator::Modulate, &[x, c]);
        vec![add(builder, Operator::Convolution(convolution(16, 24, [1, 1], 1, 0, false)), &[x])]
    });
    case.positive()
}

/// What looks like modulated convolutions, but for a styled map that another reads, a convolution with a bias, a map that no
/// input is behind, and noise in front of the filter.
fn modulated_and_not() -> Case {
    let case = graph("nearly layers of StyleGAN2", |builder| {
        let shapes = [Shape::map(16, 8, 8), Shape::map(1, 8, 8), Shape::Vector(16)];
        let [x, noise, style] = inputs(builder, &shapes)[..] else { unreachable!("three inputs") };
        let keeping = |biased| Operator::Convolution(convolution(16, 16, [3, 3], 1, 1, biased));
        let styled = add(builder, Operator::Modulate, &[x, style]);
        let y = add(builder, keeping(false), &[styled]);
        let sum = add(builder, Operator::Add, &[y, styled]);
        let styled = add(builder, Operator::Modulate, &[sum, style]);
        let y = add(builder, keeping(true), &[styled]);
        let numbers = Random::named("constant map").around(0.0, 1.0, 16 * 64);
        let constant = add(builder, Operator::Constant(Shape::map(16, 8, 8), numbers), &[]);
        let learned = demodulated(builder, constant, style, keeping(false));
        let y = add(builder, Operator::Add, &[y, learned]);
        let y = demodulated(builder, y, style, keeping(false));
        let y = add(builder, Operator::AddNoise(vec![0.5].into()), &[y, noise]);
        vec![add(builder, blur(3), &[y])]
    });
    case.positive()
}

/// A filter that takes an alternating line to zero, as those of StyleGANs do, and is not symmetric.
fn blur(taps: usize) -> Operator {
    let mut random = Random::named(&format!("blur {taps}"));
    let mut line = || {
        let parts = random.around(0.25, 0.125, taps - 1);
        let at = |i: usize| parts.get(i).copied().unwrap_or(0.0);
        (0..taps).map(|i| at(i) + i.checked_sub(1).map_or(0.0, at)).collect()
    };
    let taps = FirTaps::Separable { vertical: line(), horizontal: line() };
    Operator::Fir(Fir { taps, up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] })
}

/// Doubling, blur, noise and style, then a convolution, noise and style, then a picture.
fn doubling(size: [usize; 2], [from, to]: [usize; 2], slope: f32, repeats: bool) -> Case {
    let [height, width] = size;
    let kernels = if repeats { "repeated pixels" } else { "any kernels" };
    graph(format!("two layers of StyleGAN from {height}x{width}, {kernels}"), |builder| {
        let noise = Shape::map(1, 2 * height, 2 * width);
        let shapes = [Shape::map(from, height, width), noise, noise, Shape::Vector(4 * to)];
        let [x, first, second, style] = inputs(builder, &shapes)[..] else { unreachable!("four inputs") };
        let mut styles = (0..4).map(|i| add(builder, Operator::Slice { start: i * to, length: to }, &[style]));
        let styles: [Value; 4] = std::array::from_fn(|_| styles.next().expect("four parts"));
        let doubled = doubled(builder, x, [from, to], repeats);
        let x = finished(builder, doubled, Some(first), [styles[0], styles[1]], slope);
        let x = add(builder, Operator::Convolution(convolution(to, to, [3, 3], 1, 1, true)), &[x]);
        let x = finished(builder, x, Some(second), [styles[2], styles[3]], slope);
        vec![add(builder, Operator::Convolution(convolution(3, to, [1, 1], 1, 0, true)), &[x])]
    })
}

/// A styled map that a convolution of 3 x 3 takes to few channels, and no noise.
fn doubling_without_noise() -> Case {
    graph("a layer of StyleGAN without noise", |builder| {
        let shapes = [Shape::map(17, 9, 7), Shape::Vector(16), Shape::Vector(16)];
        let [x, scale, shift] = inputs(builder, &shapes)[..] else { unreachable!("three inputs") };
        let doubled = doubled(builder, x, [17, 16], true);
        let x = finished(builder, doubled, None, [scale, shift], 0.2);
        vec![add(builder, Operator::Convolution(convolution(3, 16, [3, 3], 1, 1, false)), &[x])]
    })
}

/// An activation with a gain that clamps.
fn clamped() -> Case {
    graph("a layer of StyleGAN that clamps", |builder| {
        let shapes = [Shape::map(17, 12, 12), Shape::Vector(20), Shape::Vector(20)];
        let [x, scale, shift] = inputs(builder, &shapes)[..] else { unreachable!("three inputs") };
        let x = add(builder, Operator::Convolution(convolution(20, 17, [3, 3], 1, 1, true)), &[x]);
        let x = add(builder, Operator::LeakyRelu { slope: 0.2, gain: 1.5, clamp: Some(0.75) }, &[x]);
        let x = add(builder, Operator::InstanceNorm { epsilon: 1e-5 }, &[x]);
        let x = add(builder, Operator::Modulate, &[x, scale, shift]);
        vec![add(builder, Operator::Convolution(convolution(16, 20, [4, 4], 2, 1, false)), &[x])]
    })
}

/// What looks like a layer, but for a value in the middle that another reads, a filter with wide padding, one strength for
/// all channels, and one vector that is scale and shift.
fn not_fused() -> Case {
    graph("nearly layers of StyleGAN", |builder| {
        let shapes = [Shape::map(16, 12, 12), Shape::map(1, 12, 12), Shape::Vector(16)];
        let [x, noise, style] = inputs(builder, &shapes)[..] else { unreachable!("three inputs") };
        let x = add(builder, Operator::Convolution(convolution(16, 16, [3, 3], 1, 1, true)), &[x]);
        let noisy = add(builder, Operator::AddNoise(vec![0.5].into()), &[x, noise]);
        let active = add(builder, Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[noisy]);
        let norm = add(builder, Operator::InstanceNorm { epsilon: 1e-5 }, &[active]);
        let first = add(builder, Operator::Modulate, &[norm, style, style]);
        let x = add(builder, Operator::Convolution(convolution(16, 16, [3, 3], 1, 1, false)), &[first]);
        let wide = Fir { taps: separable_taps([1, 1]), up: 1, down: 1, padding_y: [0, 3], padding_x: [3, -2] };
        let x = add(builder, Operator::Fir(wide), &[x]);
        let x = finished(builder, x, None, [style, style], 0.2);
        let last = add(builder, Operator::Convolution(convolution(3, 16, [3, 3], 1, 1, true)), &[x]);
        vec![last, active]
    })
}

/// Convolutions alone, with tiles that go beyond the map.
fn three_by_three([height, width]: [usize; 2]) -> Case {
    graph(format!("two convolutions of {height}x{width}"), |builder| {
        let x = inputs(builder, &[Shape::map(16, height, width)])[0];
        let x = add(builder, Operator::Convolution(convolution(40, 16, [3, 3], 1, 1, true)), &[x]);
        let x = add(builder, Operator::relu(), &[x]);
        vec![add(builder, Operator::Convolution(convolution(8, 40, [3, 3], 1, 1, true)), &[x])]
    })
}

/// Repeats pixels and convolves the larger map, or has kernels of 4 x 4 pixels of no kind.
fn doubled(builder: &mut NetworkBuilder, x: Value, [from, to]: [usize; 2], repeats: bool) -> Value {
    let kernels = if repeats { repeating(from, to) } else { convolution(to, from, [4, 4], 2, 1, false) };
    let x = add(builder, Operator::TransposedConvolution(kernels), &[x]);
    let x = add(builder, blur(3), &[x]);
    let bias = Random::named(&format!("bias {to}")).around(0.0, 0.5, to);
    add(builder, Operator::affine(vec![], bias), &[x])
}

/// Kernels of 3 x 3 pixels at four places each.
fn repeating(from: usize, to: usize) -> Convolution {
    let three = convolution(to, from, [3, 3], 1, 1, false);
    let mut weight = vec![0.0; 16 * from * to];
    for (kernel, taps) in weight.chunks_exact_mut(16).zip(three.weight.chunks_exact(9)) {
        for (place, (i, tap)) in (0..4).flat_map(|place| taps.iter().enumerate().map(move |tap| (place, tap))) {
            kernel[(i / 3 + place / 2) * 4 + i % 3 + place % 2] += tap;
        }
    }
    Convolution { weight: weight.into(), kernel: [4, 4], stride: 2, ..three }
}

fn finished(builder: &mut NetworkBuilder, mut x: Value, noise: Option<Value>, style: [Value; 2], slope: f32) -> Value {
    let to = builder.shape(x).channels();
    if let Some(noise) = noise {
        let strength = Random::named(&format!("strength {to}")).around(0.0, 0.5, to);
        x = add(builder, Operator::AddNoise(strength), &[x, noise]);
    }
    let x = add(builder, Operator::LeakyRelu { slope, gain: 1.0, clamp: None }, &[x]);
    let x = add(builder, Operator::InstanceNorm { epsilon: 1e-5 }, &[x]);
    add(builder, Operator::Modulate, &[x, style[0], style[1]])
}
