//! The graph: frozen operators with named inputs and outputs.

mod call;
mod infer;
mod operator;
mod shape;
mod sparse;
mod weights;

pub use call::{Call, Function, PreparedFunction};
pub use operator::{
    Affine, Convolution, Dense, DepthwiseConvolution, Fir, FirTaps, FourierFeatures, Operator, SeparableMap,
};
pub use shape::Shape;
pub use sparse::SparseMatrix;
pub use weights::Weights;

use std::sync::Arc;

use crate::{Error, ErrorKind, Result};

/// A value of the graph under construction: the result of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value(usize);

impl Value {
    /// The index of its node in [`Network::nodes`].
    pub const fn index(self) -> usize {
        self.0
    }
}

/// Which input of a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InputId(usize);

/// Which output of a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputId(usize);

impl InputId {
    /// Its index in [`Network::inputs`].
    pub const fn index(self) -> usize {
        self.0
    }
}

impl OutputId {
    /// Its index in [`Network::outputs`].
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One operator, what it works on, and the shape of what it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operator.
    pub operator: Operator,
    /// Its arguments, nodes that stand before it.
    pub arguments: Vec<Value>,
    /// The shape of its result.
    pub shape: Shape,
}

/// A named end of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The value that it names.
    pub value: Value,
    /// The value's shape.
    pub shape: Shape,
}

/// A directed graph of frozen operators. Nodes stand in an order in which they can run.
///
/// A clone shares the graph. Two networks are equal when their graphs are, which is quick to find out where they share
/// the graph, or all of their large [`Weights`].
#[derive(Clone, Debug)]
pub struct Network {
    graph: Arc<Graph>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Graph {
    nodes: Vec<Node>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.graph, &other.graph) || self.graph == other.graph
    }
}

impl Network {
    /// The nodes, each after its arguments.
    pub fn nodes(&self) -> &[Node] {
        &self.graph.nodes
    }

    /// Whether a function of the caller's own is among its operators.
    pub fn has_calls(&self) -> bool {
        self.nodes().iter().any(|node| matches!(node.operator, Operator::Call(_)))
    }

    /// The named inputs, in the order in which they were made.
    pub fn inputs(&self) -> &[Port] {
        &self.graph.inputs
    }

    /// The named outputs, in the order in which they were made.
    pub fn outputs(&self) -> &[Port] {
        &self.graph.outputs
    }

    /// Every input, in the order of [`inputs`](Self::inputs).
    pub fn input_ids(&self) -> impl ExactSizeIterator<Item = InputId> + use<> {
        (0..self.graph.inputs.len()).map(InputId)
    }

    /// Every output, in the order of [`outputs`](Self::outputs).
    pub fn output_ids(&self) -> impl ExactSizeIterator<Item = OutputId> + use<> {
        (0..self.graph.outputs.len()).map(OutputId)
    }

    /// The input called `name`.
    pub fn input(&self, name: &str) -> Result<InputId> {
        find(&self.graph.inputs, "input", name).map(InputId)
    }

    /// The output called `name`.
    pub fn output(&self, name: &str) -> Result<OutputId> {
        find(&self.graph.outputs, "output", name).map(OutputId)
    }

    /// The port of an input.
    pub fn input_port(&self, input: InputId) -> &Port {
        &self.graph.inputs[input.0]
    }

    /// The port of an output.
    pub fn output_port(&self, output: OutputId) -> &Port {
        &self.graph.outputs[output.0]
    }
}

fn find(ports: &[Port], what: &str, name: &str) -> Result<usize> {
    ports.iter().position(|port| port.name == name).ok_or_else(|| {
        let names: Vec<_> = ports.iter().map(|port| port.name.as_str()).collect();
        Error::new(ErrorKind::Name, format!("the network has no {what} `{name}`; it has {}", names.join(", ")))
    })
}

/// Builds a [`Network`], node by node, checking each as it comes.
#[derive(Clone, Debug, Default)]
pub struct NetworkBuilder {
    graph: Graph,
}

impl NetworkBuilder {
    /// An empty network.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a named input.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] when the name is taken, [`ErrorKind::Shape`] when the shape is empty, holds more
    /// than 2³¹ numbers or has a side of more than 2²⁰ pixels.
    pub fn input(&mut self, name: impl Into<String>, shape: Shape) -> Result<Value> {
        let name = name.into();
        check_new(&self.graph.inputs, "input", &name)?;
        let value = self.push(Operator::Input, Vec::new(), shape)?;
        self.graph.inputs.push(Port { name, value, shape });
        Ok(value)
    }

    /// Adds an operator on `arguments` and gives its result.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], naming the operator, when it cannot work on these or with its own numbers (a clamp below zero), or when
    /// its result is empty, holds more than 2³¹ numbers or has a side of more than 2²⁰ pixels.
    pub fn add(&mut self, operator: Operator, arguments: &[Value]) -> Result<Value> {
        let shapes: Vec<_> = arguments.iter().map(|&value| self.shape(value)).collect();
        let shape = infer::infer(&operator, &shapes).map_err(|reason| self.refuse(&operator, &reason))?;
        self.push(operator, arguments.to_vec(), shape)
    }

    /// Names a value as an output.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] when the name is taken.
    pub fn output(&mut self, name: impl Into<String>, value: Value) -> Result<()> {
        let name = name.into();
        check_new(&self.graph.outputs, "output", &name)?;
        let shape = self.shape(value);
        self.graph.outputs.push(Port { name, value, shape });
        Ok(())
    }

    /// The shape of a value of this builder.
    pub fn shape(&self, value: Value) -> Shape {
        self.graph.nodes[value.0].shape
    }

    /// The finished network.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] when it has no output.
    pub fn build(self) -> Result<Network> {
        if self.graph.outputs.is_empty() {
            return Err(Error::new(ErrorKind::Name, "the network has no output"));
        }
        Ok(Network { graph: Arc::new(self.graph) })
    }

    fn push(&mut self, operator: Operator, arguments: Vec<Value>, shape: Shape) -> Result<Value> {
        infer::elements(shape).map_err(|reason| self.refuse(&operator, &reason))?;
        self.graph.nodes.push(Node { operator, arguments, shape });
        Ok(Value(self.graph.nodes.len() - 1))
    }

    fn refuse(&self, operator: &Operator, reason: &str) -> Error {
        Error::new(ErrorKind::Shape, format!("{} (node {}) {reason}", operator.name(), self.graph.nodes.len()))
    }
}

fn check_new(ports: &[Port], what: &str, name: &str) -> Result<()> {
    if ports.iter().any(|port| port.name == name) {
        return Err(Error::new(ErrorKind::Name, format!("the network has an {what} `{name}` already")));
    }
    Ok(())
}
