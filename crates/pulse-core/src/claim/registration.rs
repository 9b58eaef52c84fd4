//! What a copy of a picture goes through before it is shown: shifted, of another scale, of other colours.

use std::fmt;

use crate::Result;
use crate::image::{Image, Kernel, Resize, Size};

/// The largest shift that is removed, in pixels of the small picture. More is another part of the picture.
pub const MOST_SHIFT: f64 = 1.0;

/// The largest change of scale that is removed.
pub const MOST_SCALE: f64 = 0.05;

/// How far a pixel may reach out of the claim, in pixels of the small picture, and still be compared.
const OUTSIDE: f64 = 0.05;

/// Shifts and changes of scale and of colours below these are not worth a word: they are no larger than what is estimated where
/// there is none.
const SAID_SHIFT: f64 = 0.02;
const SAID_SCALE: f64 = 0.002;
const SAID_TONE: f64 = 0.005;

/// How the claim lies on the small picture. With a small picture `w` pixels wide, its pixel `i` covers `[a + s i, a + s (i + 1)]` of
/// the claim, measured in pixels of which the claim has `w`, where `a = w (1 − s) / 2 + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// How far what the claim shows lies to the right of where it should, and below that, in pixels of the small picture.
    pub shift: [f64; 2],
    /// `s`: how many times larger the claim shows it.
    pub scale: f64,
}

impl Default for Alignment {
    /// In place.
    fn default() -> Self {
        Self { shift: [0.0; 2], scale: 1.0 }
    }
}

impl Alignment {
    /// `a`, along an axis on which the small picture has this many pixels.
    fn start(&self, axis: usize, pixels: usize) -> f64 {
        pixels as f64 * (1.0 - self.scale) / 2.0 + self.shift[axis]
    }

    /// The claim where the small picture shows it, at the claim's own size. At its borders it is mirrored.
    pub(super) fn applied(&self, claim: &Image, small: Size) -> Result<Image> {
        if *self == Self::default() {
            return Ok(claim.clone());
        }
        let size = claim.size();
        let corner = [(0, size.width, small.width), (1, size.height, small.height)]
            .map(|(axis, claim, small)| self.start(axis, small) * claim as f64 / small as f64);
        let resize = Resize::of_window(Kernel::Bicubic, size, size, corner, [self.scale; 2])?;
        Image::clamped(claim.channels(), size.height, size.width, resize.apply(claim.values()))
    }

    /// Which pixels of the small picture lie within the claim, row by row.
    pub(super) fn covered(&self, small: Size) -> Vec<bool> {
        let axis = |axis: usize, pixels: usize| -> Vec<bool> {
            let first = self.start(axis, pixels);
            let within = |pixel: usize| {
                let start = first + self.scale * pixel as f64;
                start >= -OUTSIDE && start + self.scale <= pixels as f64 + OUTSIDE
            };
            (0..pixels).map(within).collect()
        };
        let columns = axis(0, small.width);
        axis(1, small.height).iter().flat_map(|&row| columns.iter().map(move |&column| row && column)).collect()
    }
}

/// The colours of the claim in one channel: `y = gain x + offset` brings its value `x` to the small picture's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// How many times stronger the small picture's contrast is.
    pub gain: f64,
    /// What is added.
    pub offset: f64,
}

impl Tone {
    /// How much brighter the claim is, as a share, where the small picture is half bright.
    pub fn brightness(self) -> f64 {
        (0.5 - self.offset) / self.gain / 0.5 - 1.0
    }

    /// How much stronger its contrast is, as a share.
    pub fn contrast(self) -> f64 {
        1.0 / self.gain - 1.0
    }

    fn of(self, value: f32) -> f32 {
        (self.gain * f64::from(value) + self.offset) as f32
    }
}

/// What is removed from a claim before it is compared. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registration {
    /// Where it lies.
    pub alignment: Alignment,
    /// Its colours, one a channel in which it is compared; empty where they are the small picture's.
    pub tones: Vec<Tone>,
}

impl Registration {
    /// A picture in the colours of the small one. One of other channels than were compared takes the mean of their tones.
    pub(super) fn toned(&self, picture: &Image) -> Result<Image> {
        let [channels, height, width] = [picture.channels(), picture.height(), picture.width()];
        let Some(tones) = self.tones_of(channels) else { return Ok(picture.clone()) };
        let planes = picture.values().chunks_exact(height * width).zip(tones);
        let values = planes.flat_map(|(plane, tone)| plane.iter().map(move |&value| tone.of(value))).collect();
        Image::clamped(channels, height, width, values)
    }

    /// The claim where the small picture shows it, in its colours.
    pub(super) fn applied(&self, claim: &Image, small: Size) -> Result<Image> {
        self.toned(&self.alignment.applied(claim, small)?)
    }

    fn tones_of(&self, channels: usize) -> Option<Vec<Tone>> {
        if self.tones.is_empty() || self.tones.len() == channels {
            return Some(self.tones.clone()).filter(|tones| !tones.is_empty());
        }
        let mean = |of: fn(&Tone) -> f64| self.tones.iter().map(of).sum::<f64>() / self.tones.len() as f64;
        Some(vec![Tone { gain: mean(|tone| tone.gain), offset: mean(|tone| tone.offset) }; channels])
    }

    /// What of it is worth a word: `shifted by 0.30 pixels to the right`, `2.0 % larger`, `4.0 % darker`.
    pub fn words(&self) -> Vec<String> {
        let Alignment { shift, scale } = self.alignment;
        let directions = [("to the right", "to the left"), ("down", "up")];
        let parts: Vec<_> = shift
            .iter()
            .zip(directions)
            .filter(|(shift, _)| shift.abs() >= SAID_SHIFT)
            .map(|(&shift, way)| format!("{:.2} pixels {}", shift.abs(), if shift > 0.0 { way.0 } else { way.1 }))
            .collect();
        let mut words = Vec::new();
        if !parts.is_empty() {
            words.push(format!("shifted by {}", parts.join(" and ")));
        }
        words.extend(changed("", scale - 1.0, SAID_SCALE, ["larger", "smaller"]));
        words.extend(self.colours());
        words
    }

    fn colours(&self) -> Vec<String> {
        let mean =
            |of: fn(Tone) -> f64| self.tones.iter().map(|&tone| of(tone)).sum::<f64>() / self.tones.len().max(1) as f64;
        let (brightness, contrast) = (mean(Tone::brightness), mean(Tone::contrast));
        let mut words = Vec::new();
        let tinted = self.tones.iter().any(|tone| (tone.brightness() - brightness).abs() > 2.0 * SAID_TONE);
        if tinted {
            let named = ["red ", "green ", "blue "].into_iter().zip(&self.tones);
            words.extend(
                named.filter_map(|(name, tone)| changed(name, tone.brightness(), SAID_TONE, ["brighter", "darker"])),
            );
        } else {
            words.extend(changed("", brightness, SAID_TONE, ["brighter", "darker"]));
        }
        // What is darker by a factor has less contrast by the same.
        if (contrast - brightness).abs() > 2.0 * SAID_TONE {
            words.extend(changed("contrast ", contrast, SAID_TONE, ["stronger", "weaker"]));
        }
        words
    }
}

fn changed(what: &str, share: f64, said: f64, [more, less]: [&str; 2]) -> Option<String> {
    let way = if share > 0.0 { more } else { less };
    (share.abs() >= said).then(|| format!("{what}{:.1} % {way}", 100.0 * share.abs()))
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(", "))
    }
}
