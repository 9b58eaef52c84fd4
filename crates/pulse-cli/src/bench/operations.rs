//! How many operations a step has, counted from the network.

use pulse_engine::{Network, Operator, Shape};

/// The floating-point operations of one step of one candidate: a multiplication and an addition for each product,
/// `2 Σ products` forward, and as many again for the gradient with respect to the inputs.
///
/// Products are those of the layers with learned weights, each done in the direct way:
///
/// - a convolution: `out · channels_in · kernel`, with `out` all numbers of its result, borders too;
/// - a transposed one: `in · channels_out · kernel`, with `in` all numbers of its argument;
/// - a dense layer: `outputs · inputs`, for each row.
///
/// StyleGAN at 1024 pixels has 110 GFLOP by this. It would have 128 if it doubled and convolved one after the other
/// below 128 pixels, as it was trained: it is read as a transposed convolution, which is the same and has fewer.
///
/// An engine that needs fewer (Winograd's way, for one) shows a higher rate; what is no matrix product (filters,
/// norms, activations, the measurement) is not counted, and takes its time all the same.
pub(super) fn of_step(network: &Network) -> f64 {
    let products = |node: &pulse_engine::Node| {
        let kernel = |kernel: [usize; 2]| kernel[0] * kernel[1];
        match &node.operator {
            Operator::Convolution(c) => node.shape.len() * c.in_channels * kernel(c.kernel),
            Operator::TransposedConvolution(c) => {
                let argument = network.nodes()[node.arguments[0].index()].shape;
                argument.len() * c.out_channels * kernel(c.kernel)
            }
            Operator::Dense(dense) => match node.shape {
                Shape::Rows { rows, .. } => rows * dense.out_features * dense.in_features,
                _ => dense.out_features * dense.in_features,
            },
            _ => 0,
        }
    };
    4.0 * network.nodes().iter().map(|node| products(node) as f64).sum::<f64>()
}
