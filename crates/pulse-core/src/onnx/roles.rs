//! What the inputs of a model are for.

use super::graph::Port;
use super::names;
use crate::words::shown_name;
use crate::{Error, ErrorKind, Result};

/// What an input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What is searched: of a generator its latent, of a denoiser the noisy picture.
    Latent,
    /// A map of noise.
    Noise,
    /// Which class: a number, or a vector that is one at the class.
    Class,
    /// How far a denoiser has to go: its time, or the noise level.
    Time,
    /// Any other, which stays as it starts.
    Other,
}

const TIMES: [&str; 12] = [
    "t",
    "time",
    "timestep",
    "timesteps",
    "time_step",
    "time_steps",
    "sigma",
    "sigmas",
    "noise_level",
    "noise_labels",
    "c_noise",
    "noise_cond",
];
const CLASSES: [&str; 11] =
    ["c", "y", "label", "labels", "class", "classes", "class_label", "class_labels", "class_id", "one_hot", "cond"];
/// The likelier first.
const LATENTS: [&str; 14] = [
    "z",
    "latent",
    "latents",
    "w",
    "ws",
    "style",
    "styles",
    "x",
    "sample",
    "noise",
    "input",
    "inputs",
    "latent_sample",
    "code",
];

/// Whether an input called so is a noise level, and not a network's own time.
pub(crate) fn is_sigma(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "sigma" | "sigmas" | "noise_level")
}

/// The role of each input: the latent is that which is said, or else told by names and shapes.
pub(super) fn tell(ports: &[Port<'_>], said: Option<&str>) -> Result<Vec<Role>> {
    let name = |port: &Port<'_>| port.name.to_ascii_lowercase();
    let of = |port: &Port<'_>| port.shape.iter().skip(1).map(|length| length.unwrap_or(2)).product::<usize>();
    let is_single = |port: &Port<'_>| {
        port.shape.len() < 2 && port.shape.first().is_none_or(|length| length.unwrap_or(1) == 1)
            || of(port) == 1 && port.shape.len() > 1
    };
    let is_noise = |port: &Port<'_>| matches!(port.shape[..], [_, Ok(1), Ok(_), Ok(_)]);
    let candidates = || ports.iter().filter(|port| !port.whole && !is_single(port));
    let latent = if let Some(said) = said {
        ports.iter().find(|port| port.name == said).ok_or_else(|| {
            let has = names(ports);
            let message = format!("the model has no input `{}` to be the latent: it has {has}", shown_name(said));
            Error::new(ErrorKind::Setting, message)
        })?
    } else {
        let named = LATENTS.iter().find_map(|latent| candidates().find(|port| name(port) == *latent));
        let is_longer =
            |port: &Port<'_>| LATENTS[1..7].iter().any(|latent| latent.len() > 2 && name(port).starts_with(latent));
        let begins = || candidates().find(|port| is_longer(port));
        let plain = || candidates().find(|port| !is_noise(port) && !CLASSES.contains(&name(port).as_str()));
        named.or_else(begins).or_else(plain).or_else(|| candidates().next()).ok_or_else(|| {
            let message = format!("the model has no input that could be the latent: it has {}", names(ports));
            Error::new(ErrorKind::Generator, message)
        })?
    };
    let role = |port: &Port<'_>| {
        let name = name(port);
        if std::ptr::eq(port, latent) {
            Role::Latent
        } else if TIMES.contains(&name.as_str()) && is_single(port) {
            Role::Time
        } else if CLASSES.contains(&name.as_str()) || port.whole {
            Role::Class
        } else if is_noise(port) || name.starts_with("noise") {
            Role::Noise
        } else {
            Role::Other
        }
    };
    Ok(ports.iter().map(role).collect())
}
