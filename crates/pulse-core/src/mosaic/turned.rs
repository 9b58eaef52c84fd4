//! What may be the blocks of a picture in which none were found: softened ones, and such as were turned with their picture.
//!
//! Blocks that are turned have no straight edges along rows and columns. Seen along their own axes they have: of all angles, the
//! means of the steps along rows and columns vary most at that of the blocks, and there the grid is looked for.

use super::detect::{LEAST_HEIGHT, LONGEST, Profiles, Steps, centred};
use super::margin::content;
use super::{Grid, Mosaic};
use crate::image::{Image, Rectangle, between_pixels};
use crate::placement::Point;

/// The least share of what may be a grid that was changed since.
const GUESSED_SHARE: f64 = 0.15;
/// The same of one that is turned, and how many times larger steps are at its edges than inside: turned mosaics lie above 0.3 and 5,
/// photographs at the angle that is best for them below 0.11 and 2.
const TURNED_SHARE: f64 = 0.2;
const TURNED_CONTRAST: f64 = 2.5;
/// The smallest blocks that are guessed.
const LEAST_GUESSED: f64 = 5.0;
/// The fewest along a side of what is turned.
const LEAST_TURNED: f64 = 6.0;
/// How far blocks may be turned, in degrees, and how far at least: what is less is found as it is.
const FARTHEST: f64 = 12.0;
const NEAREST: f64 = 0.5;
/// Steps between angles: first so that edges over the whole window are off by a few pixels, then by less than one.
const COARSE: f64 = 1.0;
const FINE: [f64; 4] = [0.5, 0.25, 0.125, 0.0625];
/// The longest side of what is turned, in pixels of a picture that was shrunk to no less than that: it is turned dozens of times.
const SIDE: usize = 480;

/// What may be the blocks of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// Where they lie; of turned blocks, in the picture that was turned back about its middle.
    pub grid: Grid,
    /// By how many degrees they are turned clockwise; 0 for upright ones.
    pub turned: f64,
}

impl Guess {
    /// The same in a picture that is so many times larger.
    #[must_use]
    pub fn enlarged(self, by: usize) -> Self {
        Self { grid: self.grid.enlarged(by), ..self }
    }
}

impl Mosaic {
    /// The grid that explains most of a picture in which none was found: what may be blocks that were turned, softened or stretched.
    pub fn guess(picture: &Image) -> Option<Guess> {
        let inner = content(picture)?;
        let (upright, turned) = (upright(picture, inner), turned(picture, inner));
        let share = |guess: &Option<(f64, Guess)>| guess.map_or(0.0, |(share, _)| share);
        let best = if share(&turned) > share(&upright) { turned } else { upright };
        best.map(|(_, guess)| guess)
    }

    /// The same of turned blocks alone.
    pub fn guess_turned(picture: &Image) -> Option<Guess> {
        turned(picture, content(picture)?).map(|(_, guess)| guess)
    }
}

/// The upright grid of the middle of a part, and the share that it explains.
fn upright(picture: &Image, inner: Rectangle) -> Option<(f64, Guess)> {
    let window = centred(inner, LONGEST / 2);
    let window = Rectangle { left: inner.left + window.left, top: inner.top + window.top, ..window };
    let all = Rectangle { left: 0, top: 0, ..window };
    let profiles = Profiles::of(&Steps::of(&picture.crop(window).ok()?), all).softened();
    let grid = profiles.search()?;
    let evidence = profiles.evidence(grid);
    let moved = |first: f64, by: usize| (first + by as f64).rem_euclid(grid.size);
    let is_guess = evidence.share >= GUESSED_SHARE
        && evidence.height >= LEAST_HEIGHT
        && !evidence.may_be_of_jpeg()
        && grid.size >= LEAST_GUESSED;
    let grid = Grid { left: moved(grid.left, window.left), top: moved(grid.top, window.top), ..grid };
    is_guess.then_some((evidence.share, Guess { grid, turned: 0.0 }))
}

/// The turned grid of the middle of a part, and the share that it explains.
fn turned(picture: &Image, inner: Rectangle) -> Option<(f64, Guess)> {
    let seen = Seen::of(picture, inner)?;
    let straightness = |turned: f64| Some((seen.profiles(turned)?.softened().variance(), turned));
    let mut best = (0.0, 0.0);
    let coarse = (0..=(2.0 * FARTHEST / COARSE) as usize).map(|index| index as f64 * COARSE - FARTHEST);
    for tried in coarse.filter_map(straightness) {
        best = if tried.0 > best.0 { tried } else { best };
    }
    for step in FINE {
        for tried in [best.1 - step, best.1 + step].into_iter().filter_map(straightness) {
            best = if tried.0 > best.0 { tried } else { best };
        }
    }
    let turned = best.1;
    if turned.abs() < NEAREST || turned.abs() > FARTHEST {
        return None;
    }
    let profiles = seen.profiles(turned)?;
    let grid = profiles.refined(profiles.search()?);
    let evidence = profiles.evidence(grid);
    let grid = seen.grid(grid, turned);
    let is_guess = evidence.share >= TURNED_SHARE
        && evidence.contrast >= TURNED_CONTRAST
        && evidence.height >= LEAST_HEIGHT
        && grid.size >= LEAST_GUESSED;
    is_guess.then_some((evidence.share, Guess { grid, turned }))
}

/// A part of a picture, in grey and shrunk, to be looked at from any angle.
struct Seen {
    width: usize,
    height: usize,
    values: Vec<f32>,
    /// By how much it was shrunk along each side, and where it begins in the picture.
    shrink: usize,
    origin: Point,
    /// The middle of the picture, about which it is turned, in pixels of this.
    pivot: Point,
    /// The side of the square in its middle that lies in it at any angle.
    side: usize,
}

impl Seen {
    fn of(picture: &Image, inner: Rectangle) -> Option<Self> {
        let shrink = (inner.width.min(inner.height) / SIDE).max(1);
        let (width, height) = (inner.width / shrink, inner.height / shrink);
        let (sin, cos) = FARTHEST.to_radians().sin_cos();
        let side = ((width.min(height) as f64 / (sin + cos)) as usize).min(SIDE);
        if (side as f64) < LEAST_GUESSED * LEAST_TURNED {
            return None;
        }
        // The green of a picture in colour has most of its light, and reading one plane of it is enough to see edges.
        let plane = picture.plane(picture.channels() / 2);
        let mut values = vec![0.0; width * height];
        for y in 0..height * shrink {
            let row = &plane[(inner.top + y) * picture.width() + inner.left..][..width * shrink];
            let sums = &mut values[y / shrink * width..][..width];
            for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(shrink)) {
                *sum += pixels.iter().sum::<f32>();
            }
        }
        let count = (shrink * shrink) as f32;
        for value in &mut values {
            *value /= count;
        }
        let origin = [inner.left as f64, inner.top as f64];
        let middle = [picture.width() as f64 / 2.0, picture.height() as f64 / 2.0];
        let pivot = [0, 1].map(|axis| (middle[axis] - origin[axis]) / shrink as f64);
        Some(Self { width, height, values, shrink, origin, pivot, side })
    }

    /// Where the square in its middle begins once it was turned back.
    fn start(&self, turned: f64) -> Point {
        let (sin, cos) = turned.to_radians().sin_cos();
        let [x, y] = [self.width as f64 / 2.0 - self.pivot[0], self.height as f64 / 2.0 - self.pivot[1]];
        let half = self.side as f64 / 2.0;
        [self.pivot[0] + cos * x + sin * y - half, self.pivot[1] - sin * x + cos * y - half]
    }

    /// The steps of the square in its middle, along the axes of what is turned by so many degrees.
    fn profiles(&self, turned: f64) -> Option<Profiles> {
        let (sin, cos) = turned.to_radians().sin_cos();
        let half = self.side as f64 / 2.0;
        let middle = [self.width as f64 / 2.0 - 0.5, self.height as f64 / 2.0 - 0.5];
        let mut values = Vec::with_capacity(self.side * self.side);
        for row in 0..self.side {
            let y = row as f64 + 0.5 - half;
            for column in 0..self.side {
                let x = column as f64 + 0.5 - half;
                let place = [middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y];
                values.push(between_pixels(&self.values, self.width, place));
            }
        }
        let square = Image::clamped(1, self.side, self.side, values).ok()?;
        let all = Rectangle { left: 0, top: 0, width: self.side, height: self.side };
        Some(Profiles::of(&Steps::of(&square), all))
    }

    /// A grid of the turned square as one of the picture, turned back.
    fn grid(&self, grid: Grid, turned: f64) -> Grid {
        let (start, shrink) = (self.start(turned), self.shrink as f64);
        let size = grid.size * shrink;
        let [left, top] = [(grid.left, 0), (grid.top, 1)]
            .map(|(first, axis)| (self.origin[axis] + (start[axis] + first) * shrink).rem_euclid(size));
        Grid { size, left, top }
    }
}
