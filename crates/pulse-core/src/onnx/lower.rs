//! From the nodes of a graph to operators, one by one.

use std::collections::BTreeMap;

use pulse_engine::{Shape, Value};

use super::arithmetic::Binary;
use super::array::Array;
use super::emit::Emitter;
use super::graph::{Graph, Node};
use super::operators::{KNOWN, unknown};
use super::tensor::{Live, Scaled, Tensor};
use super::unfit;
use crate::Result;
use crate::words::shown_name;

/// A tensor, or why it cannot be made.
pub(super) type Outcome = std::result::Result<Tensor, String>;

/// Numbers that may be computed before the network runs, beside as many as there are weights.
const MOST_FOLDED: usize = 1 << 23;
/// How many of its faults a refusal names.
const NAMED: usize = 12;

/// A graph on its way to a network.
pub(super) struct Lower<'a> {
    pub(super) emit: Emitter,
    pub(super) opset: i64,
    tensors: BTreeMap<&'a str, Tensor>,
    /// Maps that are about to be enlarged: where features can join.
    pub(super) stages: Vec<Value>,
    /// Classes that are inputs: name, how many, and the vector that is one at the class.
    pub(super) classes: BTreeMap<String, (usize, Value)>,
    folded: usize,
}

impl<'a> Lower<'a> {
    pub(super) fn new(graph: &Graph<'a>) -> Self {
        let constants = graph.constants.iter().map(|(name, array)| (*name, Tensor::Constant(array.clone())));
        let weights: usize = graph.constants.values().map(Array::len).sum();
        Self {
            emit: Emitter::new(),
            opset: graph.opset,
            tensors: constants.collect(),
            stages: Vec::new(),
            classes: BTreeMap::new(),
            folded: MOST_FOLDED.saturating_add(weights),
        }
    }

    /// Gives a name its tensor: an input.
    pub(super) fn bind(&mut self, name: &'a str, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// The vector of a class that is an input.
    pub(super) fn class(&mut self, name: &str, classes: usize) -> std::result::Result<Value, String> {
        match self.classes.get(name) {
            Some(&(known, value)) if known == classes => Ok(value),
            Some((known, _)) => Err(format!("takes a class of {classes}, and another node one of {known}")),
            None => {
                let value = self.emit.input(name, Shape::Vector(classes))?;
                self.classes.insert(name.to_owned(), (classes, value));
                Ok(value)
            }
        }
    }

    /// Runs all nodes, and gives the tensor called `output`.
    pub(super) fn run(&mut self, graph: &Graph<'a>, output: &str) -> Result<Live> {
        let wanted = wanted(graph, output);
        let mut faults: Vec<String> = Vec::new();
        for (node, _) in graph.nodes.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            if let Err(fault) = self.node(node)
                && let Some(fault) = fault
                && !faults.contains(&fault)
            {
                faults.push(fault);
            }
        }
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(NAMED);
            faults.truncate(NAMED);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            return Err(unfit(&format!(
                "what is not read: {}{more}; export it with a static batch of 1, or write these parts with other operators",
                faults.join("; ")
            )));
        }
        let made = self.tensors.get(output).cloned();
        let made = made.ok_or_else(|| unfit(&format!("nothing makes its output `{}`", shown_name(output))))?;
        self.live(&made).map_err(|reason| unfit(&reason))
    }

    /// A tensor as something that the network makes.
    pub(super) fn live(&mut self, tensor: &Tensor) -> std::result::Result<Live, String> {
        match tensor {
            Tensor::Live(live) => Ok(live.clone()),
            Tensor::Constant(array) => self.emit.constant(array),
            Tensor::Scaled(Scaled { constant, factors }) => {
                let mut made = Tensor::Live(self.emit.constant(constant)?);
                for &(axis, factor) in factors {
                    let mut shape = vec![1; constant.shape.len()];
                    shape[axis] = constant.shape[axis];
                    made = self.binary(Binary::Multiply, &made, &Tensor::Live(Live::new(factor, &shape)))?;
                }
                self.live(&made)
            }
            Tensor::Looks(looks) => self.looked(looks),
            Tensor::Class { .. } => Err("computes with a class's number".into()),
        }
    }

    /// Runs a node. Without a reason where it reads what another node could not make.
    fn node(&mut self, node: &Node<'a>) -> std::result::Result<(), Option<String>> {
        let of = |name: &&str| {
            if name.is_empty() { Some(None) } else { self.tensors.get(name).map(|tensor| Some(tensor.clone())) }
        };
        let fault = |reason: String| Some(format!("{}: {reason}", node.shown()));
        if !KNOWN.split(' ').any(|known| known == node.operator) {
            return Err(fault(unknown(node.operator).into()));
        }
        let inputs: Vec<Option<Tensor>> = node.inputs.iter().map(of).collect::<Option<_>>().ok_or(None)?;
        let made = self.operator(node, &inputs).map_err(fault)?;
        for (&name, tensor) in node.outputs.iter().zip(made) {
            if let Tensor::Constant(array) = &tensor {
                self.folded = self
                    .folded
                    .checked_sub(array.len())
                    .ok_or_else(|| fault("makes too many constant numbers".into()))?;
            }
            if tensor.shape().contains(&0) && !matches!(tensor, Tensor::Constant(_)) {
                return Err(fault("makes nothing".into()));
            }
            self.tensors.insert(name, tensor);
        }
        Ok(())
    }
}

/// Which nodes the output is made of.
fn wanted(graph: &Graph<'_>, output: &str) -> Vec<bool> {
    let mut names = std::collections::BTreeSet::from([output]);
    let mut wanted = vec![false; graph.nodes.len()];
    for (node, wanted) in graph.nodes.iter().zip(&mut wanted).rev() {
        if node.outputs.iter().any(|name| names.contains(name)) {
            *wanted = true;
            names.extend(&node.inputs);
        }
    }
    wanted
}
