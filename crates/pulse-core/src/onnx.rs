//! Networks of any kind, as ONNX writes them (<https://onnx.ai/onnx/operators>, versions 9 to 23), turned into a
//! [`Network`] of the engine's own operators.
//!
//! Values keep a shape of any number of axes here, and are *seen* in it (`view`): reshaping, transposing and slicing move nothing
//! until an operator needs its numbers in a row. What is known before the network runs is computed once. Exporters spell out in
//! many operators what is one here, and `emit` and `arithmetic` find it again: norms of groups, SiLU, attention, weights
//! that are scaled by styles, filters between inserted zeros.
//!
//! Rows of a batch do not depend on each other, so a model is read with a batch of 1.

mod activation;
mod arithmetic;
mod array;
mod convolution;
mod einsum;
mod emit;
mod graph;
mod lengths;
mod lower;
mod matrices;
mod normalize;
mod operators;
mod resize;
mod roles;
mod structure;
mod tensor;
mod view;

use pulse_checkpoint::{Checkpoint, Value as Setting};
use pulse_engine::{Network, NetworkBuilder, Operator, Shape, Value};

use self::graph::Graph;
use self::lower::Lower;
use self::tensor::{Live, Tensor, natural};
use crate::words::{listed, shown_name};
use crate::{Error, ErrorKind, Result, WayOut};

pub use self::roles::Role;
pub(crate) use self::roles::is_sigma;

/// The key under which a configuration says which input is the latent.
pub const LATENT: &str = "onnx.latent";
/// The key under which a configuration says the range of the picture: a list of two numbers.
pub const RANGE: &str = "onnx.range";

/// A model that was read.
#[derive(Clone, Debug)]
pub struct Model {
    network: Network,
    /// The inputs of the model, in its order: what is made of them in the network, and what they are for.
    pub(crate) inputs: Vec<Given>,
    /// Maps that are about to be enlarged, in order.
    stages: Vec<Value>,
    image: Value,
    /// What black and white are in its picture.
    pub(crate) range: [f32; 2],
    pub(crate) parameters: usize,
}

/// An input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Its name in the model.
    pub name: String,
    /// Its shape without the batch.
    pub shape: Shape,
    /// What it is for.
    pub role: Role,
}

/// Whether a checkpoint is an ONNX model.
pub fn is_onnx(checkpoint: &Checkpoint) -> bool {
    checkpoint.configuration.contains_key(graph::KEY)
}

fn unfit(reason: &str) -> Error {
    Error::new(ErrorKind::Generator, format!("as an ONNX model it cannot be read: {reason}"))
        .with_way_out(WayOut::Families)
}

impl Model {
    /// The model in a checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`], naming all operators that are not read; [`ErrorKind::Setting`] when the latent that was named is
    /// no input.
    pub fn read(checkpoint: &Checkpoint) -> Result<Self> {
        let graph = Graph::read(checkpoint)?;
        if !(7..=26).contains(&graph.opset) {
            return Err(unfit(&format!("its operators are of version {}, and 9 to 23 are read", graph.opset)));
        }
        let said = checkpoint.configuration.get(LATENT).and_then(Setting::as_str);
        let roles = roles::tell(&graph.inputs, said)?;
        let mut lower = Lower::new(&graph);
        let mut inputs = Vec::new();
        for (port, role) in graph.inputs.iter().zip(roles) {
            let shape = one_of_a_batch(port)?;
            if role == Role::Class && port.whole {
                lower.bind(port.name, Tensor::Class { name: port.name.to_owned(), shape });
                inputs.push(Given { name: port.name.to_owned(), shape: Shape::Vector(1), role });
                continue;
            }
            let own = natural(&shape);
            let value = lower.emit.input(port.name, own).map_err(|reason| unfit(&reason))?;
            lower.bind(port.name, Tensor::Live(Live::new(value, &shape)));
            inputs.push(Given { name: port.name.to_owned(), shape: own, role });
        }
        let output = *graph.outputs.first().ok_or_else(|| unfit("it has no output"))?;
        let made = lower.run(&graph, output)?;
        let image = picture(&mut lower, &made)?;
        for given in inputs.iter_mut().filter(|given| given.role == Role::Class) {
            if let Some(&(classes, _)) = lower.classes.get(&given.name) {
                given.shape = Shape::Vector(classes);
            }
        }
        // An input on which nothing depends is none.
        inputs
            .retain(|given| given.role != Role::Class || given.shape != Shape::Vector(1) || !lower.classes.is_empty());
        let range = match checkpoint.configuration.get(RANGE).and_then(Setting::as_list) {
            Some([low, high]) => [low, high].map(|bound| bound.as_float().unwrap_or(0.0) as f32),
            _ => usual_range(&lower, image),
        };
        let Lower { mut emit, stages, .. } = lower;
        emit.builder.output("image", image).map_err(|error| unfit(&error.to_string()))?;
        let network = emit.builder.build().map_err(|error| unfit(&error.to_string()))?;
        // A class on which nothing depends is none.
        inputs.retain(|given| network.input(&given.name).is_ok());
        let parameters = checkpoint.tensors.values().map(|tensor| tensor.data().len()).sum();
        Ok(Self { network, inputs, stages, image, range, parameters })
    }

    /// The shape of what it makes.
    pub fn image(&self) -> Shape {
        self.network.nodes()[self.image.index()].shape
    }

    /// The input of a role, where there is one.
    pub(crate) fn of_role(&self, role: Role) -> Option<&Given> {
        self.inputs.iter().find(|given| given.role == role)
    }

    /// Adds its operators to `builder`, and gives its picture in the model's own range. `input` makes an input by its name; `stage`
    /// may add to a map that is about to be enlarged.
    pub(crate) fn append<B>(
        &self,
        target: &mut B,
        builder: impl Fn(&mut B) -> &mut NetworkBuilder,
        mut input: impl FnMut(&mut B, &Given) -> Result<Value>,
        mut stage: impl FnMut(&mut B, Value) -> Result<Value>,
    ) -> Result<Value> {
        let nodes = self.network.nodes();
        let mut wanted = vec![false; nodes.len()];
        wanted[self.image.index()] = true;
        for index in (0..nodes.len()).rev().filter(|&index| nodes[index].operator != Operator::Input) {
            if wanted[index] {
                nodes[index].arguments.iter().for_each(|argument| wanted[argument.index()] = true);
            }
        }
        let mut values: Vec<Option<Value>> = vec![None; nodes.len()];
        for given in &self.inputs {
            if let Ok(id) = self.network.input(&given.name) {
                values[self.network.input_port(id).value.index()] = Some(input(target, given)?);
            }
        }
        for (index, node) in nodes.iter().enumerate() {
            if wanted[index] && values[index].is_none() {
                let arguments: Vec<Value> =
                    node.arguments.iter().filter_map(|argument| values[argument.index()]).collect();
                values[index] = Some(builder(target).add(node.operator.clone(), &arguments)?);
            }
            if let Some(value) = values[index]
                && self.stages.iter().any(|stage| stage.index() == index)
            {
                values[index] = Some(stage(target, value)?);
            }
        }
        values[self.image.index()].ok_or_else(|| unfit("its picture is made of nothing"))
    }
}

/// The shape of an input, once its first axis was found to be a batch of 1.
fn one_of_a_batch(port: &graph::Port<'_>) -> Result<Vec<usize>> {
    let mut shape = port.shape.clone();
    // The first axis may be free: it becomes 1.
    if let Some(first @ Err(_)) = shape.first_mut() {
        *first = Ok(1);
    }
    let shape = graph::Port { shape, ..port.clone() }.fixed()?;
    if shape.contains(&0) {
        return Err(unfit(&format!("its input `{}` is empty", shown_name(port.name))));
    }
    match shape[..] {
        [batch, _, ..] if batch != 1 => Err(unfit(&format!(
            "its input `{}` is for {batch} at a time; export it with a batch of 1, without dynamic axes",
            shown_name(port.name)
        ))),
        _ => Ok(shape),
    }
}

/// The output as a picture.
fn picture(lower: &mut Lower<'_>, made: &Live) -> Result<Value> {
    let shape = match *made.shape() {
        [1, channels, height, width] | [channels, height, width] => Shape::map(channels, height, width),
        ref other => {
            return Err(unfit(&format!(
                "its first output is of {other:?}, which is no picture [1, channels, height, width]"
            )));
        }
    };
    lower.emit.shaped(made, shape).map_err(|reason| unfit(&reason))
}

/// [0, 1] where the last operator gives that, and [−1, 1] elsewhere.
fn usual_range(lower: &Lower<'_>, image: Value) -> [f32; 2] {
    let (mut operator, mut of) = lower.emit.made(image);
    while let (Operator::Reshape(_) | Operator::Gather(_), &[argument]) = (operator, of) {
        (operator, of) = lower.emit.made(argument);
    }
    let clipped = matches!(operator, Operator::Curve(pulse_engine::Curve::Clip { low: 0.0, high: 1.0 }));
    let halved = match (operator, of) {
        (Operator::Affine(affine), &[inner]) => {
            matches!((&*affine.scale, &*affine.shift), ([0.5], [0.5]))
                && matches!(lower.emit.made(inner).0, Operator::Tanh)
        }
        _ => false,
    };
    if clipped || halved || matches!(operator, Operator::Sigmoid) { [0.0, 1.0] } else { [-1.0, 1.0] }
}

/// The names of inputs, for a message.
fn names(ports: &[graph::Port<'_>]) -> String {
    let names: Vec<_> = ports.iter().map(|port| port.name).collect();
    listed(names.iter().copied())
}
