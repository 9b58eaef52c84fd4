//! Where a generator's frame lies in a small picture that was framed otherwise.
//!
//! A generator of faces knows them at one place and of one size. Small pictures of users show a face anywhere, or a part of one.
//! [`Placer`] looks for the square of the small picture that is framed most like the generator's own pictures. It learns that
//! from the generator alone, and the square may reach out of the picture. In that [`Placement`] the picture's own pixels are
//! searched for ([`PlacedMeasurement`]): nothing is resampled, and what is outside of the frame or of the picture is not measured.

mod measurement;
mod odds;

use pulse_engine::Engine;

pub use measurement::PlacedMeasurement;

use crate::Result;
use crate::generator::Generator;
use crate::image::Image;
use crate::image::{Kernel, Size};
use crate::judge::Lessons;
use crate::measurement::MeasurementKind;
use crate::search::{Problem, SearchConfig};

use odds::{CELLS, Odds, Seen};

/// Each side that is tried is so many times the one before.
const SCALE_STEP: f64 = 1.08;

/// The smallest and the largest side, in shorter and longer sides of the small picture.
const SIDES: [f64; 2] = [0.5, 2.0];

/// The least side of a frame in pixels of the small picture: fewer show no frame, and anything is found in them.
const LEAST_SIDE: f64 = 6.0;

/// Places are tried so many to a side of the frame.
const PLACES: f64 = 16.0;

/// The most of a frame that lies outside of the picture on one side.
const OUTSIDE: f64 = 0.36;

/// The least share of the frame that is in the picture, and of the picture (or the frame, whichever is smaller) that is in both.
const FRAME_SEEN: f64 = 0.3;
const BOTH_SEEN: f64 = 0.45;

/// Evidence, in nats, from which another frame is taken: odds of 400 to 1 over the given one.
const WORTH: f64 = 6.0;

/// Evidence, in nats, that pictures of other things hardly have in their best frame. The best of thousands of frames always looks
/// a little like the generator's: tissue and the Moon have up to 16 nats (`docs/range.md`).
const CLEAR: f64 = 20.0;

/// Where the generator's picture lies in the small one, in pixels of the small one from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The left side of the frame.
    pub left: f64,
    /// Its top.
    pub top: f64,
    /// Its width and height.
    pub side: f64,
}

/// A placement that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub placement: Placement,
    /// The logarithm of the odds that the picture is framed so and not in any other way, in nats: see [`Placer`].
    pub evidence: f64,
    /// The same of the frame that a search takes without a placement: the picture in the middle of it.
    pub as_given: f64,
}

impl Found {
    /// Whether it is so much more likely than the given frame (6 nats, 400 to 1) that it is to be taken.
    pub fn is_worth(&self) -> bool {
        self.evidence > 0.0 && self.evidence - self.as_given > WORTH
    }

    /// Whether what lies there is clearly of the generator's kind: 20 nats, which pictures of other things hardly have in any frame.
    pub fn is_clear(&self) -> bool {
        self.evidence >= CLEAR
    }
}

impl Placement {
    /// The frame of a search without a placement: the smallest square that holds the picture, which is in its middle.
    pub fn given(small: Size) -> Self {
        let [width, height] = [small.width as f64, small.height as f64];
        let side = width.max(height);
        Self { left: (width - side) / 2.0, top: (height - side) / 2.0, side }
    }
}

/// Finds placements for one generator.
///
/// A frame has 8x8 cells. Cells that are in the picture (three quarters of their width and height at least) have its mean colour
/// there. With `N(μ, C)` the Gaussian of the cells of the generator's own random pictures (384, each also moved by up to 5%) and
/// `N(μ', C')` that of the same pictures in random other frames, both with 15² levels more on the diagonal, the evidence for a frame is
///
/// `ln N(y; μ, C) − ln N(y; μ', C')`, in nats,
///
/// of the cells `y` in the picture. Frames of 0.5 times the shorter to 2 times the longer side of the picture are tried, each 1.08 times
/// as large as the one before, at every sixteenth of a side; then the neighbours of the best, at half the distance.
pub struct Placer {
    odds: Odds,
    channels: usize,
}

impl Placer {
    /// Learns how the generator frames its pictures. Nothing for a generator without random pictures, or
    /// whose pictures are not square, or where `stop` says so before all are made.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(generator: &dyn Generator, engine: &dyn Engine, stop: &dyn Fn() -> bool) -> Result<Option<Self>> {
        let spec = generator.spec();
        if spec.width != spec.height {
            return Ok(None);
        }
        let (picture, cells) = (Size::new(spec.width, spec.height), Size::new(CELLS, CELLS));
        let measurement = MeasurementKind::from(Kernel::Area).resolve(spec.channels, picture, cells)?;
        let grey = Image::new(spec.channels, CELLS, CELLS, vec![0.5; spec.channels * CELLS * CELLS])?;
        let problem = Problem::new(generator, &*measurement, &grey);
        let config = SearchConfig::default();
        let Some(lessons) = Lessons::of(&problem, &config, engine, stop)? else { return Ok(None) };
        let odds = Odds::between(&lessons.familiar, &lessons.strange);
        Ok(odds.map(|odds| Self { odds, channels: spec.channels }))
    }

    /// The most likely placement of a small picture.
    pub fn place(&mut self, small: &Image) -> Found {
        let small = if self.channels == 3 { small.to_rgb() } else { small.to_grey() };
        let given = Placement::given(small.size());
        let as_given = self.evidence(&small, given).unwrap_or(f64::NEG_INFINITY);
        let mut best = (given, as_given);
        if (small.width().min(small.height()) as f64) < LEAST_SIDE {
            return Found { placement: given, evidence: as_given, as_given };
        }
        for placement in tried(small.size()) {
            self.try_out(&small, placement, &mut best);
        }
        for halving in [2.0, 4.0] {
            let centre = best.0;
            let step = centre.side / PLACES / halving;
            for (scale, x, y) in neighbours() {
                let side = (centre.side * SCALE_STEP.powf(scale / halving)).max(LEAST_SIDE);
                let grown = (centre.side - side) / 2.0;
                let (left, top) = (centre.left + grown + x * step, centre.top + grown + y * step);
                self.try_out(&small, Placement { left, top, side }, &mut best);
            }
        }
        Found { placement: best.0, evidence: best.1, as_given }
    }

    fn try_out(&mut self, small: &Image, placement: Placement, best: &mut (Placement, f64)) {
        if let Some(evidence) = self.evidence(small, placement)
            && evidence > best.1
        {
            *best = (placement, evidence);
        }
    }

    fn evidence(&mut self, small: &Image, placement: Placement) -> Option<f64> {
        let Placement { left, top, side } = placement;
        let Seen { cells, values } = Seen::through(small, [left, top], side)?;
        self.odds.evidence(cells, &values)
    }
}

/// The frames that are tried.
fn tried(small: Size) -> Vec<Placement> {
    let [width, height] = [small.width as f64, small.height as f64];
    let mut placements = Vec::new();
    let mut side = (SIDES[0] * width.min(height)).max(LEAST_SIDE);
    while side <= SIDES[1] * width.max(height) {
        let tops = places(side, height);
        for &left in &places(side, width) {
            placements.extend(tops.iter().map(|&top| Placement { left, top, side }).filter(|placement| {
                let both = seen(placement.left, side, width) * seen(placement.top, side, height);
                both >= FRAME_SEEN * side * side && both >= BOTH_SEEN * (side * side).min(width * height)
            }));
        }
        side *= SCALE_STEP;
    }
    placements
}

/// Where a frame's side may start along an axis of the picture.
fn places(side: f64, length: f64) -> Vec<f64> {
    let (middle, step) = ((length - side) / 2.0, side / PLACES);
    let count = ((middle + OUTSIDE * side) / step + 1e-9).floor().max(0.0) as i32;
    (-count..=count).map(|k| middle + f64::from(k) * step).collect()
}

/// How much of a frame's side is in the picture.
fn seen(start: f64, side: f64, length: f64) -> f64 {
    ((start + side).min(length) - start.max(0.0)).max(0.0)
}

fn neighbours() -> impl Iterator<Item = (f64, f64, f64)> {
    let steps = [-1.0, 0.0, 1.0];
    steps.into_iter().flat_map(move |scale| steps.into_iter().flat_map(move |x| steps.map(|y| (scale, x, y))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::draw;
    use crate::generator::{EMBEDDED, LatentInput};
    use crate::inputs::Inputs;
    use crate::random::Stream;
    use crate::render::Renderer;
    use pulse_engine::Cpu;

    #[test]
    fn the_given_frame_holds_the_picture_in_its_middle() {
        assert_eq!(Placement::given(Size::new(16, 16)), Placement { left: 0.0, top: 0.0, side: 16.0 });
        assert_eq!(Placement::given(Size::new(14, 18)), Placement { left: -2.0, top: 0.0, side: 18.0 });
    }

    #[test]
    fn places_are_even_about_the_middle() {
        assert_eq!(places(16.0, 16.0).len(), 11);
        assert!(places(16.0, 16.0).contains(&0.0) && places(32.0, 16.0).contains(&-8.0));
        assert!((seen(-4.0, 16.0, 16.0) - 12.0).abs() < 1e-12 && seen(20.0, 4.0, 16.0) == 0.0);
    }

    /// A picture of the generator with a grey border is found within it.
    #[test]
    fn an_own_picture_is_found_in_a_larger_one() {
        let generator = EMBEDDED[0].open().unwrap();
        let engine = Cpu::default();
        let mut renderer = Renderer::new(&*generator, LatentInput::Z, &engine).unwrap();
        let input = renderer.specs()[0].clone();
        let mut placer = Placer::new(&*generator, &engine, &|| false).unwrap().unwrap();
        let mut offs = Vec::new();
        for number in 0..8 {
            let mut z = vec![0.0; input.shape.len()];
            draw(&input.start, Stream { seed: 77, candidate: number, draw: 0, input: 0 }, &mut z);
            let mut inputs = Inputs::default();
            inputs.insert("z", 1, input.shape, z);
            let picture = Image::from_network(3, 64, 64, renderer.render(&inputs, 0).unwrap()).unwrap();
            let small = picture.resized(Kernel::Area, Size::new(16, 16)).unwrap();
            let Found { placement, .. } = placer.place(&framed(&small, Size::new(26, 22), [8, 3]));
            let [x, y] = [placement.left, placement.top].map(|start| start + placement.side / 2.0);
            offs.push((x - 16.0).hypot(y - 11.0) / 16.0);
        }
        offs.sort_by(f64::total_cmp);
        assert!(offs[5] < 0.1, "{offs:.2?}");
    }

    /// A picture within a larger one of its mean colour, this far from the left and the top.
    fn framed(picture: &Image, size: Size, [left, top]: [usize; 2]) -> Image {
        let mut values = Vec::new();
        for channel in 0..picture.channels() {
            let plane = picture.plane(channel);
            let mean = plane.iter().sum::<f32>() / plane.len() as f32;
            for pixel in 0..size.width * size.height {
                let (x, y) = ((pixel % size.width).wrapping_sub(left), (pixel / size.width).wrapping_sub(top));
                let inside = x < picture.width() && y < picture.height();
                values.push(if inside { plane[y * picture.width() + x] } else { mean });
            }
        }
        Image::new(picture.channels(), size.height, size.width, values).unwrap()
    }
}
