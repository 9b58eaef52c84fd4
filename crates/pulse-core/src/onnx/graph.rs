//! The graph of a model, with its parts found in the configuration of a checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Value};

use super::array::Array;
use super::unfit;
use crate::Result;
use crate::words::shown_name;

/// A model as its file says.
pub(super) struct Graph<'a> {
    /// The version of the operators.
    pub(super) opset: i64,
    pub(super) inputs: Vec<Port<'a>>,
    pub(super) outputs: Vec<&'a str>,
    /// Each after those that it reads.
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) constants: BTreeMap<&'a str, Array>,
}

/// An input.
#[derive(Clone, Debug)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    /// The length of each axis, or the name of one that is free.
    pub(super) shape: Vec<std::result::Result<usize, &'a str>>,
    pub(super) whole: bool,
}

/// An operator on named values.
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    name: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: Option<&'a BTreeMap<String, Value>>,
}

/// The key of a configuration under which a graph stands.
pub(super) const KEY: &str = "onnx";

impl<'a> Graph<'a> {
    /// The graph in a checkpoint that has one.
    pub(super) fn read(checkpoint: &'a Checkpoint) -> Result<Self> {
        let graph = checkpoint.configuration.get(KEY).ok_or_else(|| unfit("it has no graph"))?;
        let list = |key: &str| graph.get(key).and_then(Value::as_list).unwrap_or_default();
        let mut constants: BTreeMap<_, _> = (checkpoint.tensors.iter())
            .map(|(name, tensor)| (name.as_str(), Array::real(tensor.shape().to_vec(), Arc::clone(tensor.data()))))
            .collect();
        for (name, array) in graph.get("whole").and_then(Value::as_map).into_iter().flatten() {
            let array = Array::of_value(array).ok_or_else(|| unfit(&format!("`{}` is no array", shown_name(name))))?;
            constants.insert(name, array);
        }
        let nodes = list("nodes").iter().map(Node::read).collect::<Option<Vec<_>>>();
        let inputs = list("inputs").iter().map(Port::read).collect::<Option<Vec<_>>>();
        let outputs = list("outputs").iter().map(|port| port.get("name")?.as_str()).collect::<Option<Vec<_>>>();
        let opset = graph.get("opset").and_then(Value::as_integer);
        let (Some(nodes), Some(inputs), Some(outputs), Some(opset)) = (nodes, inputs, outputs, opset) else {
            return Err(unfit("its graph lacks names"));
        };
        let nodes = ordered(nodes, &inputs, &constants)?;
        Ok(Self { opset, inputs, outputs, nodes, constants })
    }
}

impl<'a> Port<'a> {
    fn read(port: &'a Value) -> Option<Self> {
        let length = |value: &'a Value| match value {
            Value::Integer(length) => usize::try_from(*length).map_err(|_| "?"),
            value => Err(value.as_str().unwrap_or("?")),
        };
        let shape = port.get("shape").and_then(Value::as_list).unwrap_or_default().iter().map(length).collect();
        let whole = port.get("whole").is_some();
        Some(Self { name: port.get("name")?.as_str()?, shape, whole })
    }

    /// Its lengths, where none is free.
    pub(super) fn fixed(&self) -> Result<Vec<usize>> {
        self.shape.iter().map(|length| (*length).map_err(|free| self.free(free))).collect()
    }

    fn free(&self, axis: &str) -> crate::Error {
        unfit(&format!(
            "the length `{}` of its input `{}` is free; export it with a batch of 1, without dynamic axes",
            shown_name(axis),
            shown_name(self.name)
        ))
    }
}

impl<'a> Node<'a> {
    fn read(node: &'a Value) -> Option<Self> {
        let names = |key| node.get(key)?.as_list()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        Some(Self {
            operator: node.get("operator")?.as_str()?,
            name: node.get("name").and_then(Value::as_str).unwrap_or_default(),
            inputs: names("inputs")?,
            outputs: names("outputs")?,
            attributes: node.get("attributes").and_then(Value::as_map),
        })
    }

    /// Operator and name, as errors show them.
    pub(super) fn shown(&self) -> String {
        let name = if self.name.is_empty() { self.outputs.first().copied().unwrap_or_default() } else { self.name };
        format!("{} (`{}`)", shown_name(self.operator), shown_name(name))
    }

    fn attribute(&self, key: &str) -> Option<&'a Value> {
        self.attributes?.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.attribute(key).is_some()
    }

    pub(super) fn integer(&self, key: &str, absent: i64) -> i64 {
        self.attribute(key).and_then(Value::as_integer).unwrap_or(absent)
    }

    pub(super) fn float(&self, key: &str, absent: f64) -> f64 {
        let number = |value: &Value| value.as_float().or_else(|| value.as_str()?.parse().ok());
        self.attribute(key).and_then(number).unwrap_or(absent)
    }

    pub(super) fn text(&self, key: &str, absent: &'static str) -> &'a str {
        self.attribute(key).and_then(Value::as_str).unwrap_or(absent)
    }

    pub(super) fn integers(&self, key: &str) -> Option<Vec<i64>> {
        self.attribute(key)?.as_list()?.iter().map(Value::as_integer).collect()
    }

    pub(super) fn floats(&self, key: &str) -> Option<Vec<f64>> {
        self.attribute(key)?.as_list()?.iter().map(Value::as_float).collect()
    }

    /// The array that an attribute is.
    pub(super) fn array(&self, key: &str) -> Option<Array> {
        Array::of_value(self.attribute(key)?)
    }
}

/// The nodes, each after those that it reads.
fn ordered<'a>(
    nodes: Vec<Node<'a>>,
    inputs: &[Port<'a>],
    constants: &BTreeMap<&'a str, Array>,
) -> Result<Vec<Node<'a>>> {
    let mut known: BTreeSet<&str> = inputs.iter().map(|port| port.name).chain(constants.keys().copied()).collect();
    known.insert("");
    let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut missing = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let unknown: BTreeSet<_> = node.inputs.iter().copied().filter(|name| !known.contains(name)).collect();
        missing.push(unknown.len());
        for name in unknown {
            readers.entry(name).or_default().push(index);
        }
    }
    let mut ready: std::collections::BinaryHeap<_> =
        (0..nodes.len()).filter(|&index| missing[index] == 0).map(std::cmp::Reverse).collect();
    let mut nodes: Vec<_> = nodes.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(std::cmp::Reverse(index)) = ready.pop() {
        let Some(node) = nodes[index].take() else { continue };
        for &output in &node.outputs {
            if !output.is_empty() && !known.insert(output) {
                return Err(unfit(&format!("two nodes make `{}`", shown_name(output))));
            }
            for &reader in readers.get(output).into_iter().flatten() {
                missing[reader] -= 1;
                if missing[reader] == 0 {
                    ready.push(std::cmp::Reverse(reader));
                }
            }
        }
        ordered.push(node);
    }
    match nodes.into_iter().flatten().next() {
        None => Ok(ordered),
        Some(node) => Err(unfit(&format!(
            "{} reads what no node before it makes: its graph has a cycle, or lacks a node; export it again",
            node.shown()
        ))),
    }
}
