//! Whole layers of StyleGANs, which engines may run as one, at the sizes at which they take another way.

use pulse_engine::{Fir, NetworkBuilder, Operator, Shape, Value};

use super::{Case, add, graph, inputs, maps::convolution, resampling::separable_taps};
use crate::random::Random;

/// Rows and columns of the map that is doubled.
const SIZES: [[usize; 2]; 6] = [[4, 4], [6, 10], [8, 12], [16, 16], [32, 32], [38, 30]];

/// One that is so large that doubling and blur become one map. Of so many activations some are so near zero that rounding
/// decides their branch, which is why both are the same there.
const LARGE: [usize; 2] = [127, 130];

pub(super) fn cases() -> Vec<Case> {
    let others = [doubling(LARGE, [18, 17], 1.0), doubling_without_noise(), clamped(), not_fused()];
    let plain = [[33, 18], [16, 40]].map(three_by_three);
    SIZES.into_iter().map(|size| doubling(size, [24, 20], 0.2)).chain(others).chain(plain).collect()
}

/// Doubling, blur, noise and style, then a convolution, noise and style, then a picture.
fn doubling(size: [usize; 2], [from, to]: [usize; 2], slope: f32) -> Case {
    let [height, width] = size;
    graph(format!("two layers of StyleGAN from {height}x{width}"), |builder| {
        let noise = Shape::map(1, 2 * height, 2 * width);
        let shapes = [Shape::map(from, height, width), noise, noise, Shape::Vector(4 * to)];
        let [x, first, second, style] = inputs(builder, &shapes)[..] else { unreachable!("four inputs") };
        let mut styles = (0..4).map(|i| add(builder, Operator::Slice { start: i * to, length: to }, &[style]));
        let styles: [Value; 4] = std::array::from_fn(|_| styles.next().expect("four parts"));
        let doubled = doubled(builder, x, [from, to]);
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
        let doubled = doubled(builder, x, [17, 16]);
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

fn doubled(builder: &mut NetworkBuilder, x: Value, [from, to]: [usize; 2]) -> Value {
    let x = add(builder, Operator::TransposedConvolution(convolution(to, from, [4, 4], 2, 1, false)), &[x]);
    let blur = Fir { taps: separable_taps([3, 3]), up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] };
    let x = add(builder, Operator::Fir(blur), &[x]);
    let bias = Random::named(&format!("bias {to}")).around(0.0, 0.5, to);
    add(builder, Operator::affine(vec![], bias), &[x])
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
