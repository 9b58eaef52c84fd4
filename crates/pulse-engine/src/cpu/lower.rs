//! From a network to kernels: which kernel runs each node, and which nodes run as one.

use std::sync::Arc;

use super::activation::LeakyRelu;
use super::elementwise::{Add, Affine, InverseSqrt, Multiply, Square, Tanh};
use super::fir::Fir;
use super::fourier::FourierFeatures;
use super::kernel::Kernel;
use super::layout::Layout;
use super::linear::Linear;
use super::modulate::{AddNoise, Modulate};
use super::norm::{InstanceNorm, Normalize};
use super::rearrange::{Concatenate, RepeatRows, Take};
use super::separable::SeparableMap;
use super::simd::InstructionSet;
use crate::{FirTaps, Network, Operator, Shape, SparseMatrix, Weights};

/// What makes a value.
pub(super) enum Maker {
    /// The caller: the input of this index.
    Input(usize),
    /// Nobody; it is always the same.
    Constant(Weights),
    /// A kernel.
    Kernel(Box<dyn Kernel>),
}

/// A value, who makes it, and from which earlier ones.
pub(super) struct Lowered {
    pub(super) maker: Maker,
    pub(super) arguments: Vec<usize>,
    pub(super) shape: Shape,
    /// The outputs that it is.
    pub(super) outputs: Vec<usize>,
}

/// Lowers every node. An activation that is alone in using a linear operator's result runs in its kernel.
pub(super) fn lower(instructions: InstructionSet, network: &Network) -> Vec<Lowered> {
    let nodes = network.nodes();
    let mut uses = vec![0; nodes.len()];
    let arguments = nodes.iter().flat_map(|node| &node.arguments);
    for value in arguments.chain(network.outputs().iter().map(|port| &port.value)) {
        uses[value.index()] += 1;
    }
    let fused = |index: usize| -> Option<LeakyRelu> {
        let Operator::LeakyRelu { slope, gain, clamp } = nodes[index].operator else { return None };
        let argument = nodes[index].arguments[0].index();
        let linear = matches!(
            nodes[argument].operator,
            Operator::Dense(_) | Operator::Convolution(_) | Operator::TransposedConvolution(_)
        );
        let activation = LeakyRelu { slope, gain, clamp };
        (linear && uses[argument] == 1 && activation.keeps_sign()).then_some(activation)
    };
    let mut absorbed = vec![false; nodes.len()];
    for index in 0..nodes.len() {
        if fused(index).is_some() {
            absorbed[nodes[index].arguments[0].index()] = true;
        }
    }

    let mut lowered: Vec<Lowered> = Vec::new();
    let mut places = vec![usize::MAX; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if absorbed[index] {
            continue;
        }
        let activation = fused(index);
        let maker_node = if activation.is_some() { &nodes[node.arguments[0].index()] } else { node };
        let shapes: Vec<_> = maker_node.arguments.iter().map(|value| nodes[value.index()].shape).collect();
        let maker = match &maker_node.operator {
            Operator::Input => {
                let input = network.inputs().iter().position(|port| port.value.index() == index);
                Maker::Input(input.expect("every input node has a port"))
            }
            Operator::Constant(_, values) => Maker::Constant(values.clone()),
            operator => Maker::Kernel(kernel(instructions, operator, &shapes, node.shape, activation)),
        };
        places[index] = lowered.len();
        lowered.push(Lowered {
            maker,
            arguments: maker_node.arguments.iter().map(|value| places[value.index()]).collect(),
            shape: node.shape,
            outputs: (0..network.outputs().len())
                .filter(|&output| network.outputs()[output].value.index() == index)
                .collect(),
        });
    }
    lowered
}

fn kernel(
    instructions: InstructionSet,
    operator: &Operator,
    arguments: &[Shape],
    result: Shape,
    activation: Option<LeakyRelu>,
) -> Box<dyn Kernel> {
    let layout = Layout::new(result, 0);
    match operator {
        Operator::Input | Operator::Constant(..) => unreachable!("made without a kernel"),
        Operator::Dense(dense) => Box::new(Linear::dense(instructions, dense, result, activation)),
        Operator::Convolution(convolution) => {
            Box::new(Linear::convolution(instructions, convolution, false, [arguments[0], result], activation))
        }
        Operator::TransposedConvolution(convolution) => {
            Box::new(Linear::convolution(instructions, convolution, true, [arguments[0], result], activation))
        }
        Operator::Row(row) => Box::new(Take { start: row * result.len(), length: result.len() }),
        Operator::RepeatRows(_) => Box::new(RepeatRows),
        Operator::Slice { start, length } => Box::new(Take { start: *start, length: *length }),
        Operator::Concatenate => {
            let starts = arguments.iter().scan(0, |end, shape| {
                *end += shape.len();
                Some(*end - shape.len())
            });
            Box::new(Concatenate { starts: starts.collect() })
        }
        Operator::Normalize { epsilon } => Box::new(Normalize::new(*epsilon, &layout)),
        Operator::Reshape(shape) => Box::new(Take { start: 0, length: shape.len() }),
        Operator::Affine(affine) => Box::new(Affine::new(affine, result)),
        &Operator::LeakyRelu { slope, gain, clamp } => Box::new(LeakyRelu { slope, gain, clamp }),
        Operator::Tanh => Box::new(Tanh),
        Operator::Square => Box::new(Square),
        Operator::InverseSqrt { epsilon } => Box::new(InverseSqrt { epsilon: *epsilon }),
        Operator::Add => Box::new(Add),
        Operator::Multiply => Box::new(Multiply),
        Operator::Fir(fir) => match axis_matrices(fir, arguments[0], result) {
            Some(map) => Box::new(SeparableMap::new(&map, [arguments[0], result])),
            None => Box::new(Fir::new(fir, [arguments[0], result])),
        },
        Operator::SeparableMap(map) => Box::new(SeparableMap::new(map, [arguments[0], result])),
        Operator::InstanceNorm { epsilon } => Box::new(InstanceNorm::new(*epsilon, &layout)),
        Operator::Modulate => Box::new(Modulate),
        Operator::AddNoise(strength) => Box::new(AddNoise::new(strength, &layout)),
        Operator::FourierFeatures(features) => Box::new(FourierFeatures::new(features)),
    }
}

/// A long separable filter as one matrix along each axis: two passes of few products a pixel where the kernel of
/// filters would make all their products.
fn axis_matrices(fir: &crate::Fir, argument: Shape, result: Shape) -> Option<crate::SeparableMap> {
    /// Products a pixel and axis up to which one pass is as fast.
    const SHORT: usize = 4;
    let FirTaps::Separable { vertical, horizontal } = &fir.taps else { return None };
    if vertical.len().max(horizontal.len()) <= SHORT * fir.up {
        return None;
    }
    let (from, to) = (Layout::new(argument, 0), Layout::new(result, 0));
    let matrix = |taps: &[f32], inputs: usize, outputs: usize, before: isize| {
        let row = |i: usize| {
            let entry = |(k, &tap): (usize, &f32)| {
                let at = usize::try_from((i * fir.down + k) as isize - before).ok()?;
                (at % fir.up == 0 && at / fir.up < inputs).then(|| (at / fir.up, f64::from(tap)))
            };
            taps.iter().enumerate().filter_map(entry).collect()
        };
        Arc::new(SparseMatrix::from_rows(inputs, (0..outputs).map(row)))
    };
    Some(crate::SeparableMap {
        vertical: matrix(vertical, from.height, to.height, fir.padding_y[0]),
        horizontal: matrix(horizontal, from.width, to.width, fir.padding_x[0]),
    })
}
