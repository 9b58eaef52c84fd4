//! The features of a time.

use pulse_engine::{Dense, NetworkBuilder, Operator, Value, Weights};

use super::settings::Source;
use crate::Result;
use crate::denoiser::time::Sinusoids;

/// `φ(t)`, and what the result is divided by.
#[derive(Clone, Debug)]
pub(super) struct TimeFeatures {
    kind: Kind,
    /// How many channels the result has, where it is divided by the time.
    divided: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `sin(f t)` and `cos(f t)` for frequencies `f` (Vaswani et al. 2017, section 3.5), and a zero where the width is odd.
    Positional { sinusoids: Sinusoids, odd: bool },
    /// `sin(2π f log t)` and `cos(2π f log t)` for random frequencies `f` (Song et al. 2021).
    Fourier { frequencies: Weights },
    /// A row of numbers for each whole time; between two of them in proportion.
    Learned { rows: Weights, width: usize },
}

impl TimeFeatures {
    pub(super) fn read(source: &Source<'_>) -> Result<Self> {
        let (settings, width) = (&source.settings, source.model.widths[0]);
        let kind = match settings.text("time_embedding_type", "positional")? {
            "positional" => {
                let shift = settings.number("freq_shift", 0.0, -1e6..=1e6)?;
                let sines_first = !settings.flag("flip_sin_to_cos", true)?;
                let sinusoids = Sinusoids { frequencies: frequencies(width / 2, shift), sines_first };
                Kind::Positional { sinusoids, odd: width % 2 == 1 }
            }
            "fourier" => {
                // It was called W once.
                let name = if source.tensors.has("time_proj.weight") { "time_proj.weight" } else { "time_proj.W" };
                Kind::Fourier { frequencies: source.tensors.numbers(name, &[width])? }
            }
            "learned" => {
                let [times, width] = source.tensors.shape("time_proj.weight")?;
                Kind::Learned { rows: source.tensors.numbers("time_proj.weight", &[times, width])?, width }
            }
            other => {
                let reason = format!("is {other:?}: positional, fourier and learned can be read");
                return Err(settings.unfit("time_embedding_type", &reason));
            }
        };
        let divided = if matches!(kind, Kind::Fourier { .. }) { source.model.outputs } else { 0 };
        Ok(Self { kind, divided })
    }

    /// How many numbers `φ` are.
    fn width(&self) -> usize {
        match &self.kind {
            Kind::Positional { sinusoids, odd } => 2 * sinusoids.frequencies.len() + usize::from(*odd),
            Kind::Fourier { frequencies } => 2 * frequencies.len(),
            Kind::Learned { width, .. } => *width,
        }
    }

    /// How many numbers are given to the network: `φ`, then `1 / t` for each channel of a result that is divided by the time.
    pub(super) fn length(&self) -> usize {
        self.width() + self.divided
    }

    /// Fills in the features of `t`. Arguments of sines are rounded to single precision, as they were in training.
    pub(super) fn fill(&self, t: f64, features: &mut [f32]) {
        let (projected, inverse) = features.split_at_mut(self.width());
        inverse.fill((1.0 / t) as f32);
        match &self.kind {
            Kind::Positional { sinusoids, .. } => sinusoids.fill(t, projected),
            Kind::Fourier { frequencies } => {
                let half = frequencies.len();
                let logarithm = f64::from(t as f32).ln() as f32;
                for (at, frequency) in frequencies.iter().enumerate() {
                    let argument = logarithm * frequency * 2.0 * std::f32::consts::PI;
                    let (sine, cosine) = f64::from(argument).sin_cos();
                    (projected[at], projected[half + at]) = (sine as f32, cosine as f32);
                }
            }
            Kind::Learned { rows, width } => {
                let last = rows.len() / width - 1;
                let t = t.clamp(0.0, last as f64);
                let (before, part) = (t.floor() as usize, t.fract() as f32);
                let row = |index: usize| &rows[index.min(last) * width..][..*width];
                for ((number, &a), &b) in projected.iter_mut().zip(row(before)).zip(row(before + 1)) {
                    *number = a + part * (b - a);
                }
            }
        }
    }

    /// `φ` of the features.
    pub(super) fn projected(&self, builder: &mut NetworkBuilder, features: Value) -> Result<Value> {
        if self.divided == 0 {
            return Ok(features);
        }
        Ok(builder.add(Operator::Slice { start: 0, length: self.width() }, &[features])?)
    }

    /// The network's result, divided by the time where it was so in training.
    pub(super) fn divided(&self, builder: &mut NetworkBuilder, result: Value, features: Value) -> Result<Value> {
        if self.divided == 0 {
            return Ok(result);
        }
        let inverse = builder.add(Operator::Slice { start: self.width(), length: self.divided }, &[features])?;
        Ok(builder.add(Operator::Modulate, &[result, inverse])?)
    }
}

/// `exp(−log(10000) i / (half − shift))`.
fn frequencies(half: usize, shift: f64) -> Vec<f32> {
    let last = half as f32 - shift as f32;
    (0..half).map(|i| (f64::from(-(10000.0f64.ln() as f32) * i as f32 / last).exp()) as f32).collect()
}

/// `W₂ silu(W₁ φ(k) + b₁) + b₂` for the numbers of all classes, as a matrix with a column for each.
pub(super) fn embed_numbers(
    source: &Source<'_>,
    features: &TimeFeatures,
    layers: &[Dense; 2],
    classes: usize,
) -> Result<Dense> {
    let fault = |reason: &str| source.tensors.unfit("class_embedding", reason);
    let [first, second] = layers;
    if first.in_features != features.width() || second.in_features != first.out_features {
        return Err(fault("does not take the features of a number"));
    }
    let (width, most) = (second.out_features, 1 << 26);
    if width.saturating_mul(classes) > most {
        return Err(fault(&format!("is of {classes} classes, more than fit into memory: lower num_class_embeds")));
    }
    let mut weight = vec![0.0; width * classes];
    let mut numbers = vec![0.0; features.length()];
    for class in 0..classes {
        features.fill(class as f64, &mut numbers);
        let hidden: Vec<f32> = applied(first, &numbers).map(|x| (x / (1.0 + (-x).exp())) as f32).collect();
        for (row, number) in applied(second, &hidden).enumerate() {
            weight[row * classes + class] = number as f32;
        }
    }
    if weight.iter().any(|number| !number.is_finite()) {
        return Err(fault("gives a number that is not finite"));
    }
    Ok(Dense { weight: weight.into(), bias: None, out_features: width, in_features: classes })
}

/// `W x + b`, in f64.
fn applied<'a>(dense: &'a Dense, x: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
    (0..dense.out_features).map(move |row| {
        let weights = &dense.weight[row * dense.in_features..][..dense.in_features];
        let product: f64 = weights.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
        product + dense.bias.as_ref().map_or(0.0, |bias| f64::from(bias[row]))
    })
}
