//! The pictures of given inputs, and gradients through the generator.

use pulse_engine::{Engine, InputId, Network, NetworkBuilder, OutputId, Program};

use crate::generator::{Generator, InputSpec, LatentInput, Space, append_whole};
use crate::inputs::Inputs;
use crate::start::{Stream, draw};
use crate::{Error, ErrorKind, Result};

/// A generator compiled for rendering, one candidate at a time.
pub struct Renderer {
    network: Network,
    program: Box<dyn Program>,
    specs: Vec<InputSpec>,
    latent: LatentInput,
    image: OutputId,
    ws: Option<OutputId>,
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
        let mut builder = NetworkBuilder::new();
        let generated = append_whole(generator, &mut builder, latent, space)?;
        builder.output("image", generated.image)?;
        if let Some(ws) = generated.ws {
            builder.output("ws", ws)?;
        }
        let network = builder.build()?;
        let program = engine.compile(&network, 1)?;
        let (image, ws) = (network.output("image")?, network.output("ws").ok());
        Ok(Self { network, program, specs: generated.inputs, latent, image, ws })
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
        for (index, spec) in self.specs.iter().enumerate() {
            let numbers = self.program.input_mut(self.network.input(&spec.name)?);
            match inputs.row(spec, candidate) {
                Some(row) => numbers.copy_from_slice(row),
                None if spec.name == self.latent.name() => {
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
        self.program.forward(1);
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
