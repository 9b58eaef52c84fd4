//! How many operations a step has, counted from the network.

use pulse_engine::Network;

/// The floating-point operations of one step of one candidate: a multiplication and an addition for each product,
/// `2 Σ products` forward, and as many again for the gradient with respect to the inputs.
///
/// Products are those of the layers with learned weights, each done in the direct way
/// ([`Operator::products`](pulse_engine::Operator::products)).
///
/// StyleGAN at 1024 pixels has 110 GFLOP by this. It would have 128 if it doubled and convolved one after the other
/// below 128 pixels, as it was trained: it is read as a transposed convolution, which is the same and has fewer.
///
/// An engine that needs fewer (Winograd's way, for one) shows a higher rate; what is no matrix product (filters,
/// norms, activations, the measurement) is not counted, and takes its time all the same.
pub(super) fn of_step(network: &Network) -> f64 {
    let nodes = network.nodes();
    let products = nodes.iter().map(|node| {
        let arguments: Vec<_> = node.arguments.iter().map(|value| nodes[value.index()].shape).collect();
        node.operator.products(&arguments, node.shape) as f64
    });
    4.0 * products.sum::<f64>()
}
