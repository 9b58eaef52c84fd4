//! Which registration is removed: the simplest one that explains the small picture.

use pulse_engine::{Engine, InputId, OutputId, Program};

use super::registration::{Alignment, MOST_SCALE, MOST_SHIFT, Registration, Tone};
use crate::Result;
use crate::image::{Image, Size};
use crate::measurement::{IMAGE, MEASURED, Measurement, MeasurementKind};

/// The mean squared error of rounding to 8 bits, below which no difference means anything: `1 / 12` of a squared level.
const ROUNDING: f64 = 1.0 / (12.0 * 255.0 * 255.0);

/// The steps of the search for an alignment, in pixels of the small picture: halved from the first until it is below the last.
const STEPS: [f64; 2] = [0.4, 0.004];

/// The same once it is known nearly.
const LAST_STEPS: [f64; 2] = [0.03, 0.002];

/// The shifts from which the search begins with the best.
const STARTS: [f64; 3] = [-0.7, 0.0, 0.7];

/// The numbers that tell one registration from another: shift and scale; gain and offset of a channel.
const ALIGNMENT_NUMBERS: usize = 3;
const TONE_NUMBERS: usize = 2;

/// Gains and offsets beyond these are another picture, and no copy of it.
const GAINS: [f64; 2] = [0.7, 1.4];
const MOST_OFFSET: f64 = 0.15;

/// The share of the pixels by which a registration is judged: those that agree best.
const TRUSTED: f64 = 0.6;

/// How often these are chosen again after the colours were fitted to them.
const TRIMS: usize = 3;

/// What is left of the error by a registration that is worth removing: 1 dB less, or it is the noise that is explained.
const WORTH: f64 = 0.8;

/// A picture whose sides have fewer pixels is compared with its border while it is registered.
const LEAST_WITH_BORDER: usize = 6;

/// A registration, and how well it explains the small picture.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    registration: Registration,
    error: f64,
    /// The Bayesian information criterion (Schwarz 1978) for each number that is compared: less is a better explanation.
    pub(super) score: f64,
}

/// Shrinks a claim after any registration, and compares it with the small picture.
pub(super) struct Fitter<'a> {
    claim: &'a Image,
    small: Image,
    kind: MeasurementKind,
    measurement: Box<dyn Measurement>,
    program: Box<dyn Program>,
    image: InputId,
    measured: OutputId,
    /// The pixels that count while a registration is looked for: the same for all of them.
    inner: Vec<bool>,
}

impl<'a> Fitter<'a> {
    pub(super) fn new(claim: &'a Image, small: &Image, kind: &MeasurementKind, engine: &dyn Engine) -> Result<Self> {
        let measurement = kind.resolve(claim.channels(), claim.size(), small.size())?;
        let small = measurement.adopt(small.clone())?;
        let network = measurement.network()?;
        let program = engine.compile(&network, 1)?;
        let (image, measured) = (network.input(IMAGE)?, network.output(MEASURED)?);
        let inner = inner(small.size());
        Ok(Self { claim, small, kind: kind.clone(), measurement, program, image, measured, inner })
    }

    pub(super) fn small(&self) -> &Image {
        &self.small
    }

    pub(super) fn kind(&self) -> &MeasurementKind {
        &self.kind
    }

    /// What the claim shrinks to after this alignment.
    pub(super) fn measured(&mut self, alignment: Alignment) -> Result<Image> {
        let aligned = alignment.applied(self.claim, self.small.size())?;
        self.program.input_mut(self.image).copy_from_slice(aligned.values());
        self.program.forward(1, &[self.measured]);
        let values = self.program.output(self.measured).to_vec();
        Image::clamped(self.small.channels(), self.small.height(), self.small.width(), values)
    }

    /// Which numbers of the small picture say anything about the claim, after an alignment: those that no mask hides and that lie
    /// within the claim.
    pub(super) fn known(&self, alignment: Option<Alignment>) -> Vec<bool> {
        let size = self.small.size();
        let covered = alignment.unwrap_or_default().covered(size);
        let channels = self.small.channels();
        let white = Image::new(channels, size.height, size.width, vec![1.0; channels * covered.len()]);
        let seen = white.and_then(|white| self.measurement.adopt(white));
        let seen = seen.map_or_else(|_| vec![1.0; channels * covered.len()], Image::into_values);
        seen.iter().zip(covered.iter().cycle()).map(|(&seen, &covered)| seen > 0.0 && covered).collect()
    }

    /// The alignment that agrees best, whatever the colours.
    pub(super) fn aligned(&mut self) -> Result<Alignment> {
        let mut best = self.fit(Alignment::default(), true)?;
        for right in STARTS {
            for down in STARTS {
                let fit = self.fit(Alignment { shift: [right, down], scale: 1.0 }, true)?;
                best = if fit.error < best.error { fit } else { best };
            }
        }
        Ok(self.descended(best, STEPS)?.registration.alignment)
    }

    /// Of no registration, colours alone, an alignment alone, and both: the one with the least score.
    pub(super) fn simplest(&mut self, alignment: Alignment) -> Result<Fit> {
        let mut best = self.fit(Alignment::default(), false)?;
        let worth = WORTH * (best.error + ROUNDING);
        for (alignment, toned) in [(Alignment::default(), true), (alignment, false), (alignment, true)] {
            let fit = self.fit(alignment, toned)?;
            best = if fit.score < best.score && fit.error + ROUNDING < worth { fit } else { best };
        }
        Ok(best)
    }

    /// The same registration with its alignment fitted to this measurement and to all of the claim's pixels.
    pub(super) fn refined(&mut self, fit: Fit) -> Result<Registration> {
        if fit.registration.alignment == Alignment::default() {
            return Ok(fit.registration);
        }
        Ok(self.descended(fit, LAST_STEPS)?.registration)
    }

    /// Goes along shift and scale as long as the error falls, in steps that are halved (coordinate search; Hooke, Jeeves 1961).
    fn descended(&mut self, from: Fit, [first, last]: [f64; 2]) -> Result<Fit> {
        let toned = !from.registration.tones.is_empty();
        let (mut best, mut step) = (from, first);
        while step >= last {
            let before = best.error;
            for axis in 0..3 {
                for step in [step, -step] {
                    let Some(alignment) = self.moved(best.registration.alignment, axis, step) else { continue };
                    let fit = self.fit(alignment, toned)?;
                    best = if fit.error < best.error { fit } else { best };
                }
            }
            if best.error >= before {
                step /= 2.0;
            }
        }
        Ok(best)
    }

    /// The alignment a step away; a step of the scale moves the border as far as one of the shift.
    fn moved(&self, from: Alignment, axis: usize, step: f64) -> Option<Alignment> {
        let mut to = from;
        match axis {
            2 => to.scale += 2.0 * step / self.small.width().max(self.small.height()) as f64,
            _ => to.shift[axis] += step,
        }
        let within = to.shift.iter().all(|shift| shift.abs() <= MOST_SHIFT);
        (within && (to.scale - 1.0).abs() <= MOST_SCALE).then_some(to)
    }

    /// The colours that explain an alignment best, and how well the two then do: by the pixels that agree best, so that a place that
    /// was changed is not taken for another shift or other colours (least trimmed squares; Rousseeuw 1984).
    fn fit(&mut self, alignment: Alignment, toned: bool) -> Result<Fit> {
        let measured = self.measured(alignment)?;
        let mut pixels: Vec<usize> = (0..self.inner.len()).filter(|&pixel| self.inner[pixel]).collect();
        let trusted = (TRUSTED * pixels.len() as f64).ceil() as usize;
        let mut tones = self.tones(&measured, &pixels, toned);
        for _ in 0..if toned { TRIMS } else { 1 } {
            pixels = (0..self.inner.len()).filter(|&pixel| self.inner[pixel]).collect();
            pixels.sort_by(|&a, &b| self.error(&measured, &tones, a).total_cmp(&self.error(&measured, &tones, b)));
            pixels.truncate(trusted);
            tones = self.tones(&measured, &pixels, toned);
        }
        let count = (self.small.channels() * pixels.len()) as f64;
        let error = pixels.iter().map(|&pixel| self.error(&measured, &tones, pixel)).sum::<f64>() / count;
        let numbers =
            if alignment == Alignment::default() { 0 } else { ALIGNMENT_NUMBERS } + TONE_NUMBERS * tones.len();
        let score = (error + ROUNDING).ln() + numbers as f64 * count.ln() / count;
        Ok(Fit { registration: Registration { alignment, tones }, error, score })
    }

    /// The tones of these pixels, one a channel; none where they are not asked for.
    fn tones(&self, measured: &Image, pixels: &[usize], toned: bool) -> Vec<Tone> {
        let channels = if toned { self.small.channels() } else { 0 };
        let values = |image: &Image, at: usize| f64::from(image.values()[at]);
        let of_channel = |channel: usize| {
            let at = |pixel: &usize| channel * self.inner.len() + pixel;
            let pairs: Vec<_> =
                pixels.iter().map(|pixel| (values(measured, at(pixel)), values(&self.small, at(pixel)))).collect();
            tone(&pairs)
        };
        (0..channels).map(of_channel).collect()
    }

    /// The squared error of a pixel, summed over channels.
    fn error(&self, measured: &Image, tones: &[Tone], pixel: usize) -> f64 {
        let of_channel = |channel: usize| {
            let at = channel * self.inner.len() + pixel;
            let Tone { gain, offset } = tones.get(channel).copied().unwrap_or(Tone { gain: 1.0, offset: 0.0 });
            (gain * f64::from(measured.values()[at]) + offset - f64::from(self.small.values()[at])).powi(2)
        };
        (0..self.small.channels()).map(of_channel).sum()
    }
}

/// All pixels but those of the border, which may lie outside of a claim that is shifted.
fn inner(size: Size) -> Vec<bool> {
    let Size { width, height } = size;
    let border = usize::from(width.min(height) >= LEAST_WITH_BORDER);
    let within = |at: usize, length: usize| at >= border && at + border < length;
    (0..width * height).map(|pixel| within(pixel % width, width) && within(pixel / width, height)).collect()
}

/// The gain and offset with the least squared error, within what a copy may have.
fn tone(pairs: &[(f64, f64)]) -> Tone {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let variance = pairs.iter().map(|(x, _)| (x - x_mean).powi(2)).sum::<f64>();
    let covariance = pairs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>();
    let gain = if variance > count * ROUNDING { (covariance / variance).clamp(GAINS[0], GAINS[1]) } else { 1.0 };
    Tone { gain, offset: (y_mean - gain * x_mean).clamp(-MOST_OFFSET, MOST_OFFSET) }
}
