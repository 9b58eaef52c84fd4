//! The transformed weights of a map.

use std::sync::Arc;

use rayon::prelude::*;

use super::nested::Nested;
use super::scheme::{Scheme, Taps, lines};
use crate::cpu::lanes::{LANES, PackedWeights};
use crate::cpu::settings::Settings;

/// For each group of output channels, each product, each input channel: the output channels side by side.
pub(crate) struct Factors {
    pub(crate) data: Arc<PackedWeights>,
    pub(crate) nested: Nested,
    pub(crate) out_channels: usize,
    pub(crate) in_planes: usize,
    /// Vectors of output channels in a group.
    pub(crate) vectors: usize,
}

impl Factors {
    /// `weight(o, i, k, l)` is the weight between pixel `(y, x)` of the smaller map and pixel
    /// `(stride y + k − padding, stride x + l − padding)` of the larger.
    pub(crate) fn new<S: Scheme>(
        settings: Settings,
        [out_channels, in_channels]: [usize; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let [kernel, ..] = S::CONVOLUTION;
        let vectors = settings.instructions.vectors().min(out_channels.div_ceil(LANES));
        let side = vectors * LANES;
        let groups = out_channels.div_ceil(side);
        let in_planes = in_channels.div_ceil(LANES);
        let nested = Nested::of(S::PRODUCTS);
        let lines = lines::<S>();
        let group_len = nested.products.len() * in_planes * LANES * side;
        let mut data = settings.weights(groups * group_len);
        let to_fill = data.unfilled().unwrap_or_default();
        to_fill.par_chunks_exact_mut(group_len).enumerate().for_each(|(group, factors)| {
            // For each product along the horizontal axis, the kernel's sums along that axis.
            let mut sums = vec![[0.0; 6]; lines.len()];
            for i in 0..in_channels {
                for o in group * side..out_channels.min((group + 1) * side) {
                    let tap = |k: usize, l: usize| if k.max(l) < kernel { f64::from(weight(o, i, k, l)) } else { 0.0 };
                    let taps: [Taps; 6] = std::array::from_fn(|k| std::array::from_fn(|l| tap(k, l)));
                    for (line, sums) in lines.iter().zip(&mut sums) {
                        *sums = taps.map(|row| row.iter().zip(line).map(|(tap, factor)| tap * factor).sum());
                    }
                    for (place, product) in nested.products.iter().enumerate() {
                        let [vertical, horizontal] = product.along;
                        let terms = lines[vertical].iter().zip(&sums[horizontal]);
                        let factor = terms.map(|(factor, sum)| factor * sum).sum::<f64>();
                        factors[(place * in_planes * LANES + i) * side + o % side] = factor as f32;
                    }
                }
            }
        });
        Self { data: Arc::new(data), nested, out_channels, in_planes, vectors }
    }

    pub(crate) fn len(&self) -> usize {
        self.data.count()
    }

    pub(crate) fn out_planes(&self) -> usize {
        self.out_channels.div_ceil(LANES)
    }

    pub(crate) fn groups(&self) -> usize {
        self.out_channels.div_ceil(self.vectors * LANES)
    }

    /// The factors of a sum of a group of output channels. Behind the last sum the address is
    /// not one of a factor, and must not be read.
    pub(crate) fn of(&self, group: usize, sum: usize) -> *const f32 {
        let product = group * self.nested.products.len() + self.nested.begin_of(sum);
        self.data.as_ptr().wrapping_add(product * self.in_planes * LANES * self.vectors * LANES)
    }
}
