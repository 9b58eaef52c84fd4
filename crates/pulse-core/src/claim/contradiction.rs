//! Where a claim disagrees with the small picture.

use crate::candidate::consistency_db;
use crate::image::Image;

/// The pixels along a side of the place that is looked at as one: what is changed in a picture is seldom smaller, and single pixels
/// are noisy.
pub const NEIGHBOURHOOD: usize = 3;

/// How much a claim disagrees with the small picture, pixel by pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// The mean squared error of the numbers that are compared.
    pub error: f64,
    /// How many pixels were compared: those of the small picture that lie within the claim and that no mask hides.
    pub compared: usize,
    /// The root of the mean squared error of each pixel, row by row, of a value range of 1; 0 for those that are not compared.
    pub of_pixels: Vec<f32>,
    /// The [neighbourhood](NEIGHBOURHOOD) with the largest error, where one was compared as a whole.
    pub worst: Option<Place>,
}

/// A neighbourhood of the small picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The column of its middle, from 0.
    pub column: usize,
    /// The row of its middle, from 0.
    pub row: usize,
    /// The consistency in dB there.
    pub db: f64,
}

impl Contradiction {
    /// Of two pictures of one shape, of which the numbers count that are `known`.
    pub(super) fn of(shrunk: &Image, small: &Image, known: &[bool]) -> Self {
        let (width, pixels) = (small.width(), small.width() * small.height());
        let mut sums = vec![(0.0, 0_usize); pixels];
        for (at, (a, b)) in shrunk.values().iter().zip(small.values()).enumerate().filter(|(at, _)| known[*at]) {
            let (sum, count) = &mut sums[at % pixels];
            *sum += (f64::from(*a) - f64::from(*b)).powi(2);
            *count += 1;
        }
        let mean = |of: &mut dyn Iterator<Item = (f64, usize)>| {
            let (sum, count) = of.fold((0.0, 0), |(sum, all), (more, count)| (sum + more, all + count));
            if count == 0 { 0.0 } else { sum / count as f64 }
        };
        let worst = neighbourhoods(width, small.height())
            .filter(|(_, around)| around.iter().all(|&pixel| sums[pixel].1 > 0))
            .map(|(middle, around)| (middle, mean(&mut around.iter().map(|&pixel| sums[pixel]))))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        Self {
            error: mean(&mut sums.iter().copied()),
            compared: sums.iter().filter(|sum| sum.1 > 0).count(),
            of_pixels: sums.iter().map(|&sum| mean(&mut std::iter::once(sum)).sqrt() as f32).collect(),
            worst: worst.map(|(middle, error)| Place {
                column: middle % width,
                row: middle / width,
                db: consistency_db(error),
            }),
        }
    }
}

/// The middle of each neighbourhood, and its pixels.
fn neighbourhoods(width: usize, height: usize) -> impl Iterator<Item = (usize, Vec<usize>)> {
    let reach = NEIGHBOURHOOD / 2;
    let rows = reach..height.saturating_sub(reach);
    rows.flat_map(move |row| (reach..width.saturating_sub(reach)).map(move |column| (column, row))).map(
        move |(column, row)| {
            let rows = row - reach..=row + reach;
            let around = rows.flat_map(|row| (column - reach..=column + reach).map(move |column| row * width + column));
            (row * width + column, around.collect())
        },
    )
}
