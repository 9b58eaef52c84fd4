//! A denoiser of any architecture, in ONNX.
//!
//! A model with a noisy picture and a time among its inputs, which gives a picture of the same size, is one. Where its time is called
//! `sigma`, it gives `D(x; σ)` itself. Elsewhere it is a network that was trained as a scheduler of diffusers says, by the same
//! settings: `prediction_type`, `beta_schedule`, `_class_name=FlowMatchEulerDiscreteScheduler`, …

use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Configuration};
use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

use super::settings::Settings;
use super::{Backbone, BackboneSpec, Denoiser, Preconditioning, diffusers};
use crate::Result;
use crate::onnx::{Given, Model, Role, is_onnx, is_sigma};

struct OnnxBackbone {
    spec: BackboneSpec,
    model: Model,
}

/// The denoiser, where the checkpoint is a model that is one.
pub(super) fn read(checkpoint: &Checkpoint, given: &Configuration) -> Result<Option<Denoiser>> {
    if !is_onnx(checkpoint) {
        return Ok(None);
    }
    // What is wrong with a model is said where it is read as a generator.
    let Ok(model) = Model::read(checkpoint) else { return Ok(None) };
    let (Some(noisy), Some(time)) = (model.of_role(Role::Latent), model.of_role(Role::Time)) else { return Ok(None) };
    let (Shape::Map { channels, height, width }, Shape::Map { channels: outputs, height: rows, width: columns }) =
        (noisy.shape, model.image())
    else {
        return Ok(None);
    };
    if [rows, columns] != [height, width] || ![channels, 2 * channels].contains(&outputs) {
        return Ok(None);
    }
    let is_itself = is_sigma(&time.name);
    let classes = model.of_role(Role::Class).map_or(0, |class| class.shape.len());
    let spec = BackboneSpec {
        family: "ONNX",
        channels,
        height,
        width,
        outputs,
        time_features: 1,
        classes,
        parameters: model.parameters,
    };
    let backbone = Arc::new(OnnxBackbone { spec, model });
    if is_itself {
        let settings = Settings::new("ONNX model", given);
        let sigma_range = diffusers::sigma_range(&settings, 0.002)?;
        return Denoiser::new(backbone, Preconditioning::Itself { sigma_range }).map(Some);
    }
    diffusers::trained(backbone, given).map(Some)
}

impl Backbone for OnnxBackbone {
    fn spec(&self) -> &BackboneSpec {
        &self.spec
    }

    fn time_features(&self, t: f64, features: &mut [f32]) {
        features.fill(t as f32);
    }

    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, class: Option<Value>) -> Result<Value> {
        let input = |builder: &mut NetworkBuilder, given: &Given| match (given.role, class) {
            (Role::Latent, _) => Ok(x),
            (Role::Time, _) => Ok(time),
            (Role::Class, Some(class)) => Ok(class),
            // Whatever else there is, is not there.
            _ => Ok(builder.add(Operator::Constant(given.shape, vec![0.0; given.shape.len()].into()), &[])?),
        };
        self.model.append(builder, |builder| builder, input, |_, stage| Ok(stage))
    }
}
