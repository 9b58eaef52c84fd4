//! Generators, denoisers and measurements that the caller brings as functions.

use std::fmt;

use pulse::denoiser::{Backbone, BackboneSpec};
use pulse::generator::{Assembly, Family, Generated, Generator, GeneratorSpec, LatentInput, Space, Start};
use pulse::latent::Geometry;
use pulse::measurement::Measurement;
use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

use crate::names::kept;

/// A generator that is one function of its inputs. The first of them is the latent.
pub(crate) struct OwnGenerator {
    pub(crate) spec: GeneratorSpec,
    pub(crate) inputs: Vec<(String, Shape)>,
    /// The function.
    pub(crate) call: Operator,
    /// What black and white are of its pictures.
    pub(crate) range: [f32; 2],
}

impl OwnGenerator {
    pub(crate) fn spec(family: &str, [channels, height, width]: [usize; 3], latent: &str) -> GeneratorSpec {
        let latents = vec![LatentInput::new(kept(latent))];
        GeneratorSpec { width, ..GeneratorSpec::square(Family::new(kept(family)), channels, height, 0, latents) }
    }
}

impl Generator for OwnGenerator {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn append(&self, builder: &mut NetworkBuilder, _: LatentInput, space: &Space) -> pulse::Result<Generated> {
        let mut assembly = Assembly::new(builder, space, 0);
        let inputs = self.inputs.iter();
        let inputs: Vec<Value> = inputs
            .map(|(name, shape)| assembly.input(name, *shape, Start::Normal, Geometry::sphere(*shape)))
            .collect::<pulse::Result<_>>()?;
        let picture = assembly.add(self.call.clone(), &inputs)?;
        let [black, white] = self.range;
        let scale = 2.0 / (white - black);
        let picture = assembly.add(Operator::affine(vec![scale], vec![-1.0 - scale * black]), &[picture])?;
        Ok(assembly.finish(picture, None))
    }
}

/// A denoiser that is one function of the noisy picture and the noise level.
pub(crate) struct OwnBackbone {
    pub(crate) spec: BackboneSpec,
    /// The function.
    pub(crate) call: Operator,
}

impl Backbone for OwnBackbone {
    fn spec(&self) -> &BackboneSpec {
        &self.spec
    }

    fn time_features(&self, t: f64, features: &mut [f32]) {
        features[0] = t as f32;
    }

    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, _: Option<Value>) -> pulse::Result<Value> {
        Ok(builder.add(self.call.clone(), &[x, time])?)
    }
}

/// A measurement that is one function of the picture.
pub(crate) struct OwnMeasurement {
    pub(crate) name: String,
    pub(crate) picture: Shape,
    pub(crate) small: Shape,
    /// The function.
    pub(crate) call: Operator,
    pub(crate) well_conditioned: bool,
}

impl fmt::Debug for OwnMeasurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

impl Measurement for OwnMeasurement {
    fn input_shape(&self) -> Shape {
        self.picture
    }

    fn output_shape(&self) -> Shape {
        self.small
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> pulse::Result<Value> {
        Ok(builder.add(self.call.clone(), &[image])?)
    }

    fn describe(&self) -> String {
        format!("{} from {} to {}", self.name, self.picture, self.small)
    }

    fn text(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn is_well_conditioned(&self) -> bool {
        self.well_conditioned
    }
}
