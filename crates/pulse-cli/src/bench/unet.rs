//! U-Nets of published widths with random weights, as networks of the engine.
//!
//! Inputs are a picture with noise in it (`x`) and the numbers that stand for its time (`time`, a vector as long as the
//! first layer is wide); the output has the picture's shape.

use pulse_engine::{
    Convolution, Dense, Fir, FirTaps, Network, NetworkBuilder, Operator, Result, Shape, Value, Weights,
};

/// What a U-Net is made from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct UNet {
    /// Channels at each resolution, the largest map first.
    pub(super) widths: &'static [usize],
    /// Residual blocks at each resolution; one more on the way up.
    blocks: usize,
    /// At which resolutions, counted from the largest, pixels look at each other.
    attention: &'static [usize],
    /// How many channels a head has; all of them where there is none.
    head: Option<usize>,
    groups: usize,
    style: Style,
}

/// Two families of code that U-Nets are written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `UNet2DModel` of Diffusers: convolutions at stride 2, with zeros on both sides or behind the last pixel alone.
    Ddpm { pads_both_sides: bool },
    /// `SongUNet` of EDM (Karras et al. 2022), "DDPM++": blocks that halve by averaging, and sums times `sqrt(½)`.
    Song,
}

/// A small model of faces at 64 pixels: four heads at 8 pixels.
pub(super) const SMALL: UNet = UNet {
    widths: &[32, 64, 96, 128],
    blocks: 1,
    attention: &[3],
    head: Some(32),
    groups: 8,
    style: Style::Ddpm { pads_both_sides: true },
};

/// EDM's model of FFHQ at 64 pixels: 61.8 million weights.
pub(super) const EDM: UNet =
    UNet { widths: &[128, 256, 256, 256], blocks: 4, attention: &[2], head: None, groups: 32, style: Style::Song };

/// `google/ddpm-celebahq-256`: 113.7 million weights.
pub(super) const DDPM: UNet = UNet {
    widths: &[128, 128, 256, 256, 512, 512],
    blocks: 2,
    attention: &[4],
    head: None,
    groups: 32,
    style: Style::Ddpm { pads_both_sides: false },
};

impl UNet {
    /// The network for pictures of so many pixels along a side.
    pub(super) fn network(&self, resolution: usize) -> Result<Network> {
        let mut maker = Maker { unet: *self, builder: NetworkBuilder::new(), state: 1 };
        let x = maker.builder.input("x", Shape::map(3, resolution, resolution))?;
        let time = maker.builder.input("time", Shape::Vector(self.widths[0]))?;
        let time = maker.dense(time, 4 * self.widths[0])?;
        let time = maker.builder.add(Operator::Silu, &[time])?;
        let time = maker.dense(time, 4 * self.widths[0])?;
        let time = maker.builder.add(Operator::Silu, &[time])?;
        let y = maker.whole(x, time)?;
        maker.builder.output("y", y)?;
        maker.builder.build()
    }
}

struct Maker {
    unet: UNet,
    builder: NetworkBuilder,
    state: u64,
}

/// How a block changes the size of its map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Kept,
    Halved,
    Doubled,
}

impl Maker {
    fn whole(&mut self, x: Value, time: Value) -> Result<Value> {
        let UNet { widths, blocks, attention, style, .. } = self.unet;
        let last = widths.len() - 1;
        let looks = |level: usize| attention.contains(&level);
        let mut x = self.convolution(x, widths[0], 3, 1, 1)?;
        let mut skips = vec![x];
        for (level, &width) in widths.iter().enumerate() {
            for _ in 0..blocks {
                x = self.block(x, time, width, Size::Kept, looks(level))?;
                skips.push(x);
            }
            if level < last {
                x = self.halved(x, time)?;
                skips.push(x);
            }
        }
        x = self.block(x, time, widths[last], Size::Kept, true)?;
        x = self.block(x, time, widths[last], Size::Kept, false)?;
        for (level, &width) in widths.iter().enumerate().rev() {
            for block in 0..=blocks {
                let skip = skips.pop().unwrap_or(x);
                x = self.builder.add(Operator::Concatenate, &[x, skip])?;
                let looks = looks(level) && (style != Style::Song || block == blocks);
                x = self.block(x, time, width, Size::Kept, looks)?;
            }
            if level > 0 {
                x = self.doubled(x, time)?;
            }
        }
        x = self.norm(x)?;
        x = self.builder.add(Operator::Silu, &[x])?;
        self.convolution(x, 3, 3, 1, 1)
    }

    /// To the next smaller resolution. The blocks there change the width.
    fn halved(&mut self, x: Value, time: Value) -> Result<Value> {
        let width = self.builder.shape(x).channels();
        match self.unet.style {
            Style::Song => self.block(x, time, width, Size::Halved, false),
            Style::Ddpm { pads_both_sides: true } => self.convolution(x, width, 3, 2, 1),
            Style::Ddpm { pads_both_sides: false } => {
                let padded = self.builder.add(Operator::Pad { vertical: [0, 1], horizontal: [0, 1] }, &[x])?;
                self.convolution(padded, width, 3, 2, 0)
            }
        }
    }

    fn doubled(&mut self, x: Value, time: Value) -> Result<Value> {
        let width = self.builder.shape(x).channels();
        match self.unet.style {
            Style::Song => self.block(x, time, width, Size::Doubled, false),
            Style::Ddpm { .. } => {
                let x = self.resampled(x, Size::Doubled)?;
                self.convolution(x, width, 3, 1, 1)
            }
        }
    }

    /// A residual block, and attention behind it.
    fn block(&mut self, x: Value, time: Value, width: usize, size: Size, looks: bool) -> Result<Value> {
        let narrow = self.builder.shape(x).channels() != width;
        let mut y = self.norm(x)?;
        y = self.builder.add(Operator::Silu, &[y])?;
        y = self.resampled(y, size)?;
        y = self.convolution(y, width, 3, 1, 1)?;
        let term = self.dense(time, width)?;
        y = self.builder.add(Operator::Add, &[y, term])?;
        y = self.norm(y)?;
        y = self.builder.add(Operator::Silu, &[y])?;
        y = self.convolution(y, width, 3, 1, 1)?;
        let mut skip = self.resampled(x, size)?;
        if narrow || size != Size::Kept {
            skip = self.convolution(skip, width, 1, 1, 0)?;
        }
        let sum = self.sum(skip, y)?;
        if looks { self.attended(sum) } else { Ok(sum) }
    }

    fn attended(&mut self, x: Value) -> Result<Value> {
        let width = self.builder.shape(x).channels();
        let normed = self.norm(x)?;
        let [query, key, value] = [(); 3].map(|()| self.convolution(normed, width, 1, 1, 0));
        let heads = self.unet.head.map_or(1, |channels| width / channels);
        let mixed = self.builder.add(Operator::Attention { heads }, &[query?, key?, value?])?;
        let back = self.convolution(mixed, width, 1, 1, 0)?;
        self.sum(x, back)
    }

    fn sum(&mut self, a: Value, b: Value) -> Result<Value> {
        let sum = self.builder.add(Operator::Add, &[a, b])?;
        match self.unet.style {
            Style::Song => self.builder.add(Operator::affine(vec![0.5f32.sqrt()], vec![]), &[sum]),
            Style::Ddpm { .. } => Ok(sum),
        }
    }

    fn norm(&mut self, x: Value) -> Result<Value> {
        let channels = self.builder.shape(x).channels();
        let normed = self.builder.add(Operator::GroupNorm { groups: self.unet.groups, epsilon: 1e-6 }, &[x])?;
        let affine = Operator::affine(vec![1.0; channels], self.numbers(channels, 0.1));
        self.builder.add(affine, &[normed])
    }

    fn resampled(&mut self, x: Value, size: Size) -> Result<Value> {
        let (tap, up, down, padding) = match size {
            Size::Kept => return Ok(x),
            Size::Halved => (0.5, 1, 2, [0, 0]),
            Size::Doubled => (1.0, 2, 1, [1, 0]),
        };
        let taps = FirTaps::Separable { vertical: vec![tap; 2].into(), horizontal: vec![tap; 2].into() };
        self.builder.add(Operator::Fir(Fir { taps, up, down, padding_y: padding, padding_x: padding }), &[x])
    }

    fn convolution(&mut self, x: Value, to: usize, kernel: usize, stride: usize, padding: usize) -> Result<Value> {
        let from = self.builder.shape(x).channels();
        let inputs = from * kernel * kernel;
        let convolution = Convolution {
            weight: self.numbers(to * inputs, (inputs as f32).sqrt().recip()),
            bias: Some(self.numbers(to, 0.1)),
            out_channels: to,
            in_channels: from,
            kernel: [kernel; 2],
            stride,
            padding,
        };
        self.builder.add(Operator::Convolution(convolution), &[x])
    }

    fn dense(&mut self, x: Value, to: usize) -> Result<Value> {
        let from = self.builder.shape(x).channels();
        let weight = self.numbers(to * from, (from as f32).sqrt().recip());
        let dense = Dense { weight, bias: Some(self.numbers(to, 0.1)), out_features: to, in_features: from };
        self.builder.add(Operator::Dense(dense), &[x])
    }

    /// Uniform numbers of this deviation, from a small linear congruential generator: the same in every run.
    fn numbers(&mut self, count: usize, deviation: f32) -> Weights {
        let next = |_| {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 12f32.sqrt() * deviation
        };
        (0..count).map(next).collect::<Vec<_>>().into()
    }
}
