//! A StyleGAN of the published widths with random weights: how long it takes to read, to draw and to search,
//! and how much memory that needs.
//!
//! ```text
//! cargo run --release --example large_stylegan -- [RESOLUTION] [STEPS]
//! ```

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use pulse::Result;
use pulse::event::SearchEvent;
use pulse::generator::from_checkpoint;
use pulse::image::Image;
use pulse::measurement::{MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor};
use pulse_engine::Cpu;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>().expect("a whole number"));
    let resolution = arguments.next().unwrap_or(1024);
    let steps = arguments.next().unwrap_or(3);

    let started = Instant::now();
    let tensors = Weights::default().stylegan(resolution);
    let checkpoint = Checkpoint { format: Format::TorchZip, tensors, configuration: Configuration::new() };
    let generator = from_checkpoint(&checkpoint)?;
    drop(checkpoint);
    let spec = generator.spec();
    println!(
        "StyleGAN {resolution}: {:.1} million parameters, made in {:.1?}",
        spec.parameters as f64 / 1e6,
        started.elapsed()
    );

    let target = Image::new(3, 32, 32, (0..3072).map(|i| (i % 97) as f32 / 96.0).collect())?;
    let measurement = MeasurementKind::default().resolve(3, Size::new(spec.width, spec.height), target.size())?;
    let problem = Problem::new(&*generator, &*measurement, &target);
    let mut begun = Instant::now();
    let mut seconds = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            println!("step {}: L2 {:.4}, {:.2?}", step.step, step.losses[0].1, begun.elapsed());
            seconds.push(begun.elapsed().as_secs_f64());
            begun = Instant::now();
        }
        ControlFlow::Continue(())
    };
    let config = SearchConfig { steps, ..SearchConfig::paper() };
    search(&problem, &config, &Cpu::default(), &mut observer)?;
    seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    if let Some(median) = seconds.get(seconds.len() / 2) {
        println!("median {median:.2} s a step (the first one compiles too)");
    }
    if let Some(peak) = peak_memory() {
        println!("peak memory {peak}");
    }
    Ok(())
}

/// What the system counted as the most memory of this process, where it says so.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

/// Named tensors of random numbers, from a small linear congruential generator.
struct Weights {
    state: u64,
    tensors: BTreeMap<String, Tensor>,
}

impl Default for Weights {
    fn default() -> Self {
        Self { state: 1, tensors: BTreeMap::new() }
    }
}

impl Weights {
    /// Uniform numbers of variance 1: StyleGAN's weights are scaled when they are used.
    fn add(&mut self, name: &str, shape: &[usize]) {
        let numbers: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((self.state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 12f32.sqrt()
            })
            .collect();
        self.tensors.insert(name.into(), Tensor::new(shape, numbers).expect("as many numbers as the shape has"));
    }

    fn layer(&mut self, name: &str, shape: &[usize], outputs: usize) {
        self.add(&format!("{name}.weight"), shape);
        self.add(&format!("{name}.bias"), &[outputs]);
    }

    /// The names of PULSE's files, with 512 channels that fall to 16 at 1024 pixels.
    fn stylegan(mut self, resolution: usize) -> BTreeMap<String, Tensor> {
        for index in 0..8 {
            self.layer(&format!("mapping.dense{index}"), &[512, 512], 512);
        }
        let channels = |size: usize| (16_384 / size).min(512);
        let mut size = 4;
        while size <= resolution {
            let (from, to) = (channels(size / 2), channels(size));
            let block = format!("synthesis.blocks.{size}x{size}");
            if size == 4 {
                self.add(&format!("{block}.const"), &[1, to, 4, 4]);
                self.add(&format!("{block}.bias"), &[to]);
                self.layer(&format!("{block}.conv"), &[to, to, 3, 3], to);
            } else {
                self.layer(&format!("{block}.conv0_up"), &[to, from, 3, 3], to);
                self.layer(&format!("{block}.conv1"), &[to, to, 3, 3], to);
            }
            for place in 1..=2 {
                self.add(&format!("{block}.epi{place}.noise.weight"), &[to]);
                self.layer(&format!("{block}.epi{place}.style_mod.lin"), &[2 * to, 512], 2 * to);
            }
            size *= 2;
        }
        self.layer("synthesis.torgb", &[3, channels(resolution), 1, 1], 3);
        self.tensors
    }
}
