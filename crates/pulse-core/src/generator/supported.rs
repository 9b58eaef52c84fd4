//! Settings that a file says its network was made with, and that change its picture: those that are not read are refused by their
//! names.

use std::collections::BTreeMap;

use pulse_checkpoint::{Configuration, Value};

use crate::{Error, ErrorKind, Result};

/// What a setting may be.
#[derive(Clone, Copy)]
enum Allowed {
    /// Anything: it tells nothing that the tensors do not, or nothing of the picture.
    Any,
    /// One of these texts.
    Text(&'static [&'static str]),
    /// This truth value.
    Is(bool),
    /// This number, but for rounding.
    Number(f64),
    /// These numbers, whatever their common factor is.
    Filter(&'static [f64]),
}

type Known = (&'static str, Allowed);

const ARCHITECTURES: Allowed = Allowed::Text(&["orig", "skip", "resnet"]);
const LEAKY: Allowed = Allowed::Text(&["lrelu"]);

/// What NVIDIA's programs for TensorFlow take.
const STATIC: [Known; 53] = [
    ("nonlinearity", LEAKY),
    ("mapping_nonlinearity", LEAKY),
    ("act", LEAKY),
    ("mapping_lrmul", Allowed::Number(0.01)),
    ("use_wscale", Allowed::Is(true)),
    ("normalize_latents", Allowed::Is(true)),
    ("use_styles", Allowed::Is(true)),
    ("const_input_layer", Allowed::Is(true)),
    ("use_noise", Allowed::Any),
    ("label_fmaps", Allowed::Any),
    ("use_pixel_norm", Allowed::Is(false)),
    ("use_instance_norm", Allowed::Is(true)),
    ("blur_filter", Allowed::Filter(&[1.0, 2.0, 1.0])),
    ("resample_kernel", Allowed::Filter(&[1.0, 3.0, 3.0, 1.0])),
    ("architecture", ARCHITECTURES),
    ("fused_scale", Allowed::Any),
    ("latent_size", Allowed::Any),
    ("label_size", Allowed::Any),
    ("dlatent_size", Allowed::Any),
    ("dlatent_broadcast", Allowed::Any),
    ("mapping_layers", Allowed::Any),
    ("mapping_fmaps", Allowed::Any),
    ("num_channels", Allowed::Any),
    ("resolution", Allowed::Any),
    ("fmap_base", Allowed::Any),
    ("fmap_decay", Allowed::Any),
    ("fmap_min", Allowed::Any),
    ("fmap_max", Allowed::Any),
    ("fmap_const", Allowed::Any),
    ("randomize_noise", Allowed::Any),
    ("structure", Allowed::Any),
    ("dtype", Allowed::Any),
    ("fused_modconv", Allowed::Any),
    ("num_fp16_res", Allowed::Any),
    ("conv_clamp", Allowed::Any),
    ("truncation_psi", Allowed::Any),
    ("truncation_cutoff", Allowed::Any),
    ("truncation_psi_val", Allowed::Any),
    ("truncation_cutoff_val", Allowed::Any),
    ("dlatent_avg_beta", Allowed::Any),
    ("style_mixing_prob", Allowed::Any),
    ("w_avg_beta", Allowed::Any),
    ("is_training", Allowed::Any),
    ("is_validation", Allowed::Any),
    ("return_dlatents", Allowed::Any),
    ("is_template_graph", Allowed::Any),
    ("force_clean_graph", Allowed::Any),
    ("components", Allowed::Any),
    ("mapping_func", Allowed::Any),
    ("synthesis_func", Allowed::Any),
    ("func_name", Allowed::Any),
    ("name", Allowed::Any),
    ("mbstd_num_features", Allowed::Any),
];

/// What a network of NVIDIA's for PyTorch is made with, and its synthesis and mapping networks.
const INIT: [Known; 53] = [
    ("activation", LEAKY),
    ("architecture", ARCHITECTURES),
    ("use_noise", Allowed::Any),
    ("resample_filter", Allowed::Any),
    ("z_dim", Allowed::Any),
    ("c_dim", Allowed::Any),
    ("w_dim", Allowed::Any),
    ("num_ws", Allowed::Any),
    ("img_resolution", Allowed::Any),
    ("img_channels", Allowed::Any),
    ("init_res", Allowed::Any),
    ("square", Allowed::Any),
    ("class_name", Allowed::Any),
    ("synthesis_kwargs", Allowed::Any),
    ("mapping_kwargs", Allowed::Any),
    ("epilogue_kwargs", Allowed::Any),
    ("block_kwargs", Allowed::Any),
    ("layer_kwargs", Allowed::Any),
    ("channel_base", Allowed::Any),
    ("channel_max", Allowed::Any),
    ("channel_min", Allowed::Any),
    ("num_fp16_res", Allowed::Any),
    ("use_fp16", Allowed::Any),
    ("fp16_channels_last", Allowed::Any),
    ("channels_last", Allowed::Any),
    ("fused_modconv_default", Allowed::Any),
    ("conv_clamp", Allowed::Any),
    ("kernel_size", Allowed::Any),
    ("num_layers", Allowed::Any),
    ("embed_features", Allowed::Any),
    ("layer_features", Allowed::Any),
    ("lr_multiplier", Allowed::Any),
    ("w_avg_beta", Allowed::Any),
    ("num_critical", Allowed::Any),
    ("first_cutoff", Allowed::Any),
    ("first_stopband", Allowed::Any),
    ("last_stopband_rel", Allowed::Any),
    ("margin_size", Allowed::Any),
    ("output_scale", Allowed::Any),
    ("conv_kernel", Allowed::Any),
    ("filter_size", Allowed::Any),
    ("lrelu_upsampling", Allowed::Any),
    ("use_radial_filters", Allowed::Any),
    ("magnitude_ema_beta", Allowed::Any),
    ("freezeG", Allowed::Any),
    ("freeze_layers", Allowed::Any),
    ("truncation_psi", Allowed::Any),
    ("truncation_cutoff", Allowed::Any),
    ("noise_mode", Allowed::Any),
    ("verbose", Allowed::Any),
    ("rgb", Allowed::Any),
    ("label_dim", Allowed::Any),
    ("cfg", Allowed::Any),
];

/// Refuses a configuration that would make another picture than what is read here.
///
/// # Errors
/// [`ErrorKind::Generator`], naming the setting and its value.
pub(super) fn check(configuration: &Configuration, family: &str) -> Result<()> {
    let refuse = |place: &str, key: &str, value: &Value| {
        let place = if place.is_empty() { String::new() } else { format!(" of `{}`", place.escape_debug()) };
        let (key, value) = (key.escape_debug(), shown(value));
        let message = format!(
            "as {family} it cannot be read: its setting `{key}`{place} is {value}, which makes another picture"
        );
        Err(Error::new(ErrorKind::Generator, message))
    };
    let known = |place: &str, table: &[Known], settings: &BTreeMap<String, Value>| {
        for (key, value) in settings {
            let allowed = table.iter().find(|(name, _)| name == key).map(|&(_, allowed)| allowed);
            if !allowed.map_or_else(|| says_nothing(value), |allowed| allows(allowed, value)) {
                return refuse(place, key, value);
            }
        }
        Ok(())
    };
    let static_of = |network: &BTreeMap<String, Value>| {
        let settings = network.get("static_kwargs").and_then(Value::as_map);
        settings.map_or(Ok(()), |settings| known("static_kwargs", &STATIC, settings))
    };
    static_of(configuration)?;
    let components = configuration.get("components").and_then(Value::as_map);
    components.into_iter().flatten().filter_map(|(_, network)| network.as_map()).try_for_each(static_of)?;

    if let Some(init) = configuration.get("init_kwargs").and_then(Value::as_map) {
        known("init_kwargs", &INIT, init)?;
        for part in ["synthesis_kwargs", "mapping_kwargs"] {
            let settings = init.get(part).and_then(Value::as_map);
            settings.map_or(Ok(()), |settings| known(part, &INIT, settings))?;
        }
    }
    for (path, module) in configuration.get("modules").and_then(Value::as_map).into_iter().flatten() {
        for (key, allowed) in of_module(path) {
            if let Some(value) = module.get(key).filter(|value| !allows(allowed, value)) {
                return refuse(path, key, value);
            }
        }
    }
    Ok(())
}

/// What may be said of a module of NVIDIA's, by its place.
fn of_module(path: &str) -> Vec<Known> {
    let last = path.rsplit('.').next().unwrap_or_default();
    let is = |start: &str| last.strip_prefix(start).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let within = |part: &str| path.split('.').any(|name| name == part);
    if within("mapping") && is("fc") {
        vec![("activation", LEAKY)]
    } else if within("synthesis") && is("conv") {
        let up = if last == "conv0" { 2.0 } else { 1.0 };
        let gain = std::f64::consts::SQRT_2;
        vec![("activation", LEAKY), ("up", Allowed::Number(up)), ("act_gain", Allowed::Number(gain))]
    } else if within("synthesis") && is("b") {
        vec![("architecture", ARCHITECTURES)]
    } else if within("synthesis") || within("mapping") {
        vec![("activation", Allowed::Text(&["linear"]))]
    } else {
        Vec::new()
    }
}

fn allows(allowed: Allowed, value: &Value) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs();
    match (allowed, value) {
        (Allowed::Any, _) | (_, Value::Null) => true,
        (Allowed::Text(texts), Value::String(text)) => texts.contains(&text.as_str()),
        (Allowed::Is(wanted), Value::Bool(value)) => *value == wanted,
        (Allowed::Number(wanted), value) => value.as_float().is_some_and(|value| near(value, wanted)),
        (Allowed::Filter(wanted), Value::List(values)) => {
            let values: Option<Vec<f64>> = values.iter().map(Value::as_float).collect();
            let sum = |numbers: &[f64]| numbers.iter().sum::<f64>();
            values.is_some_and(|values| {
                let (a, b) = (sum(&values), sum(wanted));
                values.len() == wanted.len() && values.iter().zip(wanted).all(|(x, y)| near(x / a, y / b))
            })
        }
        _ => false,
    }
}

/// Whether a setting that nobody knows is off: then it changes nothing.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::List(values) => values.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A value for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(text) => format!("`{}`", text.chars().take(40).flat_map(char::escape_debug).collect::<String>()),
        Value::List(values) => format!("[{}]", values.iter().take(8).map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(_) => "a dictionary".into(),
    }
}
