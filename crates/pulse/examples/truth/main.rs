//! The table of `docs/priors.md`: how far from the exact posterior the samples of the null-space sampler are, for priors whose
//! posterior is a closed formula.
//!
//! ```text
//! cargo run --release -p pulse-upsample --example truth -- [samples=N] [targets=N] [settings=1] [noise=1]
//! ```
//!
//! The published sampler (the residual is forgotten), the residual carried twice, and carried as measured; 10 to 100 evaluations;
//! without noise and with noise. The line `exact` is of exact draws of the posterior, as many. With `settings=1` the sampler's
//! settings are changed one at a time; with `noise=1` the searches of a denoiser's noise take its place, the descent and Langevin dynamics.

mod draws;
mod linear;
mod mixture;
mod pictures;
mod problem;
mod through_noise;

use pulse::Result;
use pulse::sampler::{Carry, NullSpaceConfig, Spacing};

use mixture::{Kind, Mixture};
use pictures::{Chosen, Pictures};
use problem::Figures;
use through_noise::ThroughNoise;

const EVALUATIONS: [usize; 4] = [10, 20, 50, 100];
const FORMS: [(&str, Carry); 3] =
    [("published", Carry::Never), ("carried twice", Carry::Times(2.0)), ("carried as measured", Carry::Measured)];
/// The prior, the numbers, how many are measured, how far apart modes are, the noise.
const MIXTURES: [(&str, Kind, usize, usize, f64, f64); 6] = [
    ("flat, 4 of 32", Kind::Flat, 32, 4, 0.35, 0.0),
    ("flat, 8 of 32", Kind::Flat, 32, 8, 0.3, 0.0),
    ("steep, 8 of 64", Kind::Steep, 64, 8, 0.8, 0.0),
    ("flat, 8 of 32, noise 0.1", Kind::Flat, 32, 8, 0.3, 0.1),
    ("flat, 8 of 32, noise 0.3", Kind::Flat, 32, 8, 0.3, 0.3),
    ("steep, 8 of 64, noise 0.3", Kind::Steep, 64, 8, 0.8, 0.3),
];
/// The noise of the targets of a finite set, in which 3 of 24 directions are measured.
const NOISES: [f64; 3] = [0.03, 0.1, 0.3];

fn main() -> Result<()> {
    let option = |name: &str| {
        std::env::args().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('=')?.parse::<usize>().ok())
    };
    let (samples, targets) = (option("samples").unwrap_or(200), option("targets").unwrap_or(8));
    if option("settings").is_some() {
        return settings(samples, targets);
    }
    if option("noise").is_some() {
        return through_noise(samples, targets);
    }
    println!("| a mixture of Gaussians | residual | {} |", EVALUATIONS.map(|count| count.to_string()).join(" | "));
    println!("|---|---|{}", "---|".repeat(EVALUATIONS.len()));
    for (name, kind, size, measured, apart, noise) in MIXTURES {
        let mut mixture = Mixture::new(kind, size, measured, apart, noise, targets);
        println!("| {name} | exact | {} | | | |", words(mixture.floor(samples)));
        row(name, &mut |config| Ok(words(mixture.judge(config, samples)?)))?;
    }
    println!("\n| a finite set | residual | {} |", EVALUATIONS.map(|count| count.to_string()).join(" | "));
    println!("|---|---|{}", "---|".repeat(EVALUATIONS.len()));
    for noise in NOISES {
        let mut pictures = Pictures::new(200, 24, 3, noise, targets);
        let name = format!("noise {noise}");
        println!("| {name} | exact | {} | | | |", chosen(pictures.floor(samples)));
        row(&name, &mut |config| Ok(chosen(pictures.judge(config, samples)?)))?;
    }
    Ok(())
}

/// The searches of a denoiser's noise, beside the sampler.
fn through_noise(samples: usize, targets: usize) -> Result<()> {
    println!(
        "| a mixture of Gaussians | exact | null-space, 50 | descent | Langevin, every 10 steps | every 100 |\n|---|---|---|---|---|---|"
    );
    for (name, kind, size, measured, apart, noise) in MIXTURES {
        let mut mixture = Mixture::new(kind, size, measured, apart, noise, targets);
        let exact = words(mixture.floor(samples));
        let sampled = words(mixture.judge(&NullSpaceConfig::default(), samples)?);
        let descent = mixture.judged(|at| Ok(ThroughNoise::new(&mixture, at)?.by_descent(samples)))?;
        let langevin =
            |between| mixture.judged(|at| Ok(ThroughNoise::new(&mixture, at)?.by_langevin(samples, between)));
        let [often, seldom] = [words(langevin(10)?), words(langevin(100)?)];
        println!("| {name} | {exact} | {sampled} | {} | {often} | {seldom} |", words(descent));
    }
    Ok(())
}

/// A line of a table for each form of the sampler.
fn row(name: &str, judge: &mut dyn FnMut(&NullSpaceConfig) -> Result<String>) -> Result<()> {
    for (form, carry) in FORMS {
        let mut cells = Vec::new();
        for steps in EVALUATIONS {
            cells.push(judge(&NullSpaceConfig { steps, carry, ..NullSpaceConfig::default() })?);
        }
        println!("| {name} | {form} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// Other settings than the defaults, one at a time.
fn settings(samples: usize, targets: usize) -> Result<()> {
    let default = NullSpaceConfig::default();
    let spaced = |spacing| NullSpaceConfig { spacing, ..default.clone() };
    let second = |second_order| NullSpaceConfig { second_order, ..default.clone() };
    let varied = |variance| NullSpaceConfig { variance, ..default.clone() };
    let carried = |times| NullSpaceConfig { carry: Carry::Times(times), ..default.clone() };
    let cases = [
        ("default", default.clone()),
        ("power 0.5", spaced(Spacing::Flow { power: 0.5 })),
        ("power 0.8", spaced(Spacing::Flow { power: 0.8 })),
        ("power 1", spaced(Spacing::Flow { power: 1.0 })),
        ("Karras", spaced(Spacing::Karras)),
        ("second order 0", second(0.0)),
        ("second order 0.5", second(0.5)),
        ("second order 1", second(1.0)),
        ("variance 0.1", varied(0.1)),
        ("variance 1", varied(1.0)),
        ("carried once", carried(1.0)),
        ("carried three times", carried(3.0)),
    ];
    for (name, kind, size, measured, apart, noise) in MIXTURES {
        let mut mixture = Mixture::new(kind, size, measured, apart, noise, targets);
        for (setting, config) in &cases {
            let mut cells = Vec::new();
            for steps in [20, 50] {
                cells.push(words(mixture.judge(&NullSpaceConfig { steps, ..config.clone() }, samples)?));
            }
            println!("| {name} | {setting} | {} |", cells.join(" | "));
        }
    }
    for noise in NOISES {
        let mut pictures = Pictures::new(200, 24, 3, noise, targets);
        for (setting, config) in &cases {
            let mut cells = Vec::new();
            for steps in [20, 50] {
                cells.push(chosen(pictures.judge(&NullSpaceConfig { steps, ..config.clone() }, samples)?));
            }
            println!("| a finite set, noise {noise} | {setting} | {} |", cells.join(" | "));
        }
    }
    Ok(())
}

fn words(figures: Figures) -> String {
    let Figures { mean, spread, within, weights } = figures;
    format!("{mean:.2} {spread:.2} {within:.2} {weights:.2}")
}

fn chosen(chosen: Chosen) -> String {
    format!("{:.2} {:.2} {:.3}", chosen.weights, chosen.mean, chosen.away)
}
