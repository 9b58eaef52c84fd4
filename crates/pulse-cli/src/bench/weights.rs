//! Random weights at the published widths, under the names that checkpoints have.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;

/// The length of `w`.
const WIDTH: usize = 512;

/// Named tensors of random numbers, from a small linear congruential generator: the same in every run.
pub(super) struct Weights {
    state: u64,
    tensors: BTreeMap<String, Tensor>,
}

impl Default for Weights {
    fn default() -> Self {
        Self { state: 1, tensors: BTreeMap::new() }
    }
}

/// Channels at `size` pixels: 512 up to 32 pixels, and then half as many at each doubling, 16 at 1024 (Karras,
/// Laine, Aila 2019; Karras et al. 2020, configuration E).
fn channels(size: usize) -> usize {
    (16_384 / size).min(512)
}

/// 4, 8, … up to the resolution.
fn sizes(resolution: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(4), |size| Some(2 * size)).take_while(move |&size| size <= resolution)
}

impl Weights {
    /// A StyleGAN's synthesis, named as in PULSE's files.
    pub(super) fn stylegan1(mut self, resolution: usize) -> BTreeMap<String, Tensor> {
        for size in sizes(resolution) {
            let (from, to) = (channels(size / 2), channels(size));
            let block = format!("synthesis.blocks.{size}x{size}");
            if size == 4 {
                self.add(&format!("{block}.const"), &[1, to, 4, 4]);
                self.add(&format!("{block}.bias"), &[to]);
                self.layer(&format!("{block}.conv"), &[to, to, 3, 3]);
            } else {
                self.layer(&format!("{block}.conv0_up"), &[to, from, 3, 3]);
                self.layer(&format!("{block}.conv1"), &[to, to, 3, 3]);
            }
            for place in 1..=2 {
                self.add(&format!("{block}.epi{place}.noise.weight"), &[to]);
                self.layer(&format!("{block}.epi{place}.style_mod.lin"), &[2 * to, WIDTH]);
            }
        }
        self.layer("synthesis.torgb", &[3, channels(resolution), 1, 1]);
        self.tensors
    }

    /// A StyleGAN2's synthesis of the skip architecture, named as in rosinality's files.
    pub(super) fn stylegan2(mut self, resolution: usize) -> BTreeMap<String, Tensor> {
        self.add("input.input", &[1, channels(4), 4, 4]);
        self.styled("conv1", channels(4), channels(4), false);
        self.colours("to_rgb1", channels(4));
        for (block, size) in sizes(resolution).skip(1).enumerate() {
            let (from, to) = (channels(size / 2), channels(size));
            self.styled(&format!("convs.{}", 2 * block), from, to, true);
            self.styled(&format!("convs.{}", 2 * block + 1), to, to, false);
            let name = format!("to_rgbs.{block}");
            self.colours(&name, to);
            self.filter(&format!("{name}.upsample.kernel"));
        }
        self.tensors
    }

    fn styled(&mut self, name: &str, from: usize, to: usize, doubling: bool) {
        self.add(&format!("{name}.conv.weight"), &[1, to, from, 3, 3]);
        self.layer(&format!("{name}.conv.modulation"), &[from, WIDTH]);
        self.add(&format!("{name}.noise.weight"), &[1]);
        self.add(&format!("{name}.activate.bias"), &[to]);
        if doubling {
            self.filter(&format!("{name}.conv.blur.kernel"));
        }
    }

    fn colours(&mut self, name: &str, from: usize) {
        self.add(&format!("{name}.conv.weight"), &[1, 3, from, 1, 1]);
        self.layer(&format!("{name}.conv.modulation"), &[from, WIDTH]);
        self.add(&format!("{name}.bias"), &[1, 3, 1, 1]);
    }

    /// `[1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16`, which keeps the brightness where every second pixel is zero.
    fn filter(&mut self, name: &str) {
        const TAPS: [f32; 4] = [1.0, 3.0, 3.0, 1.0];
        let taps = TAPS.iter().flat_map(|y| TAPS.map(|x| x * y / 16.0)).collect();
        self.insert(name, &[4, 4], taps);
    }

    /// A weight, and a bias for each output.
    fn layer(&mut self, name: &str, shape: &[usize]) {
        self.add(&format!("{name}.weight"), shape);
        self.add(&format!("{name}.bias"), &shape[..1]);
    }

    /// Uniform numbers of variance 1: StyleGAN's weights are scaled when they are used.
    fn add(&mut self, name: &str, shape: &[usize]) {
        let numbers = (0..shape.iter().product())
            .map(|_| {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((self.state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 12f32.sqrt()
            })
            .collect();
        self.insert(name, shape, numbers);
    }

    fn insert(&mut self, name: &str, shape: &[usize], numbers: Vec<f32>) {
        self.tensors.insert(name.into(), Tensor::new(shape, numbers).expect("as many numbers as the shape has"));
    }
}
