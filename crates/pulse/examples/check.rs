//! What a check says of pictures of which it is known where they come from: the table in `docs/check.md`.
//!
//!     cargo run --release --example check -- target/check
//!
//! Each face of `examples/photos` is cut out at 256 pixels and shrunk to 16. Then it is compared with, among others, the true
//! original, an original with another person's eye, and enlargements. The pictures of the first face are left in the folder that is
//! named. Others are searched for the first face, or for as many as the number after the folder says.

#[path = "crops/mod.rs"]
mod crops;

use std::path::Path;
use std::sync::Arc;

use pulse::check::others;
use pulse::claim::{ClaimSettings, Comparison, Others, compare};
use pulse::engine::{Cpu, Engine};
use pulse::event::Silent;
use pulse::face::aligned;
use pulse::image::{Image, Kernel, Rectangle, Size, write_png};
use pulse::judge::random_pictures;
use pulse::measurement::MeasurementKind;
use pulse::search::{Problem, SearchConfig, search};
use pulse::session::Judge;
use pulse::{Opened, Result};

const SHARP: Size = Size::new(256, 256);
const SMALL: Size = Size::new(16, 16);

/// Round the eye on the viewer's left, in the generator's frame.
const EYE: Rectangle = Rectangle { left: 56, top: 96, width: 64, height: 48 };

/// A case, and what was found of it for each face.
type Row = (&'static str, Vec<(Comparison, Option<Others>)>);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "target/check".to_owned());
    let searched = arguments.next().and_then(|faces| faces.parse().ok()).unwrap_or(1);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let engine: Arc<dyn Engine> = Arc::new(Cpu::default());
    let opened = Opened::named("faces")?;
    let sharp: Vec<Image> = crops::faces()?
        .iter()
        .map(|(_, photograph, square)| Ok(aligned(photograph, square, SHARP.width)?.quantised()))
        .collect::<Result<_>>()?;
    let mut rows: Vec<Row> = Vec::new();
    let mut judge = Judge::default();
    for face in 0..sharp.len() {
        let small = sharp[face].resized(Kernel::Bicubic, SMALL)?.quantised();
        let claims = claims(&sharp, face, &opened, &*engine)?;
        for (case, (name, claim)) in claims.into_iter().enumerate() {
            if face == 0 {
                write_png(&Path::new(&folder).join(format!("{}.png", name.replace(' ', "-"))), &claim, None)?;
                write_png(&Path::new(&folder).join("small.png"), &small, None)?;
            }
            let comparison = compare(&claim, &small, &ClaimSettings::default(), &*engine)?;
            let config = SearchConfig::default();
            let mut search = || others(&comparison, &opened, &config, &mut judge, &engine, &mut Silent);
            let found = if face < searched { Some(search()?) } else { None };
            if rows.len() == case {
                rows.push((name, Vec::new()));
            }
            rows[case].1.push((comparison, found));
        }
    }
    print(&rows);
    Ok(())
}

/// What is claimed to be what the small picture of this face shows.
fn claims(sharp: &[Image], face: usize, opened: &Opened, engine: &dyn Engine) -> Result<Vec<(&'static str, Image)>> {
    let (original, another) = (&sharp[face], &sharp[(face + 1) % sharp.len()]);
    let small = original.resized(Kernel::Bicubic, SMALL)?.quantised();
    let spec = opened.generator.spec();
    let measurement = MeasurementKind::default().resolve(spec.channels, Size::new(spec.width, spec.height), SMALL)?;
    let config = SearchConfig { candidates: 1, seed: 100, ..SearchConfig::default() };
    let candidate_of = |small: &Image| -> Result<Image> {
        let problem = Problem::new(&*opened.generator, &*measurement, small);
        Ok(search(&problem, &config, engine, &mut Silent)?.remove(0).image.quantised())
    };
    let other = another.resized(Kernel::Bicubic, SMALL)?.quantised();
    let problem = Problem::new(&*opened.generator, &*measurement, &small);
    let random = random_pictures(&problem, &config, engine, face + 1)?.remove(face).quantised();
    Ok(vec![
        ("true original", original.clone()),
        ("original moved and darker", moved(original)?),
        ("original with another eye", with_eye_of(original, another)?),
        ("candidate", candidate_of(&small)?),
        ("candidate of another picture", candidate_of(&other)?),
        ("random face of the generator", random),
        ("bicubic enlargement", small.resized(Kernel::Bicubic, SHARP)?.quantised()),
        ("nearest enlargement", small.resized(Kernel::Nearest, SHARP)?.quantised()),
    ])
}

/// Five pixels to the right and three up, which are 0.31 and 0.19 of the small picture's, and 4 % darker.
fn moved(picture: &Image) -> Result<Image> {
    let Size { width, height } = picture.size();
    let from = |at: usize| {
        let (row, column) = (at / width % height, at % width);
        let plane = at / (width * height) * width * height;
        plane + (row + 3).min(height - 1) * width + column.saturating_sub(5)
    };
    let values = (0..picture.values().len()).map(|at| 0.96 * picture.values()[from(at)]).collect();
    Ok(Image::new(picture.channels(), height, width, values)?.quantised())
}

/// The picture with the eye of another in its place, made as bright there as the picture was, channel by channel, as a forger would.
fn with_eye_of(picture: &Image, another: &Image) -> Result<Image> {
    let Size { width, height } = picture.size();
    let mean = |image: &Image, channel: usize| -> Result<f32> {
        let eye = image.crop(EYE)?;
        let plane = &eye.values()[channel * EYE.width * EYE.height..][..EYE.width * EYE.height];
        Ok(plane.iter().sum::<f32>() / plane.len() as f32)
    };
    let mut values = picture.values().to_vec();
    for channel in 0..picture.channels() {
        let gain = mean(picture, channel)? / mean(another, channel)?.max(0.01);
        for row in EYE.top..EYE.top + EYE.height {
            let start = (channel * height + row) * width + EYE.left;
            let other = &another.values()[start..start + EYE.width];
            for (value, other) in values[start..].iter_mut().zip(other) {
                *value = gain * other;
            }
        }
    }
    Ok(Image::clamped(picture.channels(), height, width, values)?.quantised())
}

fn print(rows: &[Row]) {
    println!(
        "| the claim is | consistent | dB | its worst place, dB | by | others as good | nearest | between | outside |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, found) in rows {
        let consistent = found.iter().filter(|(comparison, _)| comparison.is_consistent()).count();
        let mut kernels: Vec<_> = found.iter().map(|(comparison, _)| comparison.measurement.to_string()).collect();
        kernels.sort();
        kernels.dedup();
        println!(
            "| {name} | {consistent} of {} | {} | {} | {} | {} |",
            found.len(),
            spread(found.iter().map(|(comparison, _)| comparison.db)),
            spread(found.iter().filter_map(|(comparison, _)| Some(comparison.contradiction.worst?.db))),
            kernels.join(", "),
            searched(found)
        );
    }
}

/// The median, and from the least to the most.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values[..] {
        [] => String::new(),
        [least, .., most] => format!("{:.1} ({least:.1} to {most:.1})", values[values.len() / 2]),
        [only] => format!("{only:.1}"),
    }
}

/// What was found of the faces for which others were searched.
fn searched(found: &[(Comparison, Option<Others>)]) -> String {
    let both = || found.iter().filter_map(|(comparison, others)| Some((comparison, others.as_ref()?)));
    let good = |(comparison, others): (&Comparison, &Others)| {
        others.candidates.iter().filter(|candidate| candidate.db >= comparison.db).count()
    };
    let counted: usize = both().map(good).sum();
    let all: usize = both().map(|(_, others)| others.candidates.len()).sum();
    let of = |value: fn(&Others) -> f64| spread(both().map(|(_, others)| value(others)));
    format!(
        "{counted} of {all} | {} | {} | {} %",
        of(|others| 255.0 * others.range.distance),
        of(|others| 255.0 * others.range.between),
        of(|others| 100.0 * others.range.outside),
    )
}
