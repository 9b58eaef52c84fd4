//! Which nodes of a U-Net run as one: a norm with what stands round it, a convolution and the map added behind it, and
//! repeated pixels with the convolution behind them.

use super::fuse::Graph;
use crate::cpu::lanes::{LANES, Layout};
use crate::{Affine, Convolution, Fir, FirTaps, Operator, Shape};

/// A norm over groups of channels and what stands round it.
pub(crate) struct NormedGroups<'a> {
    pub(crate) argument: usize,
    pub(crate) groups: usize,
    pub(crate) epsilon: f32,
    /// The vector that is added before.
    pub(crate) term: Option<usize>,
    pub(crate) affine: Option<&'a Affine>,
    /// The scale and the shift that modulate the result.
    pub(crate) modulation: Vec<usize>,
    pub(crate) silu: bool,
    /// All of them, in the order in which they would run.
    pub(crate) nodes: Vec<usize>,
}

/// A linear operator whose result is added to another map, and perhaps scaled with it.
pub(crate) struct Residual {
    pub(crate) linear: usize,
    /// The other map.
    pub(crate) skip: usize,
    /// What the sum is multiplied by.
    pub(crate) gain: f32,
    /// All of them, in the order in which they would run.
    pub(crate) nodes: Vec<usize>,
}

impl<'a> Graph<'a> {
    /// What belongs to a norm of groups.
    pub(super) fn normed(&self, norm: usize) -> Option<NormedGroups<'a>> {
        let &Operator::GroupNorm { groups, epsilon } = &self.nodes[norm].operator else { return None };
        let mut argument = self.nodes[norm].arguments[0].index();
        let (mut nodes, mut term) = (vec![norm], None);
        // What is made of other gradients comes after that of the map, which must have one.
        let differentiable = self.differentiable[argument];
        if let (Operator::Add, Some(sum)) = (&self.nodes[argument].operator, self.own(norm))
            && let &[map, vector] = self.nodes[sum].arguments.as_slice()
            && let Shape::Vector(_) = self.nodes[vector.index()].shape
            && self.differentiable[map.index()]
        {
            (argument, term) = (map.index(), Some(vector.index()));
            nodes.insert(0, sum);
        }
        let mut normed =
            NormedGroups { argument, groups, epsilon, term, affine: None, modulation: vec![], silu: false, nodes };
        let mut last = norm;
        while let Some(next) = self.next(last).filter(|&next| !normed.silu && normed.takes(next, self, differentiable))
        {
            normed.nodes.push(next);
            last = next;
        }
        Some(normed)
    }

    /// The sum that ends with a linear operator.
    pub(super) fn residual(&self, sum: usize, is_free: impl Fn(usize) -> bool) -> Option<Residual> {
        let node = &self.nodes[sum];
        let (Operator::Add, &[first, second]) = (&node.operator, node.arguments.as_slice()) else { return None };
        if Layout::new(node.shape, 0).lanes != LANES
            || self.nodes[first.index()].shape != self.nodes[second.index()].shape
        {
            return None;
        }
        let [first, second] = [first.index(), second.index()];
        let is_linear = |index: usize| {
            let operator = &self.nodes[index].operator;
            matches!(operator, Operator::Convolution(_) | Operator::TransposedConvolution(_)) && self.uses[index] == 1
        };
        // The later of the two, so that the other is there when it runs.
        let pairs = [[first.max(second), first.min(second)], [first.min(second), first.max(second)]];
        let [linear, skip] = pairs.into_iter().find(|&[linear, _]| is_linear(linear) && is_free(linear))?;
        let mut residual = Residual { linear, skip, gain: 1.0, nodes: vec![linear, sum] };
        if let Some(next) = self.next(sum).filter(|&next| is_free(next))
            && let Operator::Affine(affine) = &self.nodes[next].operator
            && let (&[gain], []) = (&*affine.scale, &*affine.shift)
        {
            residual.gain = gain;
            residual.nodes.push(next);
        }
        Some(residual)
    }

    /// The filter that repeats pixels in front of a convolution which alone reads them.
    pub(super) fn repeated(&self, convolution: usize) -> Option<usize> {
        let Operator::Convolution(weights) = &self.nodes[convolution].operator else { return None };
        if (weights.kernel, weights.stride, weights.padding) != ([3, 3], 1, 1) {
            return None;
        }
        let fir = self.own(convolution)?;
        matches!(&self.nodes[fir].operator, Operator::Fir(filter) if repeats(filter)).then_some(fir)
    }
}

impl<'a> NormedGroups<'a> {
    /// Takes a node behind the others, where a norm can have it.
    fn takes(&mut self, index: usize, graph: &Graph<'a>, differentiable: bool) -> bool {
        let node = &graph.nodes[index];
        match (&node.operator, node.arguments.as_slice()) {
            (Operator::Affine(affine), _) if self.affine.is_none() && self.modulation.is_empty() => {
                let fits = |numbers: &[f32]| numbers.len() <= 1 || numbers.len() == node.shape.channels();
                let fits = fits(&affine.scale) && fits(&affine.shift);
                self.affine = fits.then_some(affine);
                fits
            }
            (Operator::Modulate, [_, vectors @ ..]) if self.modulation.is_empty() && differentiable => {
                self.modulation = vectors.iter().map(|vector| vector.index()).collect();
                true
            }
            (Operator::Silu, _) => {
                self.silu = true;
                true
            }
            _ => false,
        }
    }
}

/// Whether a filter makes every pixel four.
fn repeats(fir: &Fir) -> bool {
    let FirTaps::Separable { vertical, horizontal } = &fir.taps else { return false };
    (fir.up, fir.down) == (2, 1)
        && [&**vertical, &**horizontal] == [[1.0, 1.0]; 2]
        && [fir.padding_y, fir.padding_x] == [[1, 0]; 2]
}

/// A convolution of 3 x 3 of repeated pixels as a transposed one of 4 x 4 of the pixels themselves: of two neighbours that are
/// one pixel, the taps are added.
pub(super) fn of_repeated(convolution: &Convolution) -> Convolution {
    /// Of each tap, those of the three that it is the sum of.
    const SUMS: [&[usize]; 4] = [&[2], &[1, 2], &[0, 1], &[0]];
    let &Convolution { out_channels, in_channels, .. } = convolution;
    let mut weight = vec![0.0; 16 * in_channels * out_channels];
    for i in 0..in_channels {
        for o in 0..out_channels {
            let taps = &convolution.weight[(o * in_channels + i) * 9..][..9];
            for (k, rows) in SUMS.iter().enumerate() {
                for (l, columns) in SUMS.iter().enumerate() {
                    let pairs = rows.iter().flat_map(|row| columns.iter().map(move |column| row * 3 + column));
                    let sum: f64 = pairs.map(|tap| f64::from(taps[tap])).sum();
                    weight[((i * out_channels + o) * 4 + k) * 4 + l] = sum as f32;
                }
            }
        }
    }
    Convolution {
        weight: weight.into(),
        bias: convolution.bias.clone(),
        out_channels,
        in_channels,
        kernel: [4, 4],
        stride: 2,
        padding: 1,
    }
}

/// A convolution whose result is multiplied by a number.
pub(super) fn gained(convolution: &Convolution, gain: f32) -> Convolution {
    let scaled = |numbers: &[f32]| numbers.iter().map(|x| gain * x).collect::<Vec<_>>().into();
    Convolution {
        weight: scaled(&convolution.weight),
        bias: convolution.bias.as_deref().map(scaled),
        ..convolution.clone()
    }
}
