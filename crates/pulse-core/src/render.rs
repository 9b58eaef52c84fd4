//! The pictures of given inputs, and gradients through the generator; what a denoiser makes of given arrays.

mod denoised;

use pulse_engine::{Engine, InputId, Network, NetworkBuilder, Operator, OutputId, Program, Shape, Value};

pub use denoised::{Evaluation, Question};

use crate::generator::draw;
use crate::generator::{Generator, InputSpec, LatentInput, Space, append_whole};
use crate::inputs::Inputs;
use crate::random::Stream;
use crate::{Error, ErrorKind, Result};

/// A generator compiled for rendering, one candidate at a time.
pub struct Renderer {
    network: Network,
    program: Box<dyn Program>,
    specs: Vec<InputSpec>,
    latent: LatentInput,
    image: OutputId,
    ws: Option<OutputId>,
    /// Both of them.
    outputs: Vec<OutputId>,
}

impl Renderer {
    /// Compiles `generator`, entered at `latent` and set up as its file has it, with `engine`.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the engine cannot run it.
    pub fn new(generator: &dyn Generator, latent: LatentInput, engine: &dyn Engine) -> Result<Self> {
        Self::in_space(generator, latent, &Space::default(), engine)
    }

    /// The same, set up as `space` says.
    ///
    /// # Errors
    /// As [`Renderer::new`], and [`ErrorKind::Setting`] when the generator cannot be set up so.
    pub fn in_space(
        generator: &dyn Generator,
        latent: LatentInput,
        space: &Space,
        engine: &dyn Engine,
    ) -> Result<Self> {
        generator.prepare(latent, engine)?;
        let mut builder = NetworkBuilder::new();
        let generated = append_whole(generator, &mut builder, latent, space)?;
        builder.output("image", generated.image)?;
        if let Some(ws) = generated.ws {
            builder.output("ws", ws)?;
        }
        let network = builder.build()?;
        let program = engine.compile(&network, 1)?;
        let (image, ws) = (network.output("image")?, network.output("ws").ok());
        let outputs = network.output_ids().collect();
        Ok(Self { network, program, specs: generated.inputs, latent, image, ws, outputs })
    }

    /// The `ws` `[num_ws, w_dim]` of the last rendering, where the generator has styles.
    pub fn ws(&self) -> Option<&[f32]> {
        self.ws.map(|ws| self.program.output(ws))
    }

    /// The generator's inputs, in the order of the network's.
    pub fn specs(&self) -> &[InputSpec] {
        &self.specs
    }

    /// The picture of row `candidate` of `inputs`, the network's own unclamped values `[channels, height,
    /// width]`, nominally in [-1, 1]. What `inputs` does not name stays at its start.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when `inputs` lacks the latent.
    pub fn render(&mut self, inputs: &Inputs, candidate: usize) -> Result<&[f32]> {
        give(inputs, candidate, self.latent, &self.specs, &self.network, &mut *self.program)?;
        self.program.forward(1, &self.outputs);
        Ok(self.program.output(self.image))
    }

    /// The gradients, at the last rendering, of `⟨image, cotangent⟩` with respect to the inputs named.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when the cotangent is not of the picture's shape or a name is not an input's.
    pub fn vector_jacobian(&mut self, cotangent: &[f32], wanted: &[&str]) -> Result<Vec<Vec<f32>>> {
        let slot = self.program.cotangent_mut(self.image);
        if slot.len() != cotangent.len() {
            let message = format!("the cotangent has {} numbers, the picture {}", cotangent.len(), slot.len());
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        slot.copy_from_slice(cotangent);
        let ids: Vec<InputId> =
            wanted.iter().map(|name| self.network.input(name)).collect::<pulse_engine::Result<_>>()?;
        self.program.backward(1, &ids);
        Ok(ids.iter().map(|&id| self.program.gradient(id).to_vec()).collect())
    }
}

/// The way from a latent to `ws` alone, without the synthesis.
pub struct Mapping {
    network: Network,
    program: Box<dyn Program>,
    specs: Vec<InputSpec>,
    latent: LatentInput,
    ws: OutputId,
}

impl Mapping {
    /// Compiles what `generator`, entered at `latent` and set up as `space` says, makes `ws` of.
    ///
    /// # Errors
    /// As [`Renderer::in_space`], and [`ErrorKind::Setting`] when the generator has no styles.
    pub fn new(generator: &dyn Generator, latent: LatentInput, space: &Space, engine: &dyn Engine) -> Result<Self> {
        generator.prepare(latent, engine)?;
        let mut builder = NetworkBuilder::new();
        let generated = generator.append(&mut builder, latent, space)?;
        let Some(ws) = generated.ws else {
            let message =
                format!("a {} has no mapping from z to ws: render its picture", generator.spec().family.name());
            return Err(Error::new(ErrorKind::Setting, message));
        };
        builder.output("ws", ws)?;
        let network = only(ws, "ws", &builder.build()?)?;
        let program = engine.compile(&network, 1)?;
        let mut specs = generated.inputs;
        specs.retain(|spec| network.input(&spec.name).is_ok());
        let ws = network.output("ws")?;
        Ok(Self { network, program, specs, latent, ws })
    }

    /// The inputs that it reads: the latent, and the class where there are any.
    pub fn specs(&self) -> &[InputSpec] {
        &self.specs
    }

    /// `[num_ws, w_dim]`.
    pub fn shape(&self) -> Shape {
        self.network.output_port(self.ws).shape
    }

    /// The `ws` of row `candidate` of `inputs`.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn run(&mut self, inputs: &Inputs, candidate: usize) -> Result<&[f32]> {
        give(inputs, candidate, self.latent, &self.specs, &self.network, &mut *self.program)?;
        self.program.forward(1, &[self.ws]);
        Ok(self.program.output(self.ws))
    }
}

/// Gives a program its inputs: row `candidate` of those that `inputs` names, and the start of the others.
fn give(
    inputs: &Inputs,
    candidate: usize,
    latent: LatentInput,
    specs: &[InputSpec],
    network: &Network,
    program: &mut dyn Program,
) -> Result<()> {
    for (index, spec) in specs.iter().enumerate() {
        let numbers = program.input_mut(network.input(&spec.name)?);
        match inputs.row(spec, candidate) {
            Some(row) => numbers.copy_from_slice(row),
            None if spec.name == latent.name() => {
                return Err(Error::new(
                    ErrorKind::Inputs,
                    format!("the inputs lack `{}` of {}, which has no default", spec.name, spec.shape),
                ));
            }
            None => {
                let stream = Stream { seed: 0, candidate: candidate as u32, draw: 0, input: index as u16 };
                draw(&spec.start, stream, numbers);
            }
        }
    }
    Ok(())
}

/// The network of `value` alone, as its output `name`: the nodes that nothing in it needs are left out.
fn only(value: Value, name: &str, network: &Network) -> Result<Network> {
    let mut needed = vec![false; value.index() + 1];
    needed[value.index()] = true;
    for (index, node) in network.nodes()[..=value.index()].iter().enumerate().rev() {
        if needed[index] {
            node.arguments.iter().for_each(|argument| needed[argument.index()] = true);
        }
    }
    let mut builder = NetworkBuilder::new();
    let mut copies: Vec<Option<Value>> = Vec::with_capacity(needed.len());
    for (index, node) in network.nodes()[..needed.len()].iter().enumerate() {
        let copy = match &node.operator {
            _ if !needed[index] => None,
            Operator::Input => {
                let port = network.inputs().iter().find(|port| port.value.index() == index);
                port.map(|port| builder.input(&port.name, port.shape)).transpose()?
            }
            operator => {
                let arguments: Vec<Value> = node.arguments.iter().filter_map(|value| copies[value.index()]).collect();
                Some(builder.add(operator.clone(), &arguments)?)
            }
        };
        copies.push(copy);
    }
    if let Some(copy) = copies[value.index()] {
        builder.output(name, copy)?;
    }
    Ok(builder.build()?)
}
