//! Separable resizing: one sparse matrix an axis.

use std::sync::Arc;

use pulse_engine::{NetworkBuilder, Operator, SeparableMap, Shape, SparseMatrix, Value};

use super::{Measurement, Size};
use crate::{Error, ErrorKind, Result};

/// How a resize weighs the pixels along one axis. With `factor = from / to`, output pixel `i` has its centre
/// at `c = (i + 1/2) factor − 1/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// `y[i] = Σ_k cubic((k − c) / s) x[k] / Σ_k cubic((k − c) / s)` over `|k − c| < 2 s`, `s = max(factor, 1)`,
    /// where
    ///
    /// - `cubic(t) = 1 − 2.5 t² + 1.5 |t|³` for `|t| ≤ 1`,
    /// - `cubic(t) = 2 − 4 |t| + 2.5 t² − 0.5 |t|³` for `1 < |t| < 2` (Keys 1981, a = −1/2).
    ///
    /// Pixels outside are those inside, mirrored at the centre of the outermost pixel (which is not
    /// repeated). For even factors these are PULSE's numbers (Menon et al. 2020).
    Bicubic,
    /// `y[i]` is the mean of `x` over `[i factor, (i + 1) factor)`; a pixel that lies in it partly counts partly.
    Area,
    /// `y = x`, between equal sizes.
    Identity,
}

impl Kernel {
    const fn name(self) -> &'static str {
        match self {
            Self::Bicubic => "bicubic",
            Self::Area => "area",
            Self::Identity => "identity",
        }
    }
}

/// The matrix `[to, from]` of a resize along one axis. Its rows sum to 1.
///
/// # Errors
/// [`ErrorKind::Setting`] when a length is 0, or when the two differ for [`Kernel::Identity`].
pub fn resize_matrix(kernel: Kernel, from: usize, to: usize) -> Result<SparseMatrix> {
    if from == 0 || to == 0 {
        let message = format!("cannot resize {from} pixels to {to}: an axis needs at least one pixel on both sides");
        return Err(Error::new(ErrorKind::Setting, message));
    }
    match kernel {
        Kernel::Bicubic => Ok(SparseMatrix::from_rows(from, (0..to).map(|i| bicubic_row(from, to, i)))),
        Kernel::Area => Ok(SparseMatrix::from_rows(from, (0..to).map(|i| area_row(from, to, i)))),
        Kernel::Identity if from == to => Ok(SparseMatrix::identity(from)),
        Kernel::Identity => {
            let message =
                format!("identity cannot lead from {from} pixels to {to}: use bicubic or area between different sizes");
            Err(Error::new(ErrorKind::Setting, message))
        }
    }
}

fn bicubic_row(from: usize, to: usize, i: usize) -> Vec<(usize, f64)> {
    let factor = from as f64 / to as f64;
    let (centre, scale) = ((i as f64 + 0.5) * factor - 0.5, factor.max(1.0));
    let first = (centre - 2.0 * scale).floor() as isize;
    let last = (centre + 2.0 * scale).ceil() as isize;
    let taps: Vec<_> = (first..=last)
        .map(|k| (mirror(k, from), cubic((k as f64 - centre) / scale)))
        .filter(|tap| tap.1 != 0.0)
        .collect();
    let sum: f64 = taps.iter().map(|tap| tap.1).sum();
    taps.into_iter().map(|(k, weight)| (k, weight / sum)).collect()
}

fn cubic(t: f64) -> f64 {
    let t = t.abs();
    if t <= 1.0 {
        1.0 + t * t * (1.5 * t - 2.5)
    } else if t < 2.0 {
        2.0 + t * (-4.0 + t * (2.5 - 0.5 * t))
    } else {
        0.0
    }
}

/// The pixel inside `0..n` that index `k` shows in two mirrors at the centres of the outermost pixels.
fn mirror(k: isize, n: usize) -> usize {
    let period = 2 * (n as isize - 1);
    if period == 0 {
        return 0;
    }
    let k = k.rem_euclid(period);
    k.min(period - k) as usize
}

fn area_row(from: usize, to: usize, i: usize) -> Vec<(usize, f64)> {
    // In units of 1 / to of a pixel everything is whole: pixel k is [k to, (k + 1) to), box i is [i from, (i + 1) from).
    let (start, end) = (i * from, (i + 1) * from);
    let pixels = start / to..end.div_ceil(to);
    pixels
        .map(|k| {
            let covered = end.min((k + 1) * to) - start.max(k * to);
            (k, covered as f64 / from as f64)
        })
        .collect()
}

/// A resize of both axes, the same for every channel: `y[c] = V x[c] Hᵀ`.
#[derive(Clone, Debug)]
pub struct Resize {
    kernel: Kernel,
    from: Size,
    to: Size,
    vertical: Arc<SparseMatrix>,
    horizontal: Arc<SparseMatrix>,
    channels: usize,
}

impl Resize {
    /// The resize between two sizes of any ratio, up or down.
    ///
    /// # Errors
    /// As [`resize_matrix`].
    pub fn new(kernel: Kernel, from: Size, to: Size) -> Result<Self> {
        let vertical = Arc::new(resize_matrix(kernel, from.height, to.height)?);
        let horizontal = Arc::new(resize_matrix(kernel, from.width, to.width)?);
        Ok(Self { kernel, from, to, vertical, horizontal, channels: 3 })
    }

    /// The same, as a measurement of pictures of so many channels; 3 otherwise.
    #[must_use]
    pub fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }

    /// Resizes planes of pixels without a network: `[channels, height, width]` in and out, sums in `f64`.
    ///
    /// # Panics
    /// When `planes` is not a whole number of planes of the size this was made from.
    pub fn apply(&self, planes: &[f32]) -> Vec<f32> {
        let plane = self.from.width * self.from.height;
        assert!(planes.len().is_multiple_of(plane), "{} numbers are not planes of {}", planes.len(), self.from);
        let mut resized = Vec::with_capacity(planes.len() / plane * self.to.width * self.to.height);
        let mut line = vec![0.0; self.from.width];
        for x in planes.chunks_exact(plane) {
            for row in 0..self.to.height {
                line.fill(0.0);
                for (source, weight) in self.vertical.row(row) {
                    let pixels = &x[source * self.from.width..][..self.from.width];
                    for (sum, &pixel) in line.iter_mut().zip(pixels) {
                        *sum += f64::from(weight) * f64::from(pixel);
                    }
                }
                resized.extend((0..self.to.width).map(|column| {
                    let taps = self.horizontal.row(column);
                    taps.map(|(source, weight)| f64::from(weight) * line[source]).sum::<f64>() as f32
                }));
            }
        }
        resized
    }
}

impl Measurement for Resize {
    fn input_shape(&self) -> Shape {
        Shape::map(self.channels, self.from.height, self.from.width)
    }

    fn output_shape(&self) -> Shape {
        Shape::map(self.channels, self.to.height, self.to.width)
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value> {
        let map = SeparableMap { vertical: Arc::clone(&self.vertical), horizontal: Arc::clone(&self.horizontal) };
        Ok(builder.add(Operator::SeparableMap(map), &[image])?)
    }

    fn describe(&self) -> String {
        format!("{} from {} to {}", self.kernel.name(), self.from, self.to)
    }
}
