//! Experiment.
use std::time::Instant;

use pulse::candidate::consistency_db;
use pulse::event::Silent;
use pulse::explore::{Coordinates, Derivatives, Point, Region, directions};
use pulse::generator::{EMBEDDED, LatentInput};
use pulse::image::Image;
use pulse::measurement::{MeasurementKind, Size};
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse::start::{Stream, draw};
use pulse_engine::{Cpu, Shape};

fn rms(a: &[f32]) -> f64 {
    (a.iter().map(|&a| f64::from(a).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

fn main() -> pulse::Result<()> {
    let engine = Cpu::default();
    let generator = EMBEDDED[0].open()?;
    let reach: f64 = std::env::args().nth(1).map_or(5.0, |a| a.parse().unwrap());
    let tol_db: f64 = std::env::args().nth(2).map_or(45.0, |a| a.parse().unwrap());
    for side in [8, 16] {
        for seed in 0..3 {
            let mut renderer = Renderer::new(&*generator, LatentInput::Z, &engine)?;
            let mut z = vec![0.0; 100];
            draw(
                &pulse::generator::Start::Normal,
                Stream { seed: 100 + seed, candidate: 0, draw: 0, input: 0 },
                &mut z,
            );
            let mut inputs = pulse::inputs::Inputs::default();
            inputs.insert("z", 1, Shape::Vector(100), z);
            let truth = Image::from_network(3, 64, 64, renderer.render(&inputs, 0)?)?;
            let kind = MeasurementKind::default();
            let target = kind.shrink(&truth, Size::new(side, side))?.quantised();
            let measurement = kind.resolve(3, Size::new(64, 64), target.size())?;
            let problem = Problem::new(&*generator, &*measurement, &target);
            let config = SearchConfig { candidates: 1, seed, ..SearchConfig::default() };
            let start = Instant::now();
            let found = search(&problem, &config, &engine, &mut Silent)?;
            let search_time = start.elapsed();
            let specs = pulse::generator::append_whole(
                &*generator,
                &mut pulse_engine::NetworkBuilder::new(),
                LatentInput::Z,
                &config.space,
            )?
            .inputs;
            let point: Point = specs.iter().map(|s| found[0].inputs[&s.name].clone()).collect();
            let coordinates = Coordinates::latent(&specs);
            let mut derivatives = Derivatives::new(&problem, &config.space, &engine, 8)?;
            let region = Region { tolerance: 10f64.powf(-tol_db / 20.0), reach };
            let start = Instant::now();
            let found_directions =
                directions(&mut derivatives, &coordinates, &point, region, measurement.known(), 6, 0, &mut |_| {
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap();
            println!(
                "## {side} seed {seed}: db {:.1} searched {:.1}; search {search_time:.2?}, directions {:.2?}",
                found[0].db,
                found[0].searched_db,
                start.elapsed()
            );
            for d in &found_directions {
                println!("gain {:.4} image/sd {:.4} meas/sd {:.5}", d.gain, d.image, d.measurement);
            }
            let random: Vec<Vec<f32>> = (0..8)
                .map(|i| {
                    let mut v = vec![0.0; 100];
                    draw(&pulse::generator::Start::Normal, Stream { seed: 7, candidate: i, draw: 0, input: 0 }, &mut v);
                    coordinates.project(&point, &mut v);
                    let l = v.iter().map(|x| x * x).sum::<f32>().sqrt();
                    v.iter_mut().for_each(|x| *x /= l);
                    v
                })
                .collect();
            let pairs: Vec<(&Point, &[f32])> = random.iter().map(|v| (&point, v.as_slice())).collect();
            for c in derivatives.forward(&coordinates, &pairs) {
                let (i, m) = (rms(&c.image), rms(&c.measured));
                println!(
                    "random: image/sd {i:.4} meas/sd {m:.5} gain {:.4}",
                    i / ((m / region.tolerance).powi(2) + reach.powi(-2)).sqrt()
                );
            }

            drop(derivatives);
            let mut corrector = pulse::explore::Corrector::new(&problem, &config, &engine, 16)?;
            let radii = corrector.derivatives.radii(&point);
            let joint = Coordinates::latent_and_features(&specs, &radii);
            let change = |a: &Image| a.mean_squared_difference(&found[0].image).sqrt();
            let mut vectors: Vec<Vec<f32>> = found_directions.iter().map(|d| d.vector.clone()).collect();
            vectors.extend(random.iter().take(6).cloned());
            // Nonlinear walk, uncorrected.
            let mut total = [0.0; 2];
            for (i, v) in vectors.iter().enumerate() {
                for sign in [1.0, -1.0] {
                    let mut best = 0.0;
                    let mut length = 0.0;
                    let steps: Vec<Point> = (1..=100)
                        .map(|k| {
                            let t = sign * 0.1 * k as f32;
                            let v: Vec<f32> = v.iter().map(|v| t * v).collect();
                            coordinates.travel(&point, &v)
                        })
                        .collect();
                    for (k, seen) in corrector.derivatives.see(&steps).into_iter().enumerate() {
                        let m: f64 = seen
                            .measured
                            .iter()
                            .zip(target.values())
                            .map(|(a, b)| f64::from(a - b).powi(2))
                            .sum::<f64>()
                            / target.values().len() as f64;
                        if m.sqrt() > region.tolerance {
                            break;
                        }
                        best = change(&Image::from_network(3, 64, 64, &seen.image)?);
                        length = 0.1 * (k + 1) as f64;
                    }
                    println!("walk {i} {sign}: length {length:.1} change {best:.4}");
                    total[usize::from(i >= 6)] += best;
                    if i == 0 {
                        println!("  first {best:.4}");
                    }
                }
            }
            println!("walk mean directions {:.4} random {:.4}", total[0] / 12.0, total[1] / 12.0);
            for (name, coords) in [("latent", &coordinates), ("joint", &joint)] {
                for t in [1.0f32, 3.0, 5.0] {
                    let mut points: Vec<Point> = vectors
                        .iter()
                        .map(|v| {
                            let v: Vec<f32> = v.iter().map(|v| t * v).collect();
                            coordinates.travel(&point, &v)
                        })
                        .collect();
                    let raw: Vec<Point> = points.clone();
                    let s = Instant::now();
                    let _ = corrector.approach(coords, &mut points, &mut |_| std::ops::ControlFlow::Continue(()));
                    let e = s.elapsed();
                    let lengths: Vec<f64> = points.iter().map(|p| coordinates.distance(p, &point)).collect();
                    let frames = corrector.finish(&points)?;
                    let plain = corrector.finish(&raw)?;
                    let mean =
                        |f: &[pulse::explore::Frame]| f.iter().map(|f| change(&f.image)).sum::<f64>() / f.len() as f64;
                    println!(
                        "{name} t={t}: {e:.2?} all: {:?}",
                        frames
                            .iter()
                            .zip(&lengths)
                            .map(|(f, l)| format!("{:.3}/{l:.1}/{:.0}", change(&f.image), f.own_db))
                            .collect::<Vec<_>>()
                    );
                    println!(
                        "   worst {:.1}; corrected: first {:.4} mean {:.4} random {:.4}; ratio {:.2}; projected only {:.4} {:.4} {:.4}",
                        frames.iter().map(|f| f.db).fold(f64::INFINITY, f64::min),
                        change(&frames[0].image),
                        mean(&frames[..6]),
                        mean(&frames[6..]),
                        change(&frames[0].image) / mean(&frames[6..]),
                        change(&plain[0].image),
                        mean(&plain[..6]),
                        mean(&plain[6..])
                    );
                }
            }
            let mut derivatives = Derivatives::new(&problem, &config.space, &engine, 8)?;
            let seen = derivatives.see(&[point.clone()]);
            let e: f64 =
                seen[0].measured.iter().zip(target.values()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
                    / target.values().len() as f64;
            println!("again {:.1} dB", consistency_db(e));
        }
    }
    Ok(())
}
