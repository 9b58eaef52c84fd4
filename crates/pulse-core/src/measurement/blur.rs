//! Light that is spread: separable where it can be, else a filter with every tap.

use std::f64::consts::TAU;
use std::sync::Arc;

use pulse_engine::{Fir, FirTaps, Operator, SeparableMap, SparseMatrix};

use super::psf::Psf;
use super::{Blur, InFile, Size};
use crate::image::mirror;
use crate::{Error, ErrorKind, Result};

/// Where a Gaussian is cut off, in units of σ: the tails beyond hold 6e-5 of it.
const CUT_OFF: f64 = 4.0;

impl Blur {
    /// The operators that blur pictures of this size.
    pub(super) fn operators(&self, size: Size) -> Result<Vec<Operator>> {
        match self {
            Self::Gaussian(sigma) => {
                if sigma.get() > size.width.max(size.height) as f64 {
                    return Err(too_large(&format!("a Gaussian of sigma {}", sigma.get()), size));
                }
                let axis = |length| Arc::new(blur_matrix(&gaussian(sigma.get()), length));
                let map = SeparableMap { vertical: axis(size.height), horizontal: axis(size.width) };
                Ok(vec![Operator::SeparableMap(map)])
            }
            Self::Motion { length, angle } => {
                check_reach(&format!("a motion of {} pixels", length.get()), length.get() / 2.0, size)?;
                spread(&Psf::motion(length.get(), *angle), "the motion", size)
            }
            Self::Disk(radius) => {
                check_reach(&format!("a disk of radius {}", radius.get()), radius.get(), size)?;
                spread(&Psf::disk(radius.get()), "the disk", size)
            }
            Self::Psf(file) => spread_file(file, size),
        }
    }
}

fn spread_file(file: &InFile<Psf>, size: Size) -> Result<Vec<Operator>> {
    spread(file.content()?, &format!("the point-spread function in {}", file.path().display()), size)
}

/// The picture, extended by its mirror image as far as the taps reach, and the filter over it.
fn spread(psf: &Psf, name: &str, size: Size) -> Result<Vec<Operator>> {
    let reach = psf.size();
    if reach.width > size.width || reach.height > size.height {
        return Err(too_large(&format!("{name} of {reach} pixels"), size));
    }
    // A convolution reads against the direction of its taps; its centre, seen from the end, is where it starts.
    let before = |length: usize| length - 1 - length / 2;
    let extended = |length: usize, taps: usize| {
        let pixels = (0..length + taps - 1).map(|i| i as isize - before(taps) as isize);
        Arc::new(SparseMatrix::from_rows(length, pixels.map(|pixel| vec![(mirror(pixel, length), 1.0)])))
    };
    let extend =
        SeparableMap { vertical: extended(size.height, reach.height), horizontal: extended(size.width, reach.width) };
    let taps: Vec<f32> = psf.values().iter().rev().map(|&tap| tap as f32).collect();
    let filter = Fir {
        taps: FirTaps::Full { height: reach.height, width: reach.width, taps: taps.into() },
        up: 1,
        down: 1,
        padding_y: [0, 0],
        padding_x: [0, 0],
    };
    Ok(vec![Operator::SeparableMap(extend), Operator::Fir(filter)])
}

/// The taps from −n to n of `exp(−k² / 2 σ²)`, in sum 1.
fn gaussian(sigma: f64) -> Vec<f64> {
    let reach = (CUT_OFF * sigma).ceil() as isize;
    let taps = (-reach..=reach).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp());
    let taps: Vec<f64> = taps.collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

/// The blur of one axis, mirrored at its ends.
fn blur_matrix(taps: &[f64], length: usize) -> SparseMatrix {
    let reach = (taps.len() / 2) as isize;
    let row = |pixel: usize| {
        let sources = (-reach..=reach).map(|k| mirror(pixel as isize + k, length));
        sources.zip(taps.iter().copied()).collect()
    };
    SparseMatrix::from_rows(length, (0..length).map(row))
}

/// Refuses what would reach over more than the picture before its taps take memory.
fn check_reach(what: &str, radius: f64, size: Size) -> Result<()> {
    if 2.0 * radius <= size.width.max(size.height) as f64 {
        return Ok(());
    }
    Err(too_large(what, size))
}

fn too_large(what: &str, size: Size) -> Error {
    let message = format!("{what} is larger than the picture of {size} that it blurs: make it smaller");
    Error::new(ErrorKind::Setting, message)
}

/// `h` of a straight motion and of a disk.
impl Psf {
    /// The share of the path that lies in each pixel: it is cut wherever it crosses from one pixel into the next.
    fn motion(length: f64, degrees: f64) -> Self {
        let angle = degrees / 360.0 * TAU;
        // Rows count downwards.
        let (across, down) = (angle.cos(), -angle.sin());
        let reach = |step: f64| (step.abs() * length / 2.0).round() as usize;
        let (columns, rows) = (reach(across), reach(down));
        let mut cuts = vec![-length / 2.0, length / 2.0];
        for (step, reach) in [(across, columns), (down, rows)] {
            let borders = (0..reach).flat_map(|k| [k as f64 + 0.5, -(k as f64) - 0.5]);
            cuts.extend(borders.map(|border| border / step).filter(|cut| cut.abs() < length / 2.0));
        }
        cuts.sort_by(f64::total_cmp);
        let (height, width) = (2 * rows + 1, 2 * columns + 1);
        let mut values = vec![0.0; height * width];
        for pair in cuts.windows(2) {
            let middle = f64::midpoint(pair[0], pair[1]);
            let pixel = |step: f64, reach: usize| ((step * middle).round() + reach as f64) as usize;
            values[pixel(down, rows) * width + pixel(across, columns)] += pair[1] - pair[0];
        }
        Self::normalized(Size::new(width, height), values).expect("a path has a length")
    }

    /// The area of each pixel that the disk covers, in strips.
    fn disk(radius: f64) -> Self {
        const STRIPS: usize = 64;
        let reach = (radius + 0.5).ceil() as usize - 1;
        let side = 2 * reach + 1;
        let mut values = vec![0.0; side * side];
        for row in 0..side {
            for strip in 0..STRIPS {
                let y = row as f64 - reach as f64 - 0.5 + (strip as f64 + 0.5) / STRIPS as f64;
                let half = (radius * radius - y * y).max(0.0).sqrt();
                for column in 0..side {
                    let left = column as f64 - reach as f64 - 0.5;
                    values[row * side + column] += ((left + 1.0).min(half) - left.max(-half)).max(0.0);
                }
            }
        }
        Self::normalized(Size::new(side, side), values).expect("a disk has an area")
    }
}
