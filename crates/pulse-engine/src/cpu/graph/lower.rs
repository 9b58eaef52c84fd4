//! From a network to kernels: which kernel runs each node, and which nodes run as one.

use std::sync::Arc;
use std::time::Duration;

use super::fuse::{Fusion, Fusions, ModulatedLayer, StyledLayer};
use super::step::Step;
use crate::cpu::lanes::{Kernel, Layout};
use crate::cpu::layers::{
    AddChannels, AddNoise, Attention, FourierFeatures, GroupNorm, InstanceNorm, Layer, LayerParts, MaxPool, Modulate,
    Modulated, ModulatedParts, Normalize,
};
use crate::cpu::linear::{Depthwise, Fir, Linear, LinearMap, SeparableMap, convolution, filtered_convolution};
use crate::cpu::pointwise::{
    Add, Affine, Concatenate, InverseSqrt, LeakyRelu, Multiply, Pad, RepeatRows, Sigmoid, Silu, Square, Take, Tanh,
};
use crate::cpu::settings::Settings;
use crate::{FirTaps, Network, Node, Operator, Shape, SparseMatrix, Weights};

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
            Some(Fusion::Activated { linear, activation }) => {
                let arguments = of(*linear);
                let styled = fusions.is_styled(arguments[0]);
                let kernel = kernel(settings, network, *linear, Some(*activation), styled);
                (Maker::Kernel(kernel), arguments, vec![*linear, index])
            }
            None => {
                let arguments = of(index);
                let maker = match &nodes[index].operator {
                    Operator::Input => {
                        let input = network.inputs().iter().position(|port| port.value.index() == index);
                        Maker::Input(input.expect("every input node has a port"))
                    }
                    Operator::Constant(_, values) => Maker::Constant(values.clone()),
                    _ => {
                        let styled = arguments.first().is_some_and(|&first| fusions.is_styled(first));
                        Maker::Kernel(kernel(settings, network, index, None, styled))
                    }
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

/// One strength of the noise for each channel.
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

fn kernel(
    settings: Settings,
    network: &Network,
    node: usize,
    activation: Option<LeakyRelu>,
    styled: bool,
) -> Box<dyn Kernel> {
    let Node { operator, shape: result, .. } = &network.nodes()[node];
    let (arguments, result) = (&shapes(network, node)[..], *result);
    let layout = Layout::new(result, 0);
    match operator {
        Operator::Input | Operator::Constant(..) => unreachable!("made without a kernel"),
        Operator::Dense(dense) => Box::new(Linear::dense(settings, dense, [arguments[0], result], activation)),
        Operator::Convolution(convolution) => {
            Box::new(Linear::convolution(settings, convolution, false, [arguments[0], result], activation, styled))
        }
        Operator::TransposedConvolution(convolution) => {
            Box::new(Linear::convolution(settings, convolution, true, [arguments[0], result], activation, styled))
        }
        Operator::DepthwiseConvolution(depthwise) => Box::new(Depthwise::new(depthwise, [arguments[0], result])),
        Operator::MaxPool { window } => Box::new(MaxPool { window: *window }),
        Operator::Row(row) => Box::new(Take { start: row * result.len(), length: result.len() }),
        Operator::RepeatRows(_) => Box::new(RepeatRows),
        Operator::Slice { start, length } => {
            let one = result.len() / length;
            Box::new(Take { start: start * one, length: result.len() })
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
        Operator::GroupNorm { groups, epsilon } => Box::new(GroupNorm::new(*groups, *epsilon)),
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
