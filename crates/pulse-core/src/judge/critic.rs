//! The logits that a discriminator gives to candidates.

use pulse_engine::{Engine, InputId, NetworkBuilder, Operator, OutputId, Program};

use crate::Result;
use crate::candidate::Candidate;
use crate::generator::Discriminator;

/// A discriminator, compiled to judge candidates one at a time.
pub struct Critic {
    program: Box<dyn Program>,
    picture: InputId,
    class: Option<InputId>,
    logit: OutputId,
}

impl Critic {
    /// Compiles `discriminator` with `engine`.
    ///
    /// # Errors
    /// [`ErrorKind::Network`](crate::ErrorKind::Network) when the engine cannot run it.
    pub fn new(discriminator: &Discriminator, engine: &dyn Engine) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        let picture = builder.input("picture", discriminator.picture())?;
        let judged = builder.add(Operator::affine([2.0], [-1.0]), &[picture])?;
        let logit = discriminator.append(&mut builder, judged)?;
        builder.output("logit", logit)?;
        let network = builder.build()?;
        let class = if discriminator.classes() > 0 { Some(network.input("c")?) } else { None };
        let (picture, logit) = (network.input("picture")?, network.output("logit")?);
        Ok(Self { program: engine.compile(&network, 1)?, picture, class, logit })
    }

    /// The discriminator's logit of a candidate's picture, before it was rounded to 8 bits, as one of the class that the
    /// candidate's input `c` says, or else of the first: more is more like the training set. Nothing where it is not finite.
    ///
    /// # Panics
    /// When the picture or the class is of another shape than the discriminator's.
    pub fn logit(&mut self, candidate: &Candidate) -> Option<f64> {
        self.program.input_mut(self.picture).copy_from_slice(candidate.image.values());
        if let Some(class) = self.class {
            let numbers = self.program.input_mut(class);
            if let Some(said) = candidate.inputs.get("c") {
                numbers.copy_from_slice(said);
            } else {
                numbers.fill(0.0);
                numbers[0] = 1.0;
            }
        }
        self.program.forward(1, &[self.logit]);
        Some(f64::from(self.program.output(self.logit)[0])).filter(|logit| logit.is_finite())
    }
}
