//! BlazeFace as a network.

use std::collections::BTreeMap;

use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::{
    Convolution, DepthwiseConvolution, Fir, FirTaps, Network, NetworkBuilder, Operator, Shape, Value, Weights,
};

use crate::{Error, ErrorKind, Result};

/// Where the detector comes from, in short; `models/` has the whole model card.
pub const CARD: &str = "BlazeFace short-range, 128x128, from MediaPipe (Google), Apache-2.0";

const WEIGHTS: &[u8] = include_bytes!("../../../../models/blazeface_short_range_f16.safetensors");

/// Pixels along a side of what it looks at.
pub(super) const INPUT: usize = 128;

const BLOCKS: usize = 16;

/// The blocks that halve the map.
const HALVING: [usize; 3] = [2, 5, 11];

/// The input of the network, `[3, 128, 128]` in [-1, 1].
pub(super) const IMAGE: &str = "image";

/// The grids of anchors: cells along a side, and anchors in a cell. `scores.N` is `[anchors, N, N]`, and `boxes.N`
/// is `[16 · anchors, N, N]`.
pub(super) const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];

/// The detector as a network: `image` `[3, 128, 128]`, RGB in [-1, 1], to `scores.16` `[2, 16, 16]`, `boxes.16`
/// `[32, 16, 16]`, `scores.8` `[6, 8, 8]` and `boxes.8` `[96, 8, 8]`. Scores are logits, an anchor a channel. The
/// sixteen channels of an anchor's box are centre, width and height, then six key points, in pixels from the centre of
/// the cell.
///
/// `x = relu(stem 5x5 stride 2)`, then sixteen blocks `x = relu(r + pointwise(depthwise 3x3(x)))`, where `r` is `x`,
/// or its 2x2 max-pool where the depthwise has stride 2, filled up with channels of zeros.
///
/// # Errors
/// Only when the program was built from a damaged file.
pub fn network() -> Result<Network> {
    let checkpoint = Checkpoint::from_bytes(WEIGHTS).map_err(|error| damaged(&error.to_string()).with_source(error))?;
    let layers = Layers { tensors: &checkpoint.tensors };
    let mut builder = NetworkBuilder::new();
    let image = builder.input(IMAGE, Shape::map(3, INPUT, INPUT))?;
    // An odd number of zeros, the odd one at the end.
    let padded = builder.add(padding([1, 2]), &[image])?;
    let stem = builder.add(layers.convolution("stem", 2)?, &[padded])?;
    let mut x = builder.add(Operator::relu(), &[stem])?;
    let mut before_last_halving = x;
    for block in 0..BLOCKS {
        let halves = HALVING.contains(&block);
        if halves {
            before_last_halving = x;
        }
        x = layers.block(&mut builder, &format!("block{block}"), halves, x)?;
    }
    for ((cells, _), map) in GRIDS.into_iter().zip([before_last_halving, x]) {
        for kind in ["scores", "boxes"] {
            let head = builder.add(layers.convolution(&format!("head{cells}.{kind}"), 1)?, &[map])?;
            builder.output(format!("{kind}.{cells}"), head)?;
        }
    }
    Ok(builder.build()?)
}

fn damaged(reason: &str) -> Error {
    Error::new(ErrorKind::Checkpoint, format!("the embedded face detector is damaged: {reason}"))
}

struct Layers<'a> {
    tensors: &'a BTreeMap<String, Tensor>,
}

impl Layers<'_> {
    fn get(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).ok_or_else(|| damaged(&format!("`{name}` is missing")))
    }

    /// The weight of a layer, with its four sizes, and its bias.
    fn layer(&self, name: &str) -> Result<(Weights, [usize; 4], Weights)> {
        let weight = self.get(&format!("{name}.weight"))?;
        let shape = weight.shape().try_into().map_err(|_| damaged(&format!("`{name}.weight` has not four axes")))?;
        Ok((weight.data().clone().into(), shape, self.get(&format!("{name}.bias"))?.data().clone().into()))
    }

    fn convolution(&self, name: &str, stride: usize) -> Result<Operator> {
        let (weight, [out_channels, in_channels, height, width], bias) = self.layer(name)?;
        let (bias, kernel, padding) = (Some(bias), [height, width], 0);
        Ok(Operator::Convolution(Convolution { weight, bias, out_channels, in_channels, kernel, stride, padding }))
    }

    fn block(&self, builder: &mut NetworkBuilder, name: &str, halves: bool, x: Value) -> Result<Value> {
        let (weight, [_, _, height, width], bias) = self.layer(&format!("{name}.depthwise"))?;
        // An even map that is halved has one zero at its end, one that is not has zeros on both sides.
        let (stride, padding) = if halves { (2, [0, 1]) } else { (1, [1, 1]) };
        let depthwise = DepthwiseConvolution { weight, bias: Some(bias), kernel: [height, width], stride, padding };
        let deep = builder.add(Operator::DepthwiseConvolution(depthwise), &[x])?;
        let deep = builder.add(self.convolution(&format!("{name}.pointwise"), 1)?, &[deep])?;
        let short = if halves { builder.add(Operator::MaxPool { window: 2 }, &[x])? } else { x };
        let short = widened(builder, short, builder.shape(deep).channels())?;
        let sum = builder.add(Operator::Add, &[deep, short])?;
        Ok(builder.add(Operator::relu(), &[sum])?)
    }
}

/// The map with channels of zeros behind its own: a convolution with ones on its diagonal.
fn widened(builder: &mut NetworkBuilder, x: Value, out_channels: usize) -> Result<Value> {
    let in_channels = builder.shape(x).channels();
    if in_channels == out_channels {
        return Ok(x);
    }
    let ones = (0..out_channels * in_channels).map(|i| f32::from(i / in_channels == i % in_channels));
    let (weight, kernel) = (ones.collect(), [1, 1]);
    let convolution = Convolution { weight, bias: None, out_channels, in_channels, kernel, stride: 1, padding: 0 };
    Ok(builder.add(Operator::Convolution(convolution), &[x])?)
}

/// Zeros `[before, after]` along both axes.
fn padding(sides: [isize; 2]) -> Operator {
    let one: Weights = [1.0].into();
    let taps = FirTaps::Separable { vertical: one.clone(), horizontal: one };
    Operator::Fir(Fir { taps, up: 1, down: 1, padding_y: sides, padding_x: sides })
}

#[cfg(test)]
mod tests {
    use pulse_engine::{Cpu, Engine as _};
    use safetensors::SafeTensors;

    use super::*;

    /// The numbers of the network in its own framework, in single precision, over some hundred pixels.
    const TOLERANCE: f32 = 1e-4;

    #[test]
    fn agrees_with_the_original() {
        let bytes = include_bytes!("../../../pulse/tests/fixtures/blazeface_case.safetensors");
        let case = SafeTensors::deserialize(bytes).unwrap();
        let numbers = |name: &str| -> Vec<f32> {
            let data = case.tensor(name).unwrap().data();
            data.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
        };
        let (scores, boxes) = (numbers("scores"), numbers("boxes"));
        let network = network().unwrap();
        let mut program = Cpu::default().compile(&network, 1).unwrap();
        program.input_mut(network.input(IMAGE).unwrap()).copy_from_slice(&numbers("input"));
        program.forward(1, &network.output_ids().collect::<Vec<_>>());
        let mut first = 0;
        for (side, anchors) in GRIDS {
            let found = |kind: &str| program.output(network.output(&format!("{kind}.{side}")).unwrap());
            let cells = side * side;
            for index in 0..cells * anchors {
                // There an anchor of a cell after the other, cells row by row; here cells of an anchor.
                let (cell, anchor) = (index / anchors, index % anchors);
                let (score, expected) = (found("scores")[anchor * cells + cell], scores[first + index]);
                assert!((score - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "{score} is not {expected}");
                for k in 0..16 {
                    let number = found("boxes")[(anchor * 16 + k) * cells + cell];
                    let expected = boxes[(first + index) * 16 + k];
                    assert!(
                        (number - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
                        "{number} is not {expected}"
                    );
                }
            }
            first += cells * anchors;
        }
        assert_eq!(first, scores.len());
    }
}
