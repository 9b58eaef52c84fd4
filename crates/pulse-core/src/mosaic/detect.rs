//! Finding the grid: the steps between neighbouring pixels are large at regular distances, and small in between.

use super::margin::content;
use super::{Grid, LEAST_SIZE, Mosaic};
use crate::image::{Image, Rectangle};

/// The fewest blocks along an axis.
const LEAST_BLOCKS: f64 = 4.0;
/// The share of the variance of the steps that the grid explains: mosaics lie above 0.5, even as JPEG of quality 60, and
/// photographs below 0.1 (`crates/pulse/tests/all/mosaic.rs`).
const LEAST_SHARE: f64 = 0.3;
/// How many times larger steps are at edges than inside of blocks: above 6 in mosaics, below 1.7 in photographs.
const LEAST_CONTRAST: f64 = 3.0;
/// The least mean step at edges: below it a picture is flat, and what steps it has are its rounding's.
pub(super) const LEAST_HEIGHT: f64 = 1.5 / 255.0;
/// The same of blocks of 8 pixels.
const LEAST_HEIGHT_OF_JPEG: f64 = 6.0 / 255.0;
/// The longest stretch over which sizes are tried; the best one is then fitted to all there is.
pub(super) const LONGEST: usize = 1024;

/// Sizes are tried so densely that the last edges are off by at most half a pixel, and so are phases.
const DENSITY: f64 = 0.5;

/// The most mosaics that are looked for in one picture.
const MOST: usize = 8;
/// A grid that explains so much is one even where noise lies over the blocks, and then needs no more contrast than this.
const SURE_SHARE: f64 = 0.5;
const NOISY_CONTRAST: f64 = 1.5;

impl Mosaic {
    /// The blocks of a pixelated picture, or of the part of it that is pixelated; nothing for any other. Blocks are
    /// squares of at least 3 pixels, at least 4 of them along both axes, and not all alike. Of several parts, that of most blocks.
    pub fn detect(picture: &Image) -> Option<Self> {
        Self::detect_all(picture).into_iter().next()
    }

    /// All that are pixelated, those of most blocks first. A margin of one colour round the picture is none of it.
    pub fn detect_all(picture: &Image) -> Vec<Self> {
        let Some(inner) = content(picture) else { return Vec::new() };
        let all = Rectangle { left: 0, top: 0, width: picture.width(), height: picture.height() };
        let Ok(part) = picture.crop(inner) else { return Vec::new() };
        let mut found = Steps::of(&part).all();
        for mosaic in &mut found {
            if inner != all {
                mosaic.snap(inner);
            }
            let Grid { size, left, top } = mosaic.grid;
            mosaic.grid.left = (left + inner.left as f64).rem_euclid(size);
            mosaic.grid.top = (top + inner.top as f64).rem_euclid(size);
            mosaic.region.left += inner.left;
            mosaic.region.top += inner.top;
        }
        found
    }

    /// Where a part reaches to the border of a picture that had a margin, its border is an edge between blocks: the nearest.
    fn snap(&mut self, inner: Rectangle) {
        let Grid { size, left, top } = self.grid;
        let axis = |first: f64, start: usize, length: usize, whole: usize| {
            let nearest = |x: usize| {
                let edge = first + ((x as f64 - first) / size).round() * size;
                (edge.round().max(0.0) as usize).min(whole)
            };
            let low = if start == 0 { nearest(start) } else { start };
            let high = if start + length == whole { nearest(start + length) } else { start + length };
            (low, high.saturating_sub(low))
        };
        let Rectangle { left: x, top: y, width, height } = self.region;
        let ((x, width), (y, height)) = (axis(left, x, width, inner.width), axis(top, y, height, inner.height));
        self.region = Rectangle { left: x, top: y, width, height };
    }

    fn count(&self) -> usize {
        self.blocks().iter().product()
    }
}

/// The magnitudes of the steps of the luma between neighbours, `|x[p + 1] − x[p]|`, along both axes.
pub(super) struct Steps {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[height, width − 1]`.
    pub(super) across: Vec<f32>,
    /// `[height − 1, width]`.
    pub(super) down: Vec<f32>,
}

/// A grid with what speaks for it.
pub(super) struct Found {
    pub(super) grid: Grid,
    pub(super) share: f64,
}

impl Steps {
    pub(super) fn of(picture: &Image) -> Self {
        let grey = picture.to_grey();
        let (width, height) = (grey.width(), grey.height());
        let rows = || grey.values().chunks_exact(width);
        let across = rows().flat_map(|row| row.windows(2).map(|pair| (pair[1] - pair[0]).abs())).collect();
        let below = rows().zip(rows().skip(1));
        let down = below.flat_map(|(row, next)| row.iter().zip(next).map(|(a, b)| (b - a).abs())).collect();
        Self { width, height, across, down }
    }

    fn all(mut self) -> Vec<Mosaic> {
        let all = Rectangle { left: 0, top: 0, width: self.width, height: self.height };
        let window = centred(all, LONGEST);
        let mut found = Vec::new();
        if let Some(Found { grid, .. }) = self.grid_in(window) {
            let profiles = Profiles::of(&self, all);
            let fitted = profiles.refined(if window == all { grid } else { profiles.fitted(grid) });
            if profiles.evidence(fitted).is_mosaic() && !self.has_other_parts(fitted) {
                return vec![Mosaic { grid: fitted, region: all }];
            }
            found.extend(self.pixelated_part(grid, window));
        }
        for mosaic in &found {
            self.forget(mosaic);
        }
        while let Some(mosaic) = (found.len() < MOST).then(|| self.region()).flatten() {
            self.forget(&mosaic);
            found.push(mosaic);
        }
        found.sort_by_key(|mosaic| std::cmp::Reverse(mosaic.count()));
        found
    }

    /// Takes a part for flat, so that others are found.
    fn forget(&mut self, mosaic: &Mosaic) {
        let reach = mosaic.grid.size.ceil() as usize;
        let Rectangle { left, top, width, height } = mosaic.region;
        let range =
            |start: usize, length: usize, all: usize| start.saturating_sub(reach)..(start + length + reach).min(all);
        let (columns, rows) = (range(left, width, self.width), range(top, height, self.height));
        for y in rows {
            let across = &mut self.across[y * (self.width - 1)..][..self.width - 1];
            across[columns.start..columns.end.min(self.width - 1)].fill(0.0);
            if y + 1 < self.height {
                self.down[y * self.width..][columns.clone()].fill(0.0);
            }
        }
    }

    /// The grid of the blocks in a part of the picture, where there are any.
    pub(super) fn grid_in(&self, part: Rectangle) -> Option<Found> {
        let profiles = Profiles::of(self, part);
        let grid = profiles.refined(profiles.search()?);
        let evidence = profiles.evidence(grid);
        evidence.is_mosaic().then_some(Found { grid, share: evidence.share })
    }
}

pub(super) fn centred(all: Rectangle, longest: usize) -> Rectangle {
    let (width, height) = (all.width.min(longest), all.height.min(longest));
    Rectangle { left: (all.width - width) / 2, top: (all.height - height) / 2, width, height }
}

/// The mean step at each border between pixels, along the horizontal and along the vertical axis.
pub(super) struct Profiles([Profile; 2]);

struct Profile {
    /// The picture's coordinate of the first border.
    first: f64,
    steps: Vec<f64>,
    mean: f64,
    deviation: f64,
}

/// What speaks for a grid.
pub(super) struct Evidence {
    grid: Grid,
    /// The share of the variance of the steps that it explains.
    pub(super) share: f64,
    /// The mean step at its edges over that inside of its blocks, the smaller of both axes.
    pub(super) contrast: f64,
    /// The mean step at its edges, the smaller of both axes.
    pub(super) height: f64,
}

impl Evidence {
    /// A JPEG makes blocks of 8 pixels of what is smooth, with steps of its own quantisation.
    fn is_as_of_jpeg(&self) -> bool {
        (self.grid.size / 8.0 - 1.0).abs() < 0.03
    }

    /// Whether it may be one that was compressed so much that its own blocks are seen.
    pub(super) fn may_be_of_jpeg(&self) -> bool {
        self.is_as_of_jpeg() && self.height < 2.0 * LEAST_HEIGHT_OF_JPEG
    }

    pub(super) fn is_mosaic(&self) -> bool {
        let least_height = if self.is_as_of_jpeg() { LEAST_HEIGHT_OF_JPEG } else { LEAST_HEIGHT };
        let is_noisy = self.share >= SURE_SHARE && self.contrast >= NOISY_CONTRAST && !self.may_be_of_jpeg();
        self.share >= LEAST_SHARE && (self.contrast >= LEAST_CONTRAST || is_noisy) && self.height >= least_height
    }
}

impl Profiles {
    pub(super) fn of(steps: &Steps, part: Rectangle) -> Self {
        let Rectangle { left, top, width, height } = part;
        let (mut across, mut down) = (vec![0.0; width.saturating_sub(1)], vec![0.0; height.saturating_sub(1)]);
        for y in top..top + height {
            let row = &steps.across[y * (steps.width - 1) + left..][..across.len()];
            across.iter_mut().zip(row).for_each(|(sum, &step)| *sum += f64::from(step) / height as f64);
        }
        for (sum, y) in down.iter_mut().zip(top..) {
            let row = &steps.down[y * steps.width + left..][..width];
            *sum = row.iter().map(|&step| f64::from(step)).sum::<f64>() / width as f64;
        }
        Self([Profile::new(left + 1, across), Profile::new(top + 1, down)])
    }

    /// The grid that explains most, fitted.
    pub(super) fn search(&self) -> Option<Grid> {
        let [across, down] = &self.0;
        if across.highest() < LEAST_HEIGHT || down.highest() < LEAST_HEIGHT {
            return None;
        }
        let shortest = across.steps.len().min(down.steps.len()) as f64;
        let longest = across.steps.len().max(down.steps.len()) as f64;
        let (mut best, mut best_share) = (None, 0.0);
        let mut size = LEAST_SIZE;
        while size * LEAST_BLOCKS <= shortest + 1.0 {
            let [x, y] = self.0.each_ref().map(|profile| profile.best_phase(size));
            let share = f64::midpoint(x.0 * x.0.abs(), y.0 * y.0.abs());
            if share > best_share {
                (best, best_share) = (Some(Grid { size, left: x.1, top: y.1 }), share);
            }
            size += 2.0 * DENSITY * size / longest;
        }
        best.map(|grid| self.fitted(grid))
    }

    /// How much the steps vary along both axes: most where their edges lie straight along rows and columns.
    pub(super) fn variance(&self) -> f64 {
        self.0.iter().map(|profile| profile.deviation.powi(2)).sum()
    }

    /// The same with the steps of three neighbours together: for edges that are soft.
    pub(super) fn softened(&self) -> Self {
        Self(self.0.each_ref().map(|profile| {
            let last = profile.steps.len();
            let sum = |at: usize| profile.steps[at.saturating_sub(1)..(at + 2).min(last)].iter().sum::<f64>();
            Profile::new(profile.first as usize, (0..last).map(sum).collect())
        }))
    }

    /// The least squares fit of evenly spaced edges to the steps near those of a grid, the larger steps weighing more.
    pub(super) fn fitted(&self, grid: Grid) -> Grid {
        let mut grid = grid;
        for _ in 0..3 {
            let [x, y] = self.0.each_ref();
            let lines = [x.line(grid.size, grid.left), y.line(grid.size, grid.top)];
            let [covariance, variance] =
                [0, 1].map(|index| lines.iter().flatten().map(|line| line.moments[index]).sum::<f64>());
            if variance > 0.0 {
                grid.size = (covariance / variance).max(LEAST_SIZE);
            }
            for (first, line) in [&mut grid.left, &mut grid.top].into_iter().zip(&lines) {
                if let Some(line) = line {
                    *first = (line.position - grid.size * line.index).rem_euclid(grid.size);
                }
            }
        }
        grid
    }

    /// This grid, or the one of half or a third of its size, whichever explains most: over a few blocks the larger ones may
    /// have looked better by chance.
    pub(super) fn refined(&self, grid: Grid) -> Grid {
        let part = |divisor: f64| {
            let size = grid.size / divisor;
            let [x, y] = self.0.each_ref().map(|profile| profile.best_phase(size));
            self.fitted(Grid { size, left: x.1, top: y.1 })
        };
        let finer = [2.0, 3.0, 4.0, 5.0].into_iter().filter(|divisor| grid.size / divisor >= LEAST_SIZE).map(part);
        let share = |grid: &Grid| self.evidence(*grid).share;
        let own = self.fitted(grid);
        finer.chain([own]).max_by(|a, b| share(a).total_cmp(&share(b))).unwrap_or(own)
    }

    pub(super) fn evidence(&self, grid: Grid) -> Evidence {
        let axes = [(&self.0[0], grid.left), (&self.0[1], grid.top)];
        let correlations = axes.map(|(profile, first)| profile.correlation(grid.size, first));
        let share = correlations.iter().map(|r| r * r.abs()).sum::<f64>() / 2.0;
        let heights = axes.map(|(profile, first)| profile.heights(grid.size, first));
        let least = |of: fn([f64; 2]) -> f64| of(heights[0]).min(of(heights[1]));
        // A ten-thousandth keeps blocks without any noise finite.
        let contrast = least(|[edges, inside]| edges / (inside + 1e-4));
        Evidence { grid, share, contrast, height: least(|[edges, _]| edges) }
    }
}

/// The edges of one axis: weighted means, and the moments that give the distance between them.
struct Line {
    index: f64,
    position: f64,
    /// Σ w (k − k̄)(c − c̄) and Σ w (k − k̄)².
    moments: [f64; 2],
}

impl Profile {
    fn new(first: usize, steps: Vec<f64>) -> Self {
        let n = steps.len().max(1) as f64;
        let mean = steps.iter().sum::<f64>() / n;
        let deviation = (steps.iter().map(|step| (step - mean).powi(2)).sum::<f64>() / n).sqrt();
        Self { first: first as f64, steps, mean, deviation }
    }

    fn highest(&self) -> f64 {
        self.steps.iter().copied().fold(0.0, f64::max)
    }

    /// The borders that the edges of a grid fall on, with the numbers of the edges.
    fn edges(&self, size: f64, first: f64) -> impl Iterator<Item = (i64, usize)> {
        let start = self.first - 0.5 - first;
        let edges = (start / size).ceil() as i64..((start + self.steps.len() as f64) / size).ceil() as i64;
        let last = self.steps.len().saturating_sub(1);
        edges.map(move |edge| {
            let border = (first + edge as f64 * size - self.first + 0.5).floor();
            (edge, (border.max(0.0) as usize).min(last))
        })
    }

    /// The correlation of the steps with being on an edge.
    fn correlation(&self, size: f64, first: f64) -> f64 {
        let (mut on, mut count) = (0.0, 0usize);
        for (_, border) in self.edges(size, first) {
            on += self.steps[border];
            count += 1;
        }
        let rest = self.steps.len().saturating_sub(count);
        if count == 0 || rest == 0 || self.deviation == 0.0 {
            return 0.0;
        }
        (on / count as f64 - self.mean) * (count as f64 / rest as f64).sqrt() / self.deviation
    }

    /// The best correlation of a size, and the first edge that has it.
    fn best_phase(&self, size: f64) -> (f64, f64) {
        let phases = (0..(size / DENSITY).ceil() as usize).map(|phase| phase as f64 * DENSITY);
        let correlations = phases.map(|first| (self.correlation(size, first), first));
        correlations.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0.0))
    }

    /// The mean step on edges, and the mean of those that are not next to one.
    fn heights(&self, size: f64, first: f64) -> [f64; 2] {
        let mut inside = vec![true; self.steps.len()];
        let (mut on, mut count) = (0.0, 0usize);
        for (_, border) in self.edges(size, first) {
            on += self.steps[border];
            count += 1;
            inside[border.saturating_sub(1)..(border + 2).min(self.steps.len())].fill(false);
        }
        let off: Vec<f64> = self.steps.iter().zip(&inside).filter(|step| *step.1).map(|step| *step.0).collect();
        if count == 0 || off.is_empty() {
            return [0.0; 2];
        }
        [on / count as f64, off.iter().sum::<f64>() / off.len() as f64]
    }

    fn line(&self, size: f64, first: f64) -> Option<Line> {
        if self.steps.is_empty() {
            return None;
        }
        let mut sorted = self.steps.clone();
        sorted.sort_by(f64::total_cmp);
        let usual = sorted[sorted.len() / 2];
        let height = |border: usize| (self.steps[border] - usual).max(0.0);
        let edges = self.edges(size, first).filter_map(|(edge, border)| {
            let near = border.saturating_sub(1)..(border + 2).min(self.steps.len());
            let weight: f64 = near.clone().map(height).sum();
            let centre = near.map(|border| height(border) * (border as f64 + self.first)).sum::<f64>() / weight;
            (weight > 0.0).then_some((weight.sqrt(), edge as f64, centre))
        });
        let edges: Vec<_> = edges.collect();
        let total: f64 = edges.iter().map(|edge| edge.0).sum();
        if total == 0.0 {
            return None;
        }
        let mean = |of: fn(&(f64, f64, f64)) -> f64| edges.iter().map(|edge| edge.0 * of(edge)).sum::<f64>() / total;
        let (index, position) = (mean(|edge| edge.1), mean(|edge| edge.2));
        let moment = |of: fn(f64, f64) -> f64| {
            edges.iter().map(|edge| edge.0 * of(edge.1 - index, edge.2 - position)).sum::<f64>()
        };
        Some(Line { index, position, moments: [moment(|k, c| k * c), moment(|k, _| k * k)] })
    }
}
