//! Families that are known by their tensors, and not read.

use std::collections::BTreeMap;

use pulse_checkpoint::{Configuration, Tensor, Value};

use crate::{Error, ErrorKind, Result, WayOut};

/// What can be done with a generator that is not read.
const INSTEAD: &str = "export it from PyTorch to ONNX, which is read (docs/onnx.md)";

/// A family by its name, and parts of tensors' names that all have to be there to tell it: `^` is the beginning of a name, `$` its
/// end.
type Known = (&'static str, &'static [&'static str]);

const KNOWN: [Known; 13] = [
    ("StyleGAN-XL", &["mapping.embed_proj.weight$"]),
    ("StyleGAN-T", &[".affine.proj.weight$", "synthesis."]),
    ("StyleGAN-T", &["mapping.mlp."]),
    ("GenForce's port of StyleGAN", &["synthesis.layer0.", "mapping.dense0."]),
    ("GenForce's port of PGGAN", &["layer0.weight$", "output0.weight$"]),
    ("lucidrains' StyleGAN2", &["blocks.0.to_style1.", "initial_conv."]),
    ("lucidrains' StyleGAN2", &["G.blocks.0.to_style1."]),
    ("rosinality's first StyleGAN (style-based-gan-pytorch)", &["progression.0.", "to_rgb.0."]),
    ("SWAGAN", &["to_rgbs.0.iwt."]),
    ("BigGAN", &["gen_z.weight$"]),
    ("BigGAN", &["generator.layers.", "generator.gen_z."]),
    ("GigaGAN", &["adaptive_conv", "text_encoder."]),
    ("a latent diffusion model", &["first_stage_model.decoder."]),
];

/// Refuses a generator of a family that is known and not read, by its name.
///
/// # Errors
/// [`ErrorKind::Generator`].
pub(super) fn refuse(tensors: &BTreeMap<String, Tensor>, configuration: &Configuration) -> Result<()> {
    let has = |part: &&str| {
        let (part, ends) = part.strip_suffix('$').map_or((*part, false), |part| (part, true));
        tensors.keys().any(|name| if ends { name.ends_with(part) } else { name.contains(part) })
    };
    let family = KNOWN.iter().find(|(_, parts)| parts.iter().all(has)).map(|&(name, _)| name);
    match family.or_else(|| of_settings(configuration)) {
        Some(name) => {
            let message = format!("this is {name}, which is not read; {INSTEAD}");
            Err(Error::new(ErrorKind::Generator, message).with_way_out(WayOut::Families))
        }
        None => Ok(()),
    }
}

/// A family that only the settings tell: its tensors are another's.
fn of_settings(configuration: &Configuration) -> Option<&'static str> {
    let synthesis = configuration.get("components").and_then(|components| components.get("synthesis"));
    let build = synthesis.and_then(|synthesis| synthesis.get("build_func_name")).and_then(Value::as_str);
    if build.is_some_and(|name| name.ends_with("G_synthesis_stylegan_revised")) {
        return Some("a StyleGAN2 of the configurations A to D");
    }
    let modules = configuration.get("modules");
    let square = modules.and_then(|modules| modules.get("synthesis")?.get("square")).and_then(Value::as_bool);
    let input = modules.and_then(|modules| modules.get("synthesis.input"));
    (square == Some(false) && input.is_some()).then_some("StyleGAN-Human's StyleGAN3 of pictures that are not square")
}
