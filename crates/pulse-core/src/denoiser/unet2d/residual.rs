//! The residual layer.

use pulse_engine::{Convolution, Dense, Fir, FirTaps, NetworkBuilder, Operator, Value, Weights};

use super::settings::{Activation, Source};
use crate::Result;
use crate::denoiser::blocks::{Norm, add_scaled, average_pixels, convolve, dense, repeat_pixels};

/// `y = (shortcut(x) + conv₂(act(norm₂(conv₁(act(norm₁(x))) + W e)))) / scale`; or, with scales and shifts,
/// `norm₂(…) (1 + s) + b` with `[s, b] = W e`. Both branches may be resized before the first convolution.
#[derive(Clone, Debug)]
pub(super) struct Residual {
    norms: [Norm; 2],
    convolutions: [Convolution; 2],
    activation: Activation,
    /// Of the activated embedding.
    time: Dense,
    scale_shift: bool,
    resize: Option<Resize>,
    shortcut: Option<Convolution>,
    factor: f64,
}

/// How a layer resizes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resize {
    /// Every pixel twice along both axes.
    Repeat,
    /// The mean of four pixels.
    Average,
    /// To twice the size by the filter [1, 3, 3, 1].
    FilterUp,
    /// To half the size by the same filter.
    FilterDown,
}

impl Resize {
    pub(super) fn append(self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        match self {
            Self::Repeat => repeat_pixels(builder, x),
            Self::Average => average_pixels(builder, x),
            Self::FilterUp => filter(builder, x, [2, 1], [0.25, 0.75], [2, 1]),
            Self::FilterDown => filter(builder, x, [1, 2], [0.125, 0.375], [1, 1]),
        }
    }
}

/// A symmetric filter of four taps, `[outer, inner, inner, outer]` along both axes.
fn filter(
    builder: &mut NetworkBuilder,
    x: Value,
    [up, down]: [usize; 2],
    [outer, inner]: [f32; 2],
    padding: [isize; 2],
) -> Result<Value> {
    let taps: Weights = vec![outer, inner, inner, outer].into();
    let taps = FirTaps::Separable { vertical: taps.clone(), horizontal: taps };
    let fir = Fir { taps, up, down, padding_y: padding, padding_x: padding };
    Ok(builder.add(Operator::Fir(fir), &[x])?)
}

/// What differs from one residual layer to another.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The groups of both norms.
    pub(super) groups: [usize; 2],
    pub(super) resize: Option<Resize>,
    /// What the sum is divided by.
    pub(super) scale: f64,
}

impl Residual {
    pub(super) fn read(source: &Source<'_>, name: &str, kind: Kind) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let model = source.model;
        let shortcut = part("conv_shortcut");
        let mut time = source.dense(&part("time_emb_proj"))?;
        if model.scale_shift {
            time = one_more(time);
        }
        Ok(Self {
            norms: [source.norm(&part("norm1"), kind.groups[0])?, source.norm(&part("norm2"), kind.groups[1])?],
            convolutions: [source.tensors.convolution(&part("conv1"))?, source.tensors.convolution(&part("conv2"))?],
            activation: model.activation,
            time,
            scale_shift: model.scale_shift,
            resize: kind.resize,
            shortcut: source
                .tensors
                .has(&format!("{shortcut}.weight"))
                .then(|| source.tensors.convolution(&shortcut))
                .transpose()?,
            factor: 1.0 / kind.scale,
        })
    }

    /// Adds its operators. `embedding` is that of the time, activated.
    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value, embedding: Value) -> Result<Value> {
        let normed = self.norms[0].append(builder, x)?;
        let (mut hidden, mut kept) = (self.activation.append(builder, normed)?, x);
        if let Some(resize) = self.resize {
            hidden = resize.append(builder, hidden)?;
            kept = resize.append(builder, kept)?;
        }
        let hidden = convolve(builder, &self.convolutions[0], hidden)?;
        let time = dense(builder, &self.time, embedding)?;
        let hidden = if self.scale_shift {
            let channels = self.time.out_features / 2;
            let scales = builder.add(Operator::Slice { start: 0, length: channels }, &[time])?;
            let shifts = builder.add(Operator::Slice { start: channels, length: channels }, &[time])?;
            let normed = self.norms[1].append(builder, hidden)?;
            builder.add(Operator::Modulate, &[normed, scales, shifts])?
        } else {
            let told = builder.add(Operator::Add, &[hidden, time])?;
            self.norms[1].append(builder, told)?
        };
        let hidden = self.activation.append(builder, hidden)?;
        let hidden = convolve(builder, &self.convolutions[1], hidden)?;
        if let Some(shortcut) = &self.shortcut {
            kept = convolve(builder, shortcut, kept)?;
        }
        add_scaled(builder, kept, hidden, self.factor)
    }
}

/// The layer whose first half of results, the scales, are one more.
fn one_more(dense: Dense) -> Dense {
    let half = dense.out_features / 2;
    let numbers = (0..dense.out_features).map(|at| {
        let bias = dense.bias.as_ref().map_or(0.0, |bias| bias[at]);
        if at < half { bias + 1.0 } else { bias }
    });
    Dense { bias: Some(numbers.collect()), ..dense }
}
