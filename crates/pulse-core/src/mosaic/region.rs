//! A part of a photograph that is pixelated: the grid from a window that lies in it, then every block by itself.

use super::detect::{Found, Profiles, Steps};
use super::{Grid, Mosaic};
use crate::image::Rectangle;

/// The sides of the windows that are looked at, each half covering the next.
const WINDOWS: [usize; 3] = [512, 256, 128];
/// Pictures with more pixels are looked at with the larger windows only.
const MANY: usize = 4_000_000;
/// The fewest blocks along the side of a window, and of the part that is found.
const LEAST_BLOCKS: usize = 6;
/// How many blocks beyond its window a part is followed.
const FARTHEST: f64 = 150.0;
/// What a block counts for that is flat and has flat neighbours: a part does not end at it, and does not reach for it.
const UNDECIDED: f64 = -0.02;
/// The share of blocks with grain from which on a picture is not pixelated as a whole.
const OTHER_PARTS: f64 = 0.1;
/// How often a part is fitted and looked for again.
const MOST_FITS: usize = 6;

impl Steps {
    /// The part of the picture that is pixelated, where there is one.
    pub(super) fn region(&self) -> Option<Mosaic> {
        let sides = WINDOWS.into_iter().filter(|&side| side > 128 || self.width * self.height <= MANY);
        for side in sides.filter(|&side| side <= self.width.min(self.height)) {
            let found = self.windows(side).filter_map(|window| Some((window, self.grid_in(window)?)));
            let found = found.filter(|(_, found)| found.grid.size * LEAST_BLOCKS as f64 <= side as f64);
            let best = found.max_by(|a: &(Rectangle, Found), b| a.1.share.total_cmp(&b.1.share));
            if let Some(part) = best.and_then(|(window, best)| self.pixelated_part(best.grid, window)) {
                return Some(part);
            }
        }
        None
    }

    fn windows(&self, side: usize) -> impl Iterator<Item = Rectangle> {
        let starts = move |length: usize| (0..length - side).step_by(side / 2).chain([length - side]);
        let (columns, rows) = (starts(self.width), starts(self.height));
        let window = move |left, top| Rectangle { left, top, width: side, height: side };
        rows.flat_map(move |top| columns.clone().map(move |left| window(left, top)))
    }

    /// The rectangle of a grid whose blocks are flat with steps round them, near a window that shows it.
    pub(super) fn pixelated_part(&self, grid: Grid, window: Rectangle) -> Option<Mosaic> {
        let mut grid = grid;
        let reach = (FARTHEST * grid.size) as usize;
        let near = |start: usize, length: usize| start.saturating_sub(reach)..start + length + reach;
        let (across, along) = (near(window.left, window.width), near(window.top, window.height));
        let mut part = None;
        // The first grid comes from a window; far from it its edges are off by what the window left open.
        for _ in 0..MOST_FITS {
            let [mut columns, mut rows] = self.edges(grid);
            columns.retain(|column| across.contains(column));
            rows.retain(|row| along.contains(row));
            let votes = rows.windows(2).map(|row| columns.windows(2).map(|column| self.vote(column, row)).collect());
            let [left, right, top, bottom] = best_rectangle(&votes.collect::<Vec<Vec<f64>>>())?;
            if right - left < LEAST_BLOCKS || bottom - top < LEAST_BLOCKS {
                return None;
            }
            let region = Rectangle {
                left: columns[left],
                top: rows[top],
                width: columns[right] - columns[left],
                height: rows[bottom] - rows[top],
            };
            let profiles = Profiles::of(self, region);
            grid = profiles.refined(grid);
            let settled = part.is_some_and(|part: Mosaic| part.region == region);
            part = Some(Mosaic { grid, region }).filter(|_| profiles.evidence(grid).is_mosaic());
            if settled || part.is_none() {
                break;
            }
        }
        part
    }

    /// Whether a part of the picture has grain that blocks would not have.
    pub(super) fn has_other_parts(&self, grid: Grid) -> bool {
        let [columns, rows] = self.edges(grid);
        let votes = self.votes(&columns, &rows).concat();
        let against = votes.iter().filter(|&&vote| vote < UNDECIDED).count();
        against as f64 > OTHER_PARTS * votes.len() as f64
    }

    /// The edges across and down.
    fn edges(&self, grid: Grid) -> [Vec<usize>; 2] {
        [edges(grid.size, grid.left, self.width), edges(grid.size, grid.top, self.height)]
    }

    fn votes(&self, columns: &[usize], rows: &[usize]) -> Vec<Vec<f64>> {
        let of_row = |row: &[usize]| columns.windows(2).map(|column| self.vote(column, row)).collect();
        rows.windows(2).map(of_row).collect()
    }

    /// 1 for a block that is flat with steps round it, −1 for one with grain, and little for one that may be either.
    fn vote(&self, column: &[usize], row: &[usize]) -> f64 {
        const STEP: f64 = 1.0 / 255.0;
        let (mut on, mut off, mut borders, mut pairs) = (0.0, 0.0, 0usize, 0usize);
        let mut count = |step: f32, position: usize, edges: &[usize]| {
            if edges.contains(&position) {
                on += f64::from(step);
                borders += 1;
            } else if position > edges[0] + 1 && position + 1 < edges[1] {
                off += f64::from(step);
                pairs += 1;
            }
        };
        for y in row[0]..row[1] {
            for x in column[0].max(1)..(column[1] + 1).min(self.width) {
                count(self.across[y * (self.width - 1) + x - 1], x, column);
            }
        }
        for y in row[0].max(1)..(row[1] + 1).min(self.height) {
            for x in column[0]..column[1] {
                count(self.down[(y - 1) * self.width + x], y, row);
            }
        }
        let [on, off] = [(on, borders), (off, pairs)].map(|(sum, count)| sum / count.max(1) as f64);
        if on > STEP && on > 2.5 * off {
            1.0
        } else if off > 1.5 * STEP && on < 1.5 * off {
            -1.0
        } else {
            UNDECIDED
        }
    }
}

/// The edges of a grid within a length, both ends among them.
fn edges(size: f64, first: f64, length: usize) -> Vec<usize> {
    let inner = (0..).map(|edge| (first + f64::from(edge) * size).round() as usize);
    let mut edges = vec![0];
    edges.extend(inner.skip_while(|&edge| edge == 0).take_while(|&edge| edge < length));
    edges.push(length);
    edges
}

/// The rectangle of the largest sum, as `[left, right, top, bottom]` in votes, where a sum is above zero (Bentley 1984:
/// for every pair of rows, the best run of columns).
fn best_rectangle(votes: &[Vec<f64>]) -> Option<[usize; 4]> {
    let (mut best, mut best_sum) = (None, 0.0);
    for top in 0..votes.len() {
        let mut sums = vec![0.0; votes[top].len()];
        for (bottom, row) in votes.iter().enumerate().skip(top) {
            sums.iter_mut().zip(row).for_each(|(sum, vote)| *sum += vote);
            let (mut run, mut left) = (0.0, 0);
            for (column, sum) in sums.iter().enumerate() {
                if run <= 0.0 {
                    (run, left) = (0.0, column);
                }
                run += sum;
                if run > best_sum {
                    (best, best_sum) = (Some([left, column + 1, top, bottom + 1]), run);
                }
            }
        }
    }
    best
}
