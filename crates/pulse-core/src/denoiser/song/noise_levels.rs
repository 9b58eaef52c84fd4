//! Which preconditioning a network of EDM has.

use std::sync::Arc;

use pulse_checkpoint::{Configuration, Value};

use super::super::Preconditioning;
use super::super::given::Given;
use super::super::preconditioning::improved_levels;
use super::super::published;
use crate::tensors::Tensors;
use crate::{Error, ErrorKind, Result};

/// More levels than any network has.
const MOST_LEVELS: usize = 100_000;

/// By the setting `preconditioning` (`edm`, `vp`, `ve` or `iddpm`), or else the class in the file, or else the file's published
/// name, or else EDM's.
pub(super) fn read(
    tensors: &Tensors,
    configuration: &Configuration,
    settings: &Given,
    stem: &str,
) -> Result<Preconditioning> {
    let class = configuration.get("class_name").and_then(Value::as_str).unwrap_or_default();
    let said = settings.text("preconditioning")?;
    let of_file =
        Some(class).filter(|class| class.ends_with("Precond")).or_else(|| published::preconditioning_of_edm(stem));
    match said.or(of_file).unwrap_or("edm") {
        "vp" | "VPPrecond" => Ok(Preconditioning::VariancePreserving {
            beta_d: settings.positive("beta_d")?.unwrap_or(19.9),
            beta_min: settings.positive("beta_min")?.unwrap_or(0.1),
            timesteps: settings.positive("M")?.unwrap_or(1000.0),
        }),
        "ve" | "VEPrecond" => Ok(Preconditioning::VarianceExploding),
        "iddpm" | "iDDPMPrecond" => {
            let levels = if tensors.has("u") { buffered_levels(tensors)? } else { computed_levels(settings)? };
            Ok(Preconditioning::Nearest { sigmas: levels })
        }
        other if said.is_some() && other != "edm" => {
            let message =
                format!("the setting `preconditioning` is {other:?}: for a network of EDM it is edm, vp, ve or iddpm");
            Err(Error::new(ErrorKind::Setting, message))
        }
        _ => Ok(Preconditioning::Edm { sigma_data: settings.positive("sigma_data")?.unwrap_or(0.5) }),
    }
}

/// The levels as the file has them, from the largest down to 0, which is none.
fn buffered_levels(tensors: &Tensors) -> Result<Arc<[f64]>> {
    let [count] = tensors.shape("u")?;
    let levels = tensors.numbers("u", &[count])?;
    let sigmas: Arc<[f64]> = levels.iter().rev().copied().map(f64::from).skip_while(|&sigma| sigma == 0.0).collect();
    let grows = sigmas.first().is_some_and(|&sigma| sigma > 0.0) && sigmas.is_sorted_by(|a, b| a < b);
    if grows && count <= MOST_LEVELS {
        return Ok(sigmas);
    }
    Err(tensors.unfit("u", "is not a falling row of noise levels"))
}

fn computed_levels(settings: &Given) -> Result<Arc<[f64]>> {
    let count = settings.count("M")?.unwrap_or(1000).min(MOST_LEVELS);
    let (c1, c2) = (settings.positive("C_1")?.unwrap_or(0.001), settings.positive("C_2")?.unwrap_or(0.008));
    let levels = improved_levels(count, c1, c2);
    if levels.is_sorted_by(|a, b| a < b) {
        return Ok(levels);
    }
    let message = format!("the settings M={count}, C_1={c1} and C_2={c2} make no growing row of noise levels");
    Err(Error::new(ErrorKind::Setting, message))
}
