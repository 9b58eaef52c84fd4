//! Where a network is cut, and the networks between the cuts.

use std::collections::BTreeSet;

use crate::{Call, InputId, Network, NetworkBuilder, Operator, OutputId, Result, Value};

/// A network cut into parts.
pub(super) struct Parts {
    /// They run in this order.
    pub(super) parts: Vec<Part>,
    /// Of which inputs of the whole, by their indices, each node's value is made.
    pub(super) made_of: Vec<Vec<usize>>,
}

/// What runs after the same number of calls.
#[derive(Default)]
pub(super) struct Part {
    /// The calls before it, with the nodes that they are.
    pub(super) calls: Vec<(Call, usize)>,
    /// All other operators, where there are any.
    pub(super) network: Option<Network>,
    /// Its inputs, with the nodes that they are in the whole.
    pub(super) inputs: Vec<(InputId, usize)>,
    /// Its outputs, likewise.
    pub(super) outputs: Vec<(OutputId, usize)>,
}

impl Parts {
    /// The nodes whose values cross from one step to another.
    pub(super) fn crossings(&self, network: &Network) -> BTreeSet<usize> {
        let inputs = network.inputs().iter().map(|port| port.value.index());
        let outputs = self.parts.iter().flat_map(|part| part.outputs.iter().map(|&(_, node)| node));
        let calls = self.parts.iter().flat_map(|part| part.calls.iter().map(|&(_, node)| node));
        inputs.chain(outputs).chain(calls).collect()
    }

    pub(super) fn of(network: &Network) -> Result<Self> {
        let nodes = network.nodes();
        let mut levels: Vec<usize> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let last = node.arguments.iter().map(|argument| levels[argument.index()]).max().unwrap_or(0);
            levels.push(last + usize::from(matches!(node.operator, Operator::Call(_))));
        }
        let leaves = leaving(network, &levels);
        let count = levels.iter().max().map_or(0, |last| last + 1);
        let parts = (0..count).map(|level| part(network, level, &levels, &leaves)).collect::<Result<_>>()?;
        Ok(Self { parts, made_of: made_of(network) })
    }
}

/// Whether a node's value is needed outside of the network of its own part.
fn leaving(network: &Network, levels: &[usize]) -> Vec<bool> {
    let mut leaves = vec![false; levels.len()];
    for (index, node) in network.nodes().iter().enumerate() {
        for argument in &node.arguments {
            leaves[argument.index()] |= levels[argument.index()] != levels[index];
        }
    }
    for port in network.outputs() {
        leaves[port.value.index()] = true;
    }
    leaves
}

fn part(network: &Network, level: usize, levels: &[usize], leaves: &[bool]) -> Result<Part> {
    let nodes = network.nodes();
    let mut part = Part::default();
    let mut builder = NetworkBuilder::new();
    let mut copies: Vec<Option<Value>> = vec![None; nodes.len()];
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for index in (0..nodes.len()).filter(|&index| levels[index] == level) {
        let node = &nodes[index];
        match &node.operator {
            Operator::Call(call) => part.calls.push((call.clone(), index)),
            Operator::Input => {}
            operator => {
                let mut arguments = Vec::with_capacity(node.arguments.len());
                for argument in node.arguments.iter().map(|argument| argument.index()) {
                    let copy = if let Some(copy) = copies[argument] {
                        copy
                    } else {
                        inputs.push(argument);
                        builder.input(argument.to_string(), nodes[argument].shape)?
                    };
                    copies[argument] = Some(copy);
                    arguments.push(copy);
                }
                let copy = builder.add(operator.clone(), &arguments)?;
                copies[index] = Some(copy);
                if leaves[index] {
                    outputs.push(index);
                    builder.output(index.to_string(), copy)?;
                }
            }
        }
    }
    if !outputs.is_empty() {
        let own = builder.build()?;
        part.inputs = own.input_ids().zip(inputs).collect();
        part.outputs = own.output_ids().zip(outputs).collect();
        part.network = Some(own);
    }
    Ok(part)
}

fn made_of(network: &Network) -> Vec<Vec<usize>> {
    let mut made_of: Vec<Vec<usize>> = Vec::with_capacity(network.nodes().len());
    for (index, node) in network.nodes().iter().enumerate() {
        let mut own: Vec<usize> = match node.operator {
            Operator::Input => {
                network.inputs().iter().position(|port| port.value.index() == index).into_iter().collect()
            }
            _ => node.arguments.iter().flat_map(|argument| made_of[argument.index()].iter().copied()).collect(),
        };
        own.sort_unstable();
        own.dedup();
        made_of.push(own);
    }
    made_of
}
