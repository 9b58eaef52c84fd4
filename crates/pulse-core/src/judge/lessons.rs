//! What is learnt from the generator alone: its own pictures as they are, and in frames that are not its own.

use pulse_engine::{Engine, InputId, OutputId, Program};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::random::each_random_picture;
use super::reframe::Reframe;
use crate::Result;
use crate::image::Image;
use crate::image::Size;
use crate::measurement::{IMAGE, MEASURED, Measurement};
use crate::random::Stream;
use crate::search::{Problem, SearchConfig, Weights};

/// What is learnt from, and what tells how sure that is, of pictures up to this many numbers: 128x128 in colour. Of larger ones,
/// which take longer, a third is made.
const PICTURES: [usize; 2] = [384, 192];
const SMALL: usize = 3 * 128 * 128;

/// Random frames of each picture that are not the generator's.
const FRAMES: usize = 3;

/// The numbers are the same in every run.
const STREAM: Stream = Stream { seed: 0, candidate: u32::MAX - 1, draw: 0, input: 0 };

/// Random pictures of a generator, measured as a target was.
pub(crate) struct Lessons {
    /// As they are, and each once more hardly moved: by up to 5% of the frame, 7% of the size, 5°.
    pub(crate) familiar: Vec<Vec<f32>>,
    /// The same pictures in three other frames each: moved by 15 to 35%, 1.4 to 2.2 times as large or as small, turned by 25 to 180°, or
    /// all of it.
    pub(crate) strange: Vec<Vec<f32>>,
    /// Sums of three of those, which show nothing.
    pub(super) mixtures: Vec<Vec<f32>>,
    /// Further pictures as they are, to learn nothing from.
    pub(super) further: Vec<Vec<f32>>,
}

impl Lessons {
    /// The same in every run, with nothing in it of a generator without random pictures. None where `stop` says so before all is made.
    pub(crate) fn of(
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let parts = if problem.picture_numbers() <= SMALL { 1 } else { 3 };
        let [learnt, held] = PICTURES.map(|count| count / parts);
        let mut camera = Camera::new(problem, config.sigma, engine)?;
        let mut random = Random(STREAM.generator());
        let (mut familiar, mut strange, mut further) = (Vec::new(), Vec::new(), Vec::new());
        let flow = each_random_picture(problem, config, engine, 0..learnt + held, stop, |index, picture| {
            if index >= learnt {
                further.push(camera.shot(&picture, &mut random));
                return Ok(());
            }
            let near = random.near().of(&picture);
            familiar.extend([&picture, &near].map(|picture| camera.shot(picture, &mut random)));
            for frame in 0..FRAMES {
                let reframed = random.elsewhere(FRAMES * index + frame).of(&picture);
                strange.push(camera.shot(&reframed, &mut random));
            }
            Ok(())
        })?;
        if flow.is_break() {
            return Ok(None);
        }
        let mixtures = random.mixtures(&strange, learnt / 2);
        Ok(Some(Self { familiar, strange, mixtures, further }))
    }
}

/// Measures pictures, and adds the target's noise.
pub(super) struct Camera<'a> {
    program: Box<dyn Program>,
    image: InputId,
    measured: OutputId,
    measurement: &'a dyn Measurement,
    sigma: f64,
}

impl<'a> Camera<'a> {
    pub(super) fn new(problem: &'a Problem<'_>, sigma: f64, engine: &dyn Engine) -> Result<Self> {
        let network = problem.measurement.network()?;
        let (image, measured) = (network.input(IMAGE)?, network.output(MEASURED)?);
        Ok(Self { program: engine.compile(&network, 1)?, image, measured, measurement: &*problem.measurement, sigma })
    }

    fn shot(&mut self, picture: &Image, random: &mut Random) -> Vec<f32> {
        self.program.input_mut(self.image).copy_from_slice(picture.values());
        self.program.forward(1, &[self.measured]);
        let clean = self.program.output(self.measured);
        if self.sigma == 0.0 {
            return clean.to_vec();
        }
        let weights = Weights::of(self.measurement, clean, self.sigma);
        let noise = |place: usize| self.sigma as f32 / weights.get().map_or(1.0, |weights| weights[place]);
        clean.iter().enumerate().map(|(place, value)| value + noise(place) * random.normal()).collect()
    }

    /// The target that a picture would have been measured as, of 8 bits.
    pub(super) fn target(&mut self, picture: &Image, channels: usize, size: Size, random: u32) -> Result<Image> {
        let stream = Stream { input: 1, candidate: STREAM.candidate, draw: random as u16, ..STREAM };
        let values = self.shot(picture, &mut Random(stream.generator()));
        Ok(Image::clamped(channels, size.height, size.width, values)?.quantised())
    }
}

struct Random(ChaCha8Rng);

impl Random {
    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    fn normal(&mut self) -> f32 {
        StandardNormal.sample(&mut self.0)
    }

    /// 1 or −1.
    fn side(&mut self) -> f64 {
        if self.within(0.0, 1.0) < 0.5 { -1.0 } else { 1.0 }
    }

    fn shift(&mut self, most: f64) -> [f64; 2] {
        [self.within(-most, most), self.within(-most, most)]
    }

    /// Hardly another frame.
    fn near(&mut self) -> Reframe {
        let turn = self.within(-5.0, 5.0).to_radians();
        Reframe { shift: self.shift(0.05), scale: self.within(-0.07, 0.07).exp(), turn }
    }

    /// Clearly another frame: moved, scaled, turned, or all of it, one after the other.
    fn elsewhere(&mut self, number: usize) -> Reframe {
        match number % 4 {
            0 => {
                let (angle, length) = (self.within(0.0, std::f64::consts::TAU), self.within(0.15, 0.35));
                let shift = [length * angle.cos(), length * angle.sin()];
                Reframe { shift, scale: self.within(-0.1, 0.1).exp(), turn: 0.0 }
            }
            1 => Reframe { shift: self.shift(0.1), scale: (self.side() * self.within(0.35, 0.8)).exp(), turn: 0.0 },
            2 => {
                let turn = (self.side() * self.within(25.0, 180.0)).to_radians();
                Reframe { shift: self.shift(0.1), scale: 1.0, turn }
            }
            _ => {
                let turn = self.within(-180.0, 180.0).to_radians();
                Reframe { shift: self.shift(0.5), scale: self.within(-0.7, 0.7).exp(), turn }
            }
        }
    }

    /// `mean + Σ gᵢ (xᵢ − mean) / √3` of three of the pictures with normal `gᵢ`, within [0, 1]: pictures of the same colours and
    /// smoothness that show nothing.
    fn mixtures(&mut self, pictures: &[Vec<f32>], count: usize) -> Vec<Vec<f32>> {
        let Some(first) = pictures.first() else { return Vec::new() };
        let mut mean = vec![0.0; first.len()];
        for picture in pictures {
            mean.iter_mut().zip(picture).for_each(|(mean, value)| *mean += value / pictures.len() as f32);
        }
        let mixture = |_| {
            let mut mixed = mean.clone();
            for _ in 0..3 {
                let picture = &pictures[self.within(0.0, pictures.len() as f64) as usize];
                let amount = self.normal() / 3.0_f32.sqrt();
                let parts = picture.iter().zip(&mean);
                mixed.iter_mut().zip(parts).for_each(|(mixed, (value, mean))| *mixed += amount * (value - mean));
            }
            for value in &mut mixed {
                *value = value.clamp(0.0, 1.0);
            }
            mixed
        };
        (0..count).map(mixture).collect()
    }
}
