//! How likely the cells of a frame are in one kind of pictures and not in another.

use std::collections::BTreeMap;

use crate::image::Image;

/// Cells along each side of a frame.
pub(super) const CELLS: usize = 8;

/// A cell is seen when this share of its width and of its height is in the picture.
const ENOUGH: f64 = 0.75;

/// What no two pictures have in common: the deviation of each cell for itself.
const FLOOR: f64 = 15.0 / 255.0;

/// A rectangle of cells: the first column and row, and those behind the last.
pub(super) type Cells = [usize; 4];

/// What of a frame is in a picture.
pub(super) struct Seen {
    pub(super) cells: Cells,
    /// The mean colour of each of the cells, `[channels, rows, columns]`.
    pub(super) values: Vec<f64>,
}

impl Seen {
    /// What is seen of a frame with its top left corner at `[left, top]` of the picture; nothing where it is no cell.
    pub(super) fn through(picture: &Image, corner: [f64; 2], side: f64) -> Option<Self> {
        let [width, height] = [picture.width(), picture.height()];
        let (columns, across) = cells_along(corner[0], side, width)?;
        let (rows, down) = cells_along(corner[1], side, height)?;
        let mut values = Vec::with_capacity(picture.channels() * across.len() * down.len());
        let mut middle = vec![0.0; height * across.len()];
        for channel in 0..picture.channels() {
            let plane = picture.plane(channel);
            for (cell, weights) in across.iter().enumerate() {
                for y in 0..height {
                    let sum = weights.iter().map(|&(x, weight)| weight * f64::from(plane[y * width + x])).sum();
                    middle[cell * height + y] = sum;
                }
            }
            for weights in &down {
                for cell in 0..across.len() {
                    values.push(weights.iter().map(|&(y, weight)| weight * middle[cell * height + y]).sum());
                }
            }
        }
        Some(Self { cells: [columns[0], rows[0], columns[1], rows[1]], values })
    }
}

/// The cells that are seen along one axis, and the weights of the pixels in each.
#[expect(clippy::type_complexity, reason = "two plain lists")]
fn cells_along(start: f64, side: f64, length: usize) -> Option<([usize; 2], Vec<Vec<(usize, f64)>>)> {
    let cell = side / CELLS as f64;
    let part = |index: usize| {
        let from = start + index as f64 * cell;
        [from.max(0.0), (from + cell).min(length as f64)]
    };
    let is_seen = |&index: &usize| part(index)[1] - part(index)[0] >= ENOUGH * cell;
    let first = (0..CELLS).find(is_seen)?;
    let end = (first..CELLS).take_while(is_seen).last()? + 1;
    let weights = (first..end).map(|index| {
        let [from, to] = part(index);
        let pixels = from as usize..(to.ceil() as usize).min(length);
        pixels.map(|x| (x, ((x as f64 + 1.0).min(to) - (x as f64).max(from)) / (to - from))).collect()
    });
    Some(([first, end], weights.collect()))
}

/// Two Gaussians of all cells, and their parts that were needed.
pub(super) struct Odds {
    kinds: [Gaussian; 2],
    channels: usize,
    parts: BTreeMap<Cells, Option<[Part; 2]>>,
}

struct Gaussian {
    mean: Vec<f64>,
    /// `[n, n]`.
    covariance: Vec<f64>,
}

/// The Gaussian of some of the cells.
struct Part {
    mean: Vec<f64>,
    /// The Cholesky factor `L` of the covariance, a row of growing length after the other.
    factor: Vec<f64>,
    /// `ln det C = 2 Σ ln Lᵢᵢ`.
    log_determinant: f64,
}

impl Odds {
    /// For the first kind against the second, each picture `[channels, 8, 8]`. Nothing without at least two of each.
    pub(super) fn between(ones: &[Vec<f32>], others: &[Vec<f32>]) -> Option<Self> {
        let channels = ones.first()?.len() / (CELLS * CELLS);
        let kinds = [Gaussian::of(ones)?, Gaussian::of(others)?];
        Some(Self { kinds, channels, parts: BTreeMap::new() })
    }

    /// `ln N(y; μ, C) − ln N(y; μ', C')` of the cells.
    pub(super) fn evidence(&mut self, cells: Cells, values: &[f64]) -> Option<f64> {
        let Self { kinds, channels, parts } = self;
        let part = parts.entry(cells).or_insert_with(|| {
            let places = places_of(cells, *channels);
            let [ones, others] = &*kinds;
            Some([ones.part(&places)?, others.part(&places)?])
        });
        let [ones, others] = part.as_ref()?;
        Some(ones.log_density(values) - others.log_density(values))
    }
}

fn places_of([left, top, right, bottom]: Cells, channels: usize) -> Vec<usize> {
    let place = move |channel, row| (left..right).map(move |column| (channel * CELLS + row) * CELLS + column);
    (0..channels).flat_map(|channel| (top..bottom).flat_map(move |row| place(channel, row))).collect()
}

impl Gaussian {
    fn of(pictures: &[Vec<f32>]) -> Option<Self> {
        let count = pictures.len() as f64;
        let n = pictures.first()?.len();
        if pictures.len() < 2 {
            return None;
        }
        let mut mean = vec![0.0; n];
        for picture in pictures {
            mean.iter_mut().zip(picture).for_each(|(mean, &value)| *mean += f64::from(value) / count);
        }
        let mut covariance = vec![0.0; n * n];
        let mut offset = vec![0.0; n];
        for picture in pictures {
            offset
                .iter_mut()
                .zip(picture.iter().zip(&mean))
                .for_each(|(offset, (&x, mean))| *offset = f64::from(x) - mean);
            for (row, own) in covariance.chunks_exact_mut(n).zip(&offset) {
                let factor = own / (count - 1.0);
                row.iter_mut().zip(&offset).for_each(|(both, other)| *both += factor * other);
            }
        }
        (0..n).for_each(|i| covariance[i * n + i] += FLOOR * FLOOR);
        Some(Self { mean, covariance })
    }

    fn part(&self, places: &[usize]) -> Option<Part> {
        let n = self.mean.len();
        let mut factor: Vec<f64> = Vec::with_capacity(places.len() * (places.len() + 1) / 2);
        let mut log_determinant = 0.0;
        for (row, &place) in places.iter().enumerate() {
            let start = factor.len();
            for (column, &other) in places[..=row].iter().enumerate() {
                let above = column * (column + 1) / 2;
                let dot: f64 = (factor[start..].iter()).zip(&factor[above..above + column]).map(|(a, b)| a * b).sum();
                let rest = self.covariance[place * n + other] - dot;
                if column < row {
                    factor.push(rest / factor[above + column]);
                } else if rest > 0.0 {
                    factor.push(rest.sqrt());
                    log_determinant += rest.ln();
                } else {
                    return None;
                }
            }
        }
        Some(Part { mean: places.iter().map(|&place| self.mean[place]).collect(), factor, log_determinant })
    }
}

impl Part {
    /// `−½ (|L⁻¹ (y − μ)|² + ln det C)`, without the constant that all Gaussians of so many numbers share.
    fn log_density(&self, values: &[f64]) -> f64 {
        let mut solved: Vec<f64> = Vec::with_capacity(values.len());
        let mut start = 0;
        for (row, (value, mean)) in values.iter().zip(&self.mean).enumerate() {
            let factor = &self.factor[start..=start + row];
            let dot: f64 = factor.iter().zip(&solved).map(|(a, b)| a * b).sum();
            solved.push((value - mean - dot) / factor[row]);
            start += row + 1;
        }
        -0.5 * (solved.iter().map(|x| x * x).sum::<f64>() + self.log_determinant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_are_those_of_the_definition() {
        // C = [[4, 2], [2, 3]], det C = 8, C⁻¹ = [[3, −2], [−2, 4]] / 8.
        let gaussian = Gaussian { mean: vec![1.0, 0.0], covariance: vec![4.0, 2.0, 2.0, 3.0] };
        let found = gaussian.part(&[0, 1]).unwrap().log_density(&[2.0, 2.0]);
        assert!((found + 0.5 * (11.0 / 8.0 + 8.0_f64.ln())).abs() < 1e-12);
        let alone = gaussian.part(&[1]).unwrap().log_density(&[3.0]);
        assert!((alone + 0.5 * (3.0 + 3.0_f64.ln())).abs() < 1e-12);
        let singular = Gaussian { mean: vec![0.0; 2], covariance: vec![1.0; 4] };
        assert!(singular.part(&[0, 1]).is_none());
    }

    #[test]
    fn cells_are_means_of_what_they_cover() {
        let picture = Image::new(1, 4, 4, (0..16).map(|i| i as f32 / 16.0).collect()).unwrap();
        // Cells of half a pixel that start at the picture's corner.
        let whole = Seen::through(&picture, [0.0, 0.0], 4.0).unwrap();
        assert_eq!((whole.cells, whole.values[0], whole.values[7]), ([0, 0, 8, 8], 0.0, 3.0 / 16.0));
        // A frame of twice the size, half of it to the left and above.
        let quarter = Seen::through(&picture, [-4.0, -4.0], 8.0).unwrap();
        assert_eq!((quarter.cells, quarter.values.len(), quarter.values[5]), ([4, 4, 8, 8], 16, 5.0 / 16.0));
        assert!(Seen::through(&picture, [9.0, 0.0], 4.0).is_none());
    }
}
