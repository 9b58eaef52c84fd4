//! Pictures of known kinds: the generator's own, faces as it frames them, faces that are framed badly, and what is no face.

#[path = "../crops/mod.rs"]
mod crops;

use std::f64::consts::TAU;
use std::path::Path;

use pulse::Result;
use pulse::face::{Square, aligned};
use pulse::generator::draw;
use pulse::generator::{Generator, LatentInput};
use pulse::image::{Image, Reader, Rectangle};
use pulse::inputs::Inputs;
use pulse::measurement::{Kernel, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::sheet::canvas::{Canvas, TextStyle, Weight};
use pulse_engine::Cpu;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Pixels along a side of what is cut out of a photograph.
const SIDE: usize = 128;

/// One sharp picture.
pub(crate) struct Case {
    /// What kind of picture it is.
    pub(crate) class: &'static str,
    /// Which one.
    pub(crate) name: String,
    /// The picture, to be shrunk.
    pub(crate) picture: Image,
}

/// Numbers that are the same in every run.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// A row of numbers of its own for each `kind`.
    pub(crate) fn new(seed: u64, kind: u32) -> Self {
        Self(Stream { seed, candidate: kind, draw: 0, input: 0 }.generator())
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    fn picture(&mut self, channels: usize, side: usize) -> Image {
        let values = (0..channels * side * side).map(|_| self.within(0.0, 1.0) as f32).collect();
        Image::new(channels, side, side, values).expect("numbers in [0, 1]")
    }
}

/// `count` pictures that the generator makes of random `z`.
pub(crate) fn own(generator: &dyn Generator, count: usize, seed: u64) -> Result<Vec<Case>> {
    let engine = Cpu::default();
    let mut renderer = Renderer::new(generator, LatentInput::Z, &engine)?;
    let spec = generator.spec();
    let input = renderer.specs()[0].clone();
    (0..count)
        .map(|index| {
            let mut z = vec![0.0; input.shape.len()];
            draw(&input.start, Stream { seed, candidate: index as u32, draw: 0, input: 0 }, &mut z);
            let mut inputs = Inputs::default();
            inputs.insert("z", 1, input.shape, z);
            let picture = Image::from_network(spec.channels, spec.height, spec.width, renderer.render(&inputs, 0)?)?;
            Ok(Case { class: "own", name: index.to_string(), picture: picture.quantised() })
        })
        .collect()
}

/// Everything that comes of the photographs of faces.
pub(crate) fn photographs(seed: u64) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (index, (name, photograph, face)) in crops::faces()?.into_iter().enumerate() {
        let mut random = Random::new(seed, index as u32);
        let mut add = |class: &'static str, what: String, square: Square| -> Result<()> {
            let picture = aligned(&photograph, &square, SIDE)?;
            cases.push(Case { class, name: format!("{name} {what}"), picture });
            Ok(())
        };
        let side = face.side();
        let shifted =
            |[x, y]: [f64; 2]| Square { centre: [face.centre[0] + x * side, face.centre[1] + y * side], ..face };
        add("face", String::new(), face)?;
        for _ in 0..3 {
            let shift = [random.within(-0.05, 0.05), random.within(-0.05, 0.05)];
            let (scale, turn) = (random.within(-0.07, 0.07).exp(), random.within(-5.0, 5.0));
            let square = shifted(shift).scaled(scale).turned(turn.to_radians());
            add("near", format!("{:.2} {:.2} x{scale:.2} {turn:.0}°", shift[0], shift[1]), square)?;
        }
        let Rectangle { left, top, width, .. } = photograph.centre_square();
        let middle = [left, top].map(|start| start as f64 + width as f64 / 2.0 - 0.5);
        add("square", String::new(), Square::upright(middle, width as f64))?;
        for _ in 0..4 {
            let (angle, length) = (random.within(0.0, TAU), random.within(0.15, 0.3));
            let shift = [length * angle.cos(), length * angle.sin()];
            add("shifted", format!("{:.2} {:.2}", shift[0], shift[1]), shifted(shift))?;
        }
        for scale in [0.6, 1.6] {
            add("scaled", format!("x{scale}"), face.scaled(1.0 / scale))?;
        }
        for turn in [30.0_f64, 60.0, 90.0] {
            let turn = if random.within(0.0, 1.0) < 0.5 { turn } else { -turn };
            add("turned", format!("{turn}°"), face.turned(turn.to_radians()))?;
        }
        for _ in 0..2 {
            let quarter = [random.within(-0.25, 0.25).signum(), random.within(-0.25, 0.25).signum()].map(|x| 0.25 * x);
            add("part", format!("quarter {quarter:?}"), shifted(quarter).scaled(0.5))?;
            let angle = (random.within(0.0, 4.0).floor()) * TAU / 4.0;
            add("part", format!("half {:.0}°", angle.to_degrees()), shifted([0.5 * angle.cos(), 0.5 * angle.sin()]))?;
        }
    }
    Ok(cases)
}

/// Squares of large pictures in `folder` that show no faces, and small pictures whole.
pub(crate) fn scenes(folder: &Path, each: usize, seed: u64) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (index, path) in pulse::image::pictures_in(folder)?.into_iter().enumerate() {
        let picture = Reader::default().read(&path)?;
        let mut random = Random::new(seed, 1000 + index as u32);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let most = picture.width().min(picture.height()) as f64;
        if most <= SIDE as f64 {
            cases.push(Case { class: "scene", name, picture: picture.to_rgb() });
            continue;
        }
        for number in 0..each {
            let side = (random.within((SIDE as f64 / most).ln(), 0.0).exp() * most) as usize;
            let [left, top] = [picture.width(), picture.height()]
                .map(|length| random.within(0.0, (length - side + 1) as f64) as usize);
            let part = picture.crop(Rectangle { left, top, width: side, height: side })?;
            cases.push(Case { class: "scene", name: format!("{name} {number}"), picture: part.to_rgb() });
        }
    }
    Ok(cases)
}

/// Lines of text in two colours.
pub(crate) fn texts(count: usize, seed: u64) -> Result<Vec<Case>> {
    let mut random = Random::new(seed, 2000);
    let words = ["search", "the", "small", "Picture", "of", "1984", "WHERE", "face", "and", "x = 3;", "found", "not"];
    (0..count)
        .map(|index| {
            let mut colour = || [0; 3].map(|_| random.within(0.0, 256.0) as u8);
            let (mut paper, ink) = (colour(), colour());
            if index % 2 == 0 {
                paper = [255; 3];
            }
            let size = random.within(12.0, 60.0) as f32;
            let style = TextStyle { weight: Weight::Bold, size, colour: if index % 2 == 0 { [0; 3] } else { ink } };
            let mut canvas = Canvas::new(SIDE, SIDE, paper);
            let mut top = 0;
            while top < SIDE {
                let line: Vec<&str> = (0..6).map(|_| words[random.within(0.0, words.len() as f64) as usize]).collect();
                canvas.text(2, top, &line.join(" "), style);
                top += style.line_height();
            }
            Ok(Case { class: "text", name: index.to_string(), picture: canvas.into_image()? })
        })
        .collect()
}

/// Noise from white to smooth, and gradients.
pub(crate) fn noises(count: usize, seed: u64) -> Result<Vec<Case>> {
    let mut random = Random::new(seed, 3000);
    (0..count)
        .map(|index| {
            let side = [16, 16, 8, 4, 3, 2][index % 6];
            let picture = random.picture(if index % 4 == 0 { 1 } else { 3 }, side).to_rgb();
            let kernel = if side == 16 { Kernel::Nearest } else { Kernel::Bicubic };
            let picture = picture.resized(kernel, Size::new(64, 64))?;
            Ok(Case { class: "noise", name: format!("{index} of {side}"), picture })
        })
        .collect()
}
