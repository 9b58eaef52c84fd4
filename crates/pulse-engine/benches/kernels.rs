//! How fast each operator runs at the shapes that StyleGAN has: networks of one operator, one candidate.
//!
//! ```text
//! cargo bench -p pulse-engine                          # all, in some minutes
//! cargo bench -p pulse-engine -- "backward.*conv3x3"   # some
//! ```
//!
//! The rate in `item/s` is that of floating-point operations, counted by the direct way: Gitem/s are GFLOP/s. What the
//! engine does at the ends of every network (bringing numbers into its own order and back) is in the times.
//! `PULSE_SIMD` chooses the instruction set and `RAYON_NUM_THREADS` the threads.

use std::fmt;

use divan::Bencher;
use divan::counter::ItemsCount;
use pulse_engine::{
    Convolution, Cpu, Dense, Engine, Fir, FirTaps, InputId, Network, NetworkBuilder, Operator, OutputId, Program,
    Shape, Weights,
};

fn main() {
    divan::main();
}

#[divan::bench(args = layers(), max_time = 1)]
fn forward(bencher: Bencher, layer: Layer) {
    let mut compiled = Compiled::new(layer);
    let wanted = [compiled.output];
    bencher.counter(ItemsCount::new(layer.operations())).bench_local(|| compiled.program.forward(1, &wanted));
}

#[divan::bench(args = layers(), max_time = 1)]
fn backward(bencher: Bencher, layer: Layer) {
    let mut compiled = Compiled::new(layer);
    compiled.program.forward(1, &[]);
    let wanted = [compiled.input];
    bencher.counter(ItemsCount::new(layer.operations())).bench_local(|| compiled.program.backward(1, &wanted));
}

/// Pixels along a side of every resolution.
const SIZES: [usize; 9] = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// The length of `w`.
const WIDTH: usize = 512;

/// One operator at one shape.
#[derive(Clone, Copy)]
struct Layer {
    kind: Kind,
    /// Pixels along a side of the result.
    size: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The convolution that keeps the size.
    Conv3x3,
    /// A transposed convolution of stride 2 that doubles it, of any taps.
    Doubling,
    /// StyleGAN's: of 3 x 3 pixels on repeated ones.
    Repeating,
    /// StyleGAN2's: of 3 x 3 pixels, with zeros between those of the argument.
    Interleaving,
    /// To three colours.
    ToRgb,
    /// The four taps after a transposed convolution.
    Filter,
    InstanceNorm,
    /// From `w` to the scale and the shift of each channel.
    Style,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Conv3x3,
        Self::Doubling,
        Self::Repeating,
        Self::Interleaving,
        Self::ToRgb,
        Self::Filter,
        Self::InstanceNorm,
        Self::Style,
    ];

    fn doubles(self) -> bool {
        matches!(self, Self::Doubling | Self::Repeating | Self::Interleaving)
    }
}

/// Each operator at each resolution that has it; a style only where the widths change, as it has no pixels.
fn layers() -> impl Iterator<Item = Layer> {
    let all = Kind::ALL.into_iter().flat_map(|kind| SIZES.map(|size| Layer { kind, size }));
    all.filter(|layer| match layer.kind {
        kind if kind.doubles() || kind == Kind::Filter => layer.size > 4,
        Kind::Style => layer.size >= 32,
        _ => true,
    })
}

fn channels(size: usize) -> usize {
    (16_384 / size).min(512)
}

impl Layer {
    fn argument(self) -> Shape {
        let Self { kind, size } = self;
        match kind {
            Kind::Conv3x3 | Kind::ToRgb | Kind::InstanceNorm => Shape::map(channels(size), size, size),
            Kind::Doubling | Kind::Repeating | Kind::Interleaving => Shape::map(channels(size / 2), size / 2, size / 2),
            Kind::Filter => Shape::map(channels(size), size + 1, size + 1),
            Kind::Style => Shape::Vector(WIDTH),
        }
    }

    /// Floating-point operations of one pass, forward or backward: 2 a product. The norm has 6 a number: 1 for the
    /// mean, 3 for the variance, 2 to apply them.
    fn operations(self) -> usize {
        let (inputs, outputs) = (self.argument().len(), channels(self.size) * self.size * self.size);
        match self.kind {
            Kind::Conv3x3 => 2 * outputs * channels(self.size) * 9,
            Kind::Doubling | Kind::Repeating => 2 * inputs * channels(self.size) * 16,
            Kind::Interleaving => 2 * inputs * channels(self.size) * 9,
            Kind::ToRgb => 2 * inputs * 3,
            Kind::Filter => 2 * outputs * (4 + 4),
            Kind::InstanceNorm => 6 * inputs,
            Kind::Style => 2 * WIDTH * 2 * channels(self.size),
        }
    }

    fn operator(self) -> Operator {
        let (from, to) = (self.argument().channels(), channels(self.size));
        match self.kind {
            Kind::Conv3x3 => Operator::Convolution(convolution([from, to], [3, 1, 1])),
            Kind::Doubling => Operator::TransposedConvolution(convolution([from, to], [4, 2, 1])),
            Kind::Repeating => Operator::TransposedConvolution(repeating([from, to])),
            Kind::Interleaving => Operator::TransposedConvolution(convolution([from, to], [3, 2, 0])),
            Kind::ToRgb => Operator::Convolution(convolution([from, 3], [1, 1, 0])),
            Kind::Filter => {
                let taps: Weights = vec![0.25, 0.75, 0.75, 0.25].into();
                let taps = FirTaps::Separable { vertical: taps.clone(), horizontal: taps };
                Operator::Fir(Fir { taps, up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] })
            }
            Kind::InstanceNorm => Operator::InstanceNorm { epsilon: 1e-8 },
            Kind::Style => Operator::Dense(Dense {
                weight: numbers(WIDTH * 2 * to).into(),
                bias: Some(numbers(2 * to).into()),
                out_features: 2 * to,
                in_features: WIDTH,
            }),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, size } = *self;
        let (from, to) = (self.argument().channels(), channels(size));
        match kind {
            Kind::Conv3x3 => write!(f, "conv3x3 {from} to {to}, {size}x{size}"),
            Kind::Doubling => write!(f, "transposed4x4 {from} to {to}, {size}x{size}"),
            Kind::Repeating => write!(f, "repeated3x3 {from} to {to}, {size}x{size}"),
            Kind::Interleaving => write!(f, "transposed3x3 {from} to {to}, {size}x{size}"),
            Kind::ToRgb => write!(f, "conv1x1 {from} to 3, {size}x{size}"),
            Kind::Filter => write!(f, "fir4x4 {to}, {size}x{size}"),
            Kind::InstanceNorm => write!(f, "norm {to}, {size}x{size}"),
            Kind::Style => write!(f, "dense {WIDTH} to {}", 2 * to),
        }
    }
}

/// The two channels' counts are those of the argument and of the result; the rest are size, stride and padding.
fn convolution([in_channels, out_channels]: [usize; 2], [size, stride, padding]: [usize; 3]) -> Convolution {
    Convolution {
        weight: numbers(in_channels * out_channels * size * size).into(),
        bias: Some(numbers(out_channels).into()),
        out_channels,
        in_channels,
        kernel: [size, size],
        stride,
        padding,
    }
}

/// Kernels of 4 x 4 pixels that are sums of one of 3 x 3 at four places.
fn repeating(channels: [usize; 2]) -> Convolution {
    let mut convolution = convolution(channels, [4, 2, 1]);
    let mut weight = vec![0.0; convolution.weight.len()];
    for (kernel, taps) in weight.chunks_exact_mut(16).zip(numbers(9 * channels[0] * channels[1]).chunks_exact(9)) {
        for (i, tap) in taps.iter().enumerate() {
            for place in 0..4 {
                kernel[(i / 3 + place / 2) * 4 + i % 3 + place % 2] += tap;
            }
        }
    }
    convolution.weight = weight.into();
    convolution
}

/// A network of one layer, its input and its cotangent filled.
struct Compiled {
    program: Box<dyn Program>,
    input: InputId,
    output: OutputId,
}

impl Compiled {
    fn new(layer: Layer) -> Self {
        let (network, input, output) = network(layer).expect("the shapes fit");
        let mut program = Cpu::default().compile(&network, 1).expect("it compiles");
        fill(program.input_mut(input));
        fill(program.cotangent_mut(output));
        Self { program, input, output }
    }
}

fn network(layer: Layer) -> pulse_engine::Result<(Network, InputId, OutputId)> {
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", layer.argument())?;
    let y = builder.add(layer.operator(), &[x])?;
    builder.output("y", y)?;
    let network = builder.build()?;
    let ends = (network.input("x")?, network.output("y")?);
    Ok((network, ends.0, ends.1))
}

fn numbers(count: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; count];
    fill(&mut numbers);
    numbers
}

/// Uniform numbers in [-1, 1], from a linear congruential generator.
fn fill(numbers: &mut [f32]) {
    let mut state = 1u64;
    for number in numbers {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *number = (state >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
}
