//! Naive loops in `f64`: the truth that every other engine is compared to.
//!
//! [`forward`] and [`backward`] run one candidate in `f64` from end to end, weights widened. [`Reference`]
//! offers the same as an [`Engine`](crate::Engine), `f32` at its border. What each operator computes stands in
//! [`Operator`]; how its gradient is taken stands here, a file a kind of operator.

mod attention;
mod call;
mod convolution;
mod depthwise;
mod elementwise;
mod filter;
mod fourier;
mod normalize;
mod operators;
mod pad;
mod pool;
mod program;
mod vector;

pub use program::Reference;

use crate::{Network, Node, Operator, Shape};

/// The value of every node of `network` for one candidate, in the order of [`Network::nodes`].
///
/// `inputs` has one row for each input, in the order of [`Network::inputs`]. The value of an output is the
/// one at its port: `values[network.outputs()[i].value.index()]`.
///
/// # Panics
/// When there is not exactly one row for each input, as long as its shape says.
pub fn forward(network: &Network, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    assert_eq!(inputs.len(), network.inputs().len(), "one row for each input");
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(network.nodes().len());
    let mut inputs = inputs.iter();
    for node in network.nodes() {
        let value = match node.operator {
            // The builder makes input nodes in the order of their ports.
            Operator::Input => inputs.next().expect("as many input nodes as inputs").clone(),
            _ => operators::apply(node, &Arguments::new(network, node, &values)),
        };
        assert_eq!(value.len(), node.shape.len(), "{} of {}", node.operator.name(), node.shape);
        values.push(value);
    }
    values
}

/// The vector-Jacobian product `gradient(input) = Σ_outputs Jᵀ cotangent(output)` for one candidate: one row
/// for each input, in the order of [`Network::inputs`].
///
/// `values` is what [`forward`] gave, and `cotangents` has one row for each output, in the order of
/// [`Network::outputs`]. An input that no output depends on has a gradient of zeros.
///
/// # Panics
/// When `values` or `cotangents` do not fit the network.
pub fn backward(network: &Network, values: &[Vec<f64>], cotangents: &[Vec<f64>]) -> Vec<Vec<f64>> {
    assert_eq!(values.len(), network.nodes().len(), "one value for each node");
    assert_eq!(cotangents.len(), network.outputs().len(), "one cotangent for each output");
    let mut pending: Vec<Option<Vec<f64>>> = vec![None; values.len()];
    for (port, cotangent) in network.outputs().iter().zip(cotangents) {
        assert_eq!(cotangent.len(), port.shape.len(), "the cotangent of {}", port.name);
        accumulate(&mut pending[port.value.index()], cotangent.clone());
    }
    for (index, node) in network.nodes().iter().enumerate().rev() {
        if matches!(node.operator, Operator::Input) {
            continue;
        }
        let Some(cotangent) = pending[index].take() else { continue };
        let arguments = Arguments::new(network, node, values);
        let gradients = operators::pull_back(node, &arguments, &values[index], &cotangent);
        for (argument, gradient) in node.arguments.iter().zip(gradients) {
            accumulate(&mut pending[argument.index()], gradient);
        }
    }
    let gradient = |port: &crate::Port| pending[port.value.index()].take().unwrap_or(vec![0.0; port.shape.len()]);
    network.inputs().iter().map(gradient).collect()
}

fn accumulate(sum: &mut Option<Vec<f64>>, term: Vec<f64>) {
    match sum {
        Some(sum) => sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term),
        None => *sum = Some(term),
    }
}

/// The arguments of one node: their values and shapes.
struct Arguments<'a> {
    values: Vec<&'a [f64]>,
    shapes: Vec<Shape>,
}

impl<'a> Arguments<'a> {
    fn new(network: &Network, node: &Node, values: &'a [Vec<f64>]) -> Self {
        Self {
            values: node.arguments.iter().map(|value| values[value.index()].as_slice()).collect(),
            shapes: node.arguments.iter().map(|value| network.nodes()[value.index()].shape).collect(),
        }
    }
}

/// The channels, height and width of a map.
///
/// # Panics
/// When the shape is no map; the builder has checked that it is.
fn map_size(shape: Shape) -> [usize; 3] {
    match shape {
        Shape::Map { channels, height, width } => [channels, height, width],
        other => unreachable!("the builder lets only maps through, not {other}"),
    }
}
