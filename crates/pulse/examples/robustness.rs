//! What noise and motion do to a search, as in the paper (Menon et al. 2020, section 5): Gaussian noise of 25 and 50,
//! salt and pepper on 5 % of the numbers, and a motion blur of 100 pixels.
//!
//! ```text
//! cargo run --release --example robustness
//! ```
//!
//! Every face in `examples/photos` is brought to the generator's 64 pixels and shrunk to 16x16; noise, in 1/255, is
//! added to the small picture, clipped and rounded to 8 bits. The paper's pictures have 1024 pixels, and its motion is
//! 100 of those: here it is 100 · 64 / 1024 = 6.25 pixels, before the picture is shrunk.
//!
//! Each is searched twice: as if nothing had happened, and with what happened said: `--sigma`, or the motion as a part of
//! the measurement. The figures are means over the candidates, four a face: how well they agree with the small
//! picture that was searched for, and with the one of the truth, without noise or motion.

use std::path::Path;

use pulse::Result;
use pulse::candidate::{Candidate, consistency_db};
use pulse::event::Silent;
use pulse::generator::draw;
use pulse::generator::{EMBEDDED, Generator, Start};
use pulse::image::{Image, Reader, Rectangle};
use pulse::measurement::{Kernel, MeasurementKind, Size};
use pulse::random::Stream;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

const PHOTOGRAPHS: &str = "examples/photos";
const SMALL: Size = Size::new(16, 16);

/// What happens to a picture.
#[derive(Clone, Copy)]
enum Damage {
    Nothing,
    /// Of this standard deviation, in 1/255.
    Gaussian(f32),
    /// On this share of the numbers.
    SaltAndPepper(f32),
    Motion(&'static str),
}

const DAMAGES: [(&str, Damage); 5] = [
    ("nothing", Damage::Nothing),
    ("Gaussian noise 25", Damage::Gaussian(25.0)),
    ("Gaussian noise 50", Damage::Gaussian(50.0)),
    ("salt and pepper 5 %", Damage::SaltAndPepper(0.05)),
    ("motion 100 of 1024", Damage::Motion("motion:6.25@0,bicubic")),
];

fn main() -> Result<()> {
    let generator = EMBEDDED[0].open()?;
    let truths = truths()?;
    println!("damage                 as if there were none       with what happened said");
    println!("                        to target    to truth       to target    to truth");
    for (name, damage) in DAMAGES {
        let mut sums = [0.0; 4];
        for (number, truth) in truths.iter().enumerate() {
            let (target, kind, sigma) = damaged(truth, damage, number as u32)?;
            for (column, (kind, sigma)) in [(MeasurementKind::default(), 0.0), (kind, sigma)].into_iter().enumerate() {
                let [to_target, to_truth] = figures(&*generator, &kind, sigma, &target, truth)?;
                sums[2 * column] += to_target;
                sums[2 * column + 1] += to_truth;
            }
        }
        let [a, b, c, d] = sums.map(|sum| sum / truths.len() as f64);
        println!("{name:<22} {a:>7.1} dB {b:>7.1} dB      {c:>7.1} dB {d:>7.1} dB");
    }
    Ok(())
}

/// The faces at the generator's size.
fn truths() -> Result<Vec<Image>> {
    let table = std::fs::read_to_string(format!("{PHOTOGRAPHS}/crops.csv")).expect("run it in the repository's root");
    let face = |row: &str| {
        let fields: Vec<&str> = row.split(',').collect();
        let number = |i: usize| fields[i].parse().expect("a number of pixels");
        let part = Rectangle { left: number(1), top: number(2), width: number(3), height: number(4) };
        let photograph = Reader::default().read(&Path::new(PHOTOGRAPHS).join(fields[0]))?;
        photograph.crop(part)?.resized(Kernel::Bicubic, Size::new(64, 64))
    };
    table.lines().skip(1).map(face).collect()
}

/// The small picture after the damage, and what one who knows of it says to the search.
fn damaged(truth: &Image, damage: Damage, number: u32) -> Result<(Image, MeasurementKind, f64)> {
    let plain = MeasurementKind::default();
    let clean = plain.shrink(truth, SMALL, &Cpu::default())?;
    let mut noise = vec![0.0f32; clean.values().len()];
    draw(&Start::Normal, Stream { seed: 255, candidate: number, draw: 0, input: 0 }, &mut noise);
    let with = |value: &dyn Fn(f32, f32) -> f32| {
        let values = clean.values().iter().zip(&noise).map(|(&own, &noise)| value(own, noise));
        Ok::<_, pulse::Error>(Image::clamped(3, SMALL.height, SMALL.width, values.collect())?.quantised())
    };
    match damage {
        Damage::Nothing => Ok((clean.quantised(), plain, 0.0)),
        Damage::Gaussian(sigma) => {
            let target = with(&|own, noise| own + noise * sigma / 255.0)?;
            Ok((target, plain, f64::from(sigma) / 255.0))
        }
        Damage::SaltAndPepper(share) => {
            // Two-sided: 1.96 standard deviations leave out a share of 5 %.
            assert!((share - 0.05).abs() < 1e-6, "the quantile below is that of 5 %");
            let target = with(&|own, noise| {
                if noise > 1.96 {
                    1.0
                } else if noise < -1.96 {
                    0.0
                } else {
                    own
                }
            })?;
            // No Gaussian has such tails: the standard deviation is what the damage has on average.
            let sigma = clean.mean_squared_difference(&target).sqrt();
            Ok((target, plain, sigma))
        }
        Damage::Motion(text) => {
            let kind: MeasurementKind = text.parse()?;
            Ok((kind.shrink(truth, SMALL, &Cpu::default())?.quantised(), kind, 0.0))
        }
    }
}

/// The mean consistency with the target, and with what the truth shrinks to.
fn figures(
    generator: &dyn Generator,
    kind: &MeasurementKind,
    sigma: f64,
    target: &Image,
    truth: &Image,
) -> Result<[f64; 2]> {
    let measurement = kind.resolve(3, truth.size(), target.size())?;
    let config = SearchConfig { candidates: 4, ..SearchConfig::default() };
    let config = if sigma > 0.0 { config.with_noise(sigma) } else { config };
    let problem = Problem::new(generator, &*measurement, target);
    let found = search(&problem, &config, &Cpu::default(), &mut Silent)?;
    let plain = MeasurementKind::default();
    let clean = plain.shrink(truth, SMALL, &Cpu::default())?;
    let to_truth = |candidate: &Candidate| {
        let own = plain.shrink(&candidate.image, SMALL, &Cpu::default())?;
        Ok::<_, pulse::Error>(consistency_db(own.mean_squared_difference(&clean)))
    };
    let count = found.len() as f64;
    let to_target = found.iter().map(|candidate| candidate.db).sum::<f64>() / count;
    let to_truth = found.iter().map(to_truth).sum::<Result<f64>>()? / count;
    Ok([to_target, to_truth])
}
