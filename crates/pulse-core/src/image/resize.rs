//! Separable resizing: one sparse matrix an axis.

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::Arc;

use pulse_engine::{Operator, SeparableMap, SparseMatrix};

use super::Size;
use crate::{Error, ErrorKind, Result};

/// How a resize weighs the pixels along one axis. With `factor = from / to`, output pixel `i` has its centre
/// at `c = (i + 1/2) factor − 1/2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// `y[i] = Σ_k cubic((k − c) / s) x[k] / Σ_k cubic((k − c) / s)` over `|k − c| < 2 s`, `s = max(factor, 1)`,
    /// where
    ///
    /// - `cubic(t) = 1 − 2.5 t² + 1.5 |t|³` for `|t| ≤ 1`,
    /// - `cubic(t) = 2 − 4 |t| + 2.5 t² − 0.5 |t|³` for `1 < |t| < 2` (Keys 1981, a = −1/2).
    ///
    /// Pixels outside are those inside, mirrored at the centre of the outermost pixel (which is not
    /// repeated). For even factors these are PULSE's numbers (Menon et al. 2020).
    #[default]
    Bicubic,
    /// `y[i]` is the mean of `x` over `[i factor, (i + 1) factor)`; a pixel that lies in it partly counts partly.
    Area,
    /// As [`Bicubic`](Self::Bicubic), over `|k − c| < 3 s`, with `lanczos(t) = sinc(t) sinc(t / 3)`,
    /// `sinc(t) = sin(π t) / (π t)` (Duchon 1979).
    Lanczos3,
    /// `y[i] = x[⌊(i + 1/2) factor⌋]`, without any smoothing.
    Nearest,
    /// `y = x`, between equal sizes.
    Identity,
}

impl Kernel {
    /// All kernels.
    pub const ALL: [Self; 5] = [Self::Bicubic, Self::Area, Self::Lanczos3, Self::Nearest, Self::Identity];

    /// Its name in the text of a measurement.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bicubic => "bicubic",
            Self::Area => "area",
            Self::Lanczos3 => "lanczos3",
            Self::Nearest => "nearest",
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
    let factor = from as f64 / to as f64;
    let smooth = |reach: f64, kernel: fn(f64) -> f64| {
        let row = |i: usize| smooth_row(from, factor, (i as f64 + 0.5) * factor - 0.5, reach, kernel);
        SparseMatrix::from_rows(from, (0..to).map(row))
    };
    match kernel {
        Kernel::Bicubic => Ok(smooth(2.0, cubic)),
        Kernel::Lanczos3 => Ok(smooth(3.0, lanczos3)),
        Kernel::Nearest => {
            let row = |i: usize| vec![((2 * i + 1) * from / (2 * to), 1.0)];
            Ok(SparseMatrix::from_rows(from, (0..to).map(row)))
        }
        Kernel::Area => Ok(SparseMatrix::from_rows(from, (0..to).map(|i| area_row(from, to, i)))),
        Kernel::Identity if from == to => Ok(SparseMatrix::identity(from)),
        Kernel::Identity => {
            let message =
                format!("identity cannot lead from {from} pixels to {to}: use bicubic or area between different sizes");
            Err(Error::new(ErrorKind::Setting, message))
        }
    }
}

/// The matrix of a resize along one axis whose result is anywhere in the given: the pixel at `start` covers
/// `[start, start + factor)`, in pixels of the given one, of which there are `from`.
///
/// # Errors
/// [`ErrorKind::Setting`] for [`Kernel::Identity`], which covers nothing else than pixels.
pub(crate) fn window_matrix(kernel: Kernel, from: usize, factor: f64, starts: &[f64]) -> Result<SparseMatrix> {
    let centre = |start: f64| start + factor / 2.0 - 0.5;
    let row = |&start: &f64| match kernel {
        Kernel::Bicubic => smooth_row(from, factor, centre(start), 2.0, cubic),
        Kernel::Lanczos3 => smooth_row(from, factor, centre(start), 3.0, lanczos3),
        Kernel::Nearest | Kernel::Identity => {
            vec![((start + factor / 2.0).clamp(0.0, from as f64 - 0.5) as usize, 1.0)]
        }
        Kernel::Area => {
            let end = start + factor;
            let pixels = start.max(0.0) as usize..(end.ceil() as usize).min(from);
            let covered = pixels.map(|k| (k, end.min(k as f64 + 1.0) - start.max(k as f64)));
            covered.filter(|tap| tap.1 > 0.0).map(|(k, covered)| (k, covered / factor)).collect()
        }
    };
    if kernel == Kernel::Identity {
        return Err(Error::new(ErrorKind::Setting, "identity cannot be placed: use bicubic or area"));
    }
    Ok(SparseMatrix::from_rows(from, starts.iter().map(row)))
}

/// The row of a kernel that is zero from `reach` on.
fn smooth_row(from: usize, factor: f64, centre: f64, reach: f64, kernel: fn(f64) -> f64) -> Vec<(usize, f64)> {
    let scale = factor.max(1.0);
    let first = (centre - reach * scale).floor() as isize;
    let last = (centre + reach * scale).ceil() as isize;
    let taps: Vec<_> = (first..=last)
        .map(|k| (mirror(k, from), kernel((k as f64 - centre) / scale)))
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

fn lanczos3(t: f64) -> f64 {
    let sinc = |t: f64| if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) };
    if t.abs() < 3.0 { sinc(t) * sinc(t / 3.0) } else { 0.0 }
}

/// The pixel inside `0..n` that index `k` shows in two mirrors at the centres of the outermost pixels.
pub(crate) fn mirror(k: isize, n: usize) -> usize {
    // Mostly it is inside, and divisions are slow.
    if (0..n as isize).contains(&k) {
        return k as usize;
    }
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
    from: Size,
    to: Size,
    vertical: Arc<SparseMatrix>,
    horizontal: Arc<SparseMatrix>,
}

impl Resize {
    /// The resize between two sizes of any ratio, up or down.
    ///
    /// # Errors
    /// As [`resize_matrix`].
    pub fn new(kernel: Kernel, from: Size, to: Size) -> Result<Self> {
        let vertical = Arc::new(resize_matrix(kernel, from.height, to.height)?);
        let horizontal = Arc::new(resize_matrix(kernel, from.width, to.width)?);
        Ok(Self { from, to, vertical, horizontal })
    }

    /// The resize of a window of a picture to pictures of the size `to`. The window has its corner at `corner` and one pixel is
    /// `factor` of the picture's, both along x and along y. It may reach out of the picture, as far as the kernel does.
    ///
    /// # Errors
    /// As [`window_matrix`].
    pub(crate) fn of_window(
        kernel: Kernel,
        from: Size,
        to: Size,
        [left, top]: [f64; 2],
        [across, down]: [f64; 2],
    ) -> Result<Self> {
        let axis = |from: usize, to: usize, start: f64, factor: f64| {
            let starts: Vec<f64> = (0..to).map(|pixel| start + pixel as f64 * factor).collect();
            window_matrix(kernel, from, factor, &starts).map(Arc::new)
        };
        let vertical = axis(from.height, to.height, top, down)?;
        let horizontal = axis(from.width, to.width, left, across)?;
        Ok(Self { from, to, vertical, horizontal })
    }

    /// The resize as an operator on maps of any number of channels.
    pub fn operator(&self) -> Operator {
        let map = SeparableMap { vertical: Arc::clone(&self.vertical), horizontal: Arc::clone(&self.horizontal) };
        Operator::SeparableMap(map)
    }

    /// The same for some rows of the result alone, and the rows of the picture that these are made of.
    pub fn rows(&self, rows: Range<usize>) -> (Range<usize>, Self) {
        let taps = || rows.clone().flat_map(|row| self.vertical.row(row)).map(|tap| tap.0);
        let sources = taps().min().unwrap_or(0)..taps().max().map_or(0, |last| last + 1);
        let row = |row: usize| {
            let taps = self.vertical.row(row);
            taps.map(|(source, weight)| (source - sources.start, f64::from(weight))).collect::<Vec<_>>()
        };
        let vertical = Arc::new(SparseMatrix::from_rows(sources.len(), rows.clone().map(row)));
        let (from, to) = (Size::new(self.from.width, sources.len()), Size::new(self.to.width, rows.len()));
        (sources, Self { from, to, vertical, horizontal: Arc::clone(&self.horizontal) })
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
