//! From a network to kernels: which kernel runs each node, and which nodes run as one.

use std::sync::Arc;
use std::time::Duration;

use super::blocks::{NormedGroups, gained, of_repeated};
use super::fuse::{Fusion, Fusions, ModulatedLayer, StyledLayer};
use super::step::Step;
use crate::cpu::lanes::{Kernel, Layout};
use crate::cpu::layers::{
    AddChannels, AddNoise, Attention, FourierFeatures, GroupNorm, GroupNormParts, InstanceNorm, Layer, LayerParts,
    MaxPool, Modulate, Modulated, ModulatedParts, Normalize,
};
use crate::cpu::linear::{Depthwise, Fir, Linear, LinearMap, SeparableMap, convolution, filtered_convolution};
use crate::cpu::pointwise::{
    Add, Affine, Concatenate, InverseSqrt, JoinChannels, LeakyRelu, Multiply, Pad, RepeatRows, Sigmoid, Silu, Square,
    Take, TakeChannels, Tanh,
};
use crate::cpu::settings::Settings;
use crate::{Convolution, FirTaps, Network, Node, Operator, Shape, SparseMatrix, Weights};

/// What makes a value.
pub(crate) enum Maker {
    /// The caller: the input of this index.
    Input(usize),
    /// Nothing: it is always the same.
    Constant(Weights),
    /// A kernel.
    Kernel(Box<dyn Kernel>),
}

/// A value, what makes it, and from which earlier ones.
pub(crate) struct Lowered {
    pub(crate) maker: Maker,
    pub(crate) arguments: Vec<usize>,
    pub(crate) shape: Shape,
    /// Whether it is styled as it is read.
    pub(crate) styled: bool,
    /// The outputs that it is.
    pub(crate) outputs: Vec<usize>,
    /// The operators that it stands for.
    pub(crate) operators: Vec<&'static str>,
    /// Multiplications of the forward pass by the operators' definitions, for one candidate.
    pub(crate) products: usize,
}

impl Lowered {
    /// It as a profile shows it, not timed.
    pub(crate) fn step(&self, batch: usize) -> Step {
        let kernel = match &self.maker {
            Maker::Input(_) => "input".into(),
            Maker::Constant(_) => "constant".into(),
            Maker::Kernel(kernel) => kernel.describe(),
        };
        Step {
            operators: self.operators.join("+"),
            kernel,
            shape: self.shape,
            bytes: size_of::<f32>() * batch * self.shape.len(),
            products: batch * self.products,
            times: [Duration::ZERO; 2],
        }
    }

    /// How it lies in memory.
    pub(crate) fn layout(&self, border: usize) -> Layout {
        Layout::new(self.shape, border).styled(self.styled)
    }
}

/// Lowers every node, or the nodes that run as one.
pub(crate) fn lower(settings: Settings, network: &Network) -> Vec<Lowered> {
    let nodes = network.nodes();
    let fusions = Fusions::find(network);
    let mut lowered: Vec<Lowered> = Vec::new();
    let mut places = vec![usize::MAX; nodes.len()];
    for index in (0..nodes.len()).filter(|&index| !fusions.absorbed[index]) {
        let of = |index: usize| nodes[index].arguments.iter().map(|value| value.index()).collect::<Vec<_>>();
        let (maker, arguments, operators) = match &fusions.heads[index] {
            Some(Fusion::Styled(layer)) => {
                let first = of(layer.convolution)[0];
                let mut arguments = vec![first];
                arguments.extend(layer.noise.map(|(noise, _)| noise));
                arguments.extend(layer.style);
                let kernel = layer_kernel(settings, network, layer, fusions.is_styled(first));
                (Maker::Kernel(kernel), arguments, layer.nodes(index))
            }
            Some(Fusion::Modulated(layer)) => {
                let mut arguments = vec![layer.argument, layer.style];
                arguments.extend(layer.demodulation);
                arguments.extend(layer.noise.map(|(noise, _)| noise));
                (Maker::Kernel(modulated_kernel(settings, network, layer)), arguments, layer.nodes.clone())
            }
            Some(Fusion::Normed(normed)) => {
                let vectors = normed.term.into_iter().chain(normed.modulation.iter().copied());
                let arguments = [normed.argument].into_iter().chain(vectors).collect();
                let kernel = normed_kernel(normed, nodes[index].shape);
                (Maker::Kernel(kernel), arguments, normed.nodes.clone())
            }
            Some(Fusion::Residual(residual)) => {
                let of = Between { activation: None, gain: residual.gain };
                let (kernel, mut arguments, mut operators) =
                    linear_kernel(settings, network, &fusions, residual.linear, of);
                arguments.push(residual.skip);
                operators.extend(&residual.nodes[1..]);
                (Maker::Kernel(Box::new(kernel.adding(residual.gain))), arguments, operators)
            }
            Some(Fusion::Activated { linear, activation }) => {
                let of = Between { activation: Some(*activation), gain: 1.0 };
                let (kernel, arguments, mut operators) = linear_kernel(settings, network, &fusions, *linear, of);
                operators.push(index);
                (Maker::Kernel(Box::new(kernel)), arguments, operators)
            }
            None if is_linear(&nodes[index].operator) => {
                let of = Between { activation: None, gain: 1.0 };
                let (kernel, arguments, operators) = linear_kernel(settings, network, &fusions, index, of);
                (Maker::Kernel(Box::new(kernel)), arguments, operators)
            }
            None => {
                let arguments = of(index);
                let maker = match &nodes[index].operator {
                    Operator::Input => {
                        let input = network.inputs().iter().position(|port| port.value.index() == index);
                        Maker::Input(input.expect("every input node has a port"))
                    }
                    Operator::Constant(_, values) => Maker::Constant(values.clone()),
                    _ => Maker::Kernel(kernel(network, index)),
                };
                (maker, arguments, vec![index])
            }
        };
        places[index] = lowered.len();
        lowered.push(Lowered {
            maker,
            arguments: arguments.into_iter().map(|argument| places[argument]).collect(),
            shape: nodes[index].shape,
            styled: fusions.is_styled(index),
            outputs: (0..network.outputs().len())
                .filter(|&output| network.outputs()[output].value.index() == index)
                .collect(),
            products: operators.iter().map(|&node| products(network, node)).sum(),
            operators: operators.into_iter().map(|node| nodes[node].operator.name()).collect(),
        });
    }
    lowered
}

fn shapes(network: &Network, node: usize) -> Vec<Shape> {
    network.nodes()[node].arguments.iter().map(|value| network.nodes()[value.index()].shape).collect()
}

fn products(network: &Network, node: usize) -> usize {
    let Node { operator, shape, .. } = &network.nodes()[node];
    operator.products(&shapes(network, node), *shape)
}

/// A layer of StyleGAN.
fn layer_kernel(settings: Settings, network: &Network, layer: &StyledLayer, styled: bool) -> Box<dyn Kernel> {
    let (maps, shapes) = layer_maps(settings, network, layer.convolution, layer.filter);
    let channels = shapes[1].channels();
    let own = match &network.nodes()[layer.convolution].operator {
        Operator::Convolution(weights) | Operator::TransposedConvolution(weights) => weights.bias.as_deref(),
        _ => None,
    };
    let mut bias = vec![0.0; channels];
    for given in [own, layer.bias].into_iter().flatten() {
        bias.iter_mut().zip(given).for_each(|(sum, bias)| *sum += bias);
    }
    let strength = layer.noise.map(|(_, strength)| strengths(strength, channels));
    let parts = LayerParts { bias, strength, activation: layer.activation, epsilon: layer.epsilon, styled };
    Box::new(Layer::new(maps, shapes, parts))
}

/// A layer of StyleGAN2 or 3.
fn modulated_kernel(settings: Settings, network: &Network, layer: &ModulatedLayer) -> Box<dyn Kernel> {
    let (maps, shapes) = layer_maps(settings, network, layer.convolution, layer.filter);
    let parts = ModulatedParts {
        demodulated: layer.demodulation.is_some(),
        strength: layer.noise.map(|(_, strength)| strengths(strength, shapes[1].channels())),
        bias: layer.bias.map(<[f32]>::to_vec),
        activation: layer.activation,
    };
    Box::new(Modulated::new(maps, shapes, parts))
}

/// One number for each channel, from those that are given for all of them or for each.
fn strengths(given: &[f32], channels: usize) -> Vec<f32> {
    match given {
        &[one] => vec![one; channels],
        each => each.to_vec(),
    }
}

/// A convolution with a filter behind it, its adjoint, and the shapes at both ends.
fn layer_maps(
    settings: Settings,
    network: &Network,
    node: usize,
    filter: Option<usize>,
) -> ([Box<dyn LinearMap>; 2], [Shape; 2]) {
    let nodes = network.nodes();
    let Node { operator, shape: made, .. } = &nodes[node];
    let (weights, transposed) = match operator {
        Operator::TransposedConvolution(weights) => (weights, true),
        Operator::Convolution(weights) => (weights, false),
        _ => unreachable!("a layer has a convolution"),
    };
    let argument = shapes(network, node)[0];
    let result = filter.map_or(*made, |node| nodes[node].shape);
    let maps = match filter.map(|node| &nodes[node].operator) {
        Some(Operator::Fir(fir)) => filtered_convolution(settings, weights, fir, transposed, [argument, *made, result]),
        _ => convolution(settings, weights, transposed, [argument, *made]),
    };
    (maps, [argument, result])
}

/// A norm of groups with what stands round it.
fn normed_kernel(normed: &NormedGroups, shape: Shape) -> Box<dyn Kernel> {
    let channels = shape.channels();
    let affine = normed.affine.map_or_else(Default::default, |affine| {
        [&affine.scale, &affine.shift].map(|numbers| strengths(numbers, channels))
    });
    let parts = GroupNormParts {
        groups: normed.groups,
        epsilon: normed.epsilon,
        term: normed.term.is_some(),
        affine,
        modulated: normed.modulation.len(),
        silu: normed.silu,
    };
    Box::new(GroupNorm::new(parts, Layout::new(shape, 0)))
}

fn is_linear(operator: &Operator) -> bool {
    matches!(operator, Operator::Dense(_) | Operator::Convolution(_) | Operator::TransposedConvolution(_))
}

/// What becomes of a linear operator's result before anything is added to it.
struct Between {
    activation: Option<LeakyRelu>,
    gain: f32,
}

/// A linear operator, what it works on, and the nodes that it stands for: with repeated pixels in front of it, as a
/// transposed convolution of the pixels themselves.
fn linear_kernel(
    settings: Settings,
    network: &Network,
    fusions: &Fusions,
    node: usize,
    Between { activation, gain }: Between,
) -> (Linear, Vec<usize>, Vec<usize>) {
    let nodes = network.nodes();
    let first = |node: usize| nodes[node].arguments[0].index();
    let (argument, operators) = match fusions.repeated[node] {
        Some(fir) => (first(fir), vec![fir, node]),
        None => (first(node), vec![node]),
    };
    let shapes = [nodes[argument].shape, nodes[node].shape];
    let make = |weights: &Convolution, transposed: bool| {
        Linear::convolution(settings, weights, transposed, shapes, activation, fusions.is_styled(argument))
    };
    let gained = |weights: &Convolution| if gain == 1.0 { weights.clone() } else { gained(weights, gain) };
    let linear = match &nodes[node].operator {
        Operator::Dense(dense) => Linear::dense(settings, dense, shapes, activation),
        Operator::Convolution(weights) if fusions.repeated[node].is_some() => {
            make(&of_repeated(&gained(weights)), true)
        }
        Operator::Convolution(weights) => make(&gained(weights), false),
        Operator::TransposedConvolution(weights) => make(&gained(weights), true),
        _ => unreachable!("only linear operators are lowered so"),
    };
    (linear, vec![argument], operators)
}

fn kernel(network: &Network, node: usize) -> Box<dyn Kernel> {
    let Node { operator, shape: result, .. } = &network.nodes()[node];
    let (arguments, result) = (&shapes(network, node)[..], *result);
    let layout = Layout::new(result, 0);
    match operator {
        Operator::Input | Operator::Constant(..) | Operator::Call(_) => unreachable!("made without a kernel"),
        Operator::Dense(_)
        | Operator::Convolution(_)
        | Operator::TransposedConvolution(_)
        | Operator::GroupNorm { .. } => unreachable!("made with what stands round it"),
        Operator::DepthwiseConvolution(depthwise) => Box::new(Depthwise::new(depthwise, [arguments[0], result])),
        Operator::MaxPool { window } => Box::new(MaxPool { window: *window }),
        Operator::Row(row) => Box::new(Take { start: row * result.len(), length: result.len() }),
        Operator::RepeatRows(_) => Box::new(RepeatRows),
        Operator::Slice { start, .. } if matches!(result, Shape::Map { .. }) => {
            Box::new(TakeChannels { start: *start })
        }
        Operator::Slice { start, length } => {
            let one = result.len() / length;
            Box::new(Take { start: start * one, length: result.len() })
        }
        Operator::Concatenate if matches!(result, Shape::Map { .. }) => {
            let starts = arguments.iter().scan(0, |end, shape| {
                *end += shape.channels() as isize;
                Some(*end - shape.channels() as isize)
            });
            Box::new(JoinChannels { starts: starts.collect() })
        }
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
        Operator::Sigmoid => Box::new(Sigmoid),
        Operator::Silu => Box::new(Silu),
        Operator::Square => Box::new(Square),
        Operator::InverseSqrt { epsilon } => Box::new(InverseSqrt { epsilon: *epsilon }),
        Operator::Add if arguments[0] != arguments[1] => Box::new(AddChannels),
        Operator::Add => Box::new(Add),
        Operator::Multiply => Box::new(Multiply),
        Operator::Fir(fir) => match axis_matrices(fir, arguments[0], result) {
            Some(map) => Box::new(SeparableMap::new(&map, [arguments[0], result])),
            None => Box::new(Fir::new(fir, [arguments[0], result])),
        },
        Operator::SeparableMap(map) => Box::new(SeparableMap::new(map, [arguments[0], result])),
        Operator::InstanceNorm { epsilon } => Box::new(InstanceNorm::new(*epsilon, &layout)),
        Operator::Attention { heads } => Box::new(Attention::new(*heads, result)),
        Operator::Pad { vertical, horizontal } => Box::new(Pad { corner: [vertical[0], horizontal[0]] }),
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
