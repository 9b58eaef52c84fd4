//! `docs/measurements.png`: a row for each measurement, with the truth, what was measured of it, the best of four
//! candidates, and what that one shrinks to.
//!
//! ```text
//! cargo run --release --example measurements [OUT.png]
//! ```
//!
//! The truth is a photograph's face (`examples/photos`) at the generator's 64 pixels. Where the picture that was
//! measured has noise, the search knows its standard deviation and nothing else of it.

use std::path::{Path, PathBuf};

use pulse::Result;
use pulse::event::Silent;
use pulse::generator::EMBEDDED;
use pulse::image::{Extent, Image, Provenance, Reader, Rectangle, write_png};
use pulse::measurement::{Kernel, MeasurementKind, Size, read_files};
use pulse::search::{Problem, SearchConfig, search};
use pulse::sheet::canvas::{Canvas, TextStyle, Weight, pixelated, smooth};
use pulse_engine::Cpu;

/// The measurement, the size of what is measured, and the noise in 1/255.
const ROWS: [(&str, usize, f64); 16] = [
    ("bicubic", 16, 0.0),
    ("bicubic:8", 8, 0.0),
    ("area", 16, 0.0),
    ("lanczos3", 16, 0.0),
    ("nearest", 16, 0.0),
    ("gaussian:2", 64, 0.0),
    ("gaussian:3,bicubic", 32, 0.0),
    ("motion:9@30", 64, 0.0),
    ("disk:4", 64, 0.0),
    ("psf:PSF", 64, 0.0),
    ("gray,bicubic", 16, 0.0),
    ("channels:R,bicubic", 32, 0.0),
    ("channels:RB,area", 16, 0.0),
    ("mask:MASK", 64, 0.0),
    ("area", 16, 25.0),
    ("gray,gaussian:1.5,mask:MASK", 64, 10.0),
];

const SIDE: usize = 64;
const BOX: usize = 128;
const GAP: usize = 12;
const TEXT: usize = 290;
const HEADER: usize = 40;
const HEADING: TextStyle = TextStyle { weight: Weight::Bold, size: 14.0, colour: [28, 28, 30] };
const BODY: TextStyle = TextStyle { weight: Weight::Regular, size: 13.0, colour: [98, 98, 102] };

fn main() -> Result<()> {
    let out = std::env::args().nth(1).map_or_else(|| PathBuf::from("docs/measurements.png"), PathBuf::from);
    let folder = std::env::temp_dir().join(format!("pulse-measurements-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the files that measurements name");
    let drawn = draw(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    let provenance = Provenance { extent: Extent::Composite, ..Provenance::new(EMBEDDED[0].name, 0) };
    write_png(&out, &drawn?, Some(&provenance))
}

fn draw(folder: &Path) -> Result<Image> {
    let (psf, mask) = (folder.join("psf.png"), folder.join("mask.png"));
    write_png(&psf, &ring()?, None)?;
    write_png(&mask, &scratches()?, None)?;
    let truth = truth()?;
    let width = TEXT + 4 * (BOX + GAP) + GAP;
    let mut canvas = Canvas::new(width, HEADER + ROWS.len() * (BOX + GAP) + GAP, [250, 250, 248]);
    for (column, title) in ["truth", "measured", "best candidate", "it shrinks to"].into_iter().enumerate() {
        canvas.lines(TEXT + column * (BOX + GAP), GAP, &[title.to_owned()], HEADING);
    }
    for (index, (text, side, noise)) in ROWS.into_iter().enumerate() {
        let kind: MeasurementKind =
            text.replace("PSF", &psf.display().to_string()).replace("MASK", &mask.display().to_string()).parse()?;
        let kind = read_files(&kind)?;
        let row = row(&kind, &truth, side, noise)?;
        let top = HEADER + index * (BOX + GAP);
        let title = text.replace("PSF", "psf.png").replace("MASK", "mask.png");
        canvas.lines(GAP, top + 40, &[title], HEADING);
        let noise = if noise > 0.0 { format!(", noise {noise}/255") } else { String::new() };
        let mut lines =
            vec![format!("64x64 to {side}x{side}{noise}"), format!("{:.1} dB to what was measured", row.db)];
        if !noise.is_empty() {
            lines.push(format!("{:.1} dB to it without its noise", row.clean_db));
        }
        canvas.lines(GAP, top + 60, &lines, BODY);
        println!("{text:<32} {side:>3} {noise:<14} {:>6.1} dB, {:>6.1} dB to the clean one", row.db, row.clean_db);
        for (column, picture) in [&truth, &row.measured, &row.candidate, &row.shrunk].into_iter().enumerate() {
            let shown = if picture.width() == SIDE { smooth } else { pixelated };
            let size = Size::new(BOX, BOX);
            canvas.picture(TEXT + column * (BOX + GAP), top, &shown(picture, size)?);
        }
    }
    canvas.into_image()
}

struct Row {
    measured: Image,
    candidate: Image,
    shrunk: Image,
    db: f64,
    clean_db: f64,
}

fn row(kind: &MeasurementKind, truth: &Image, side: usize, noise: f64) -> Result<Row> {
    let generator = EMBEDDED[0].open()?;
    let size = Size::new(side, side);
    let measurement = kind.resolve(3, truth.size(), size)?;
    let clean = kind.shrink(truth, size, &Cpu::default())?;
    let target = measurement.adopt(noisy(&clean, noise)?.quantised())?;
    let mut config = SearchConfig { candidates: 4, ..SearchConfig::default() };
    if noise > 0.0 {
        config = config.with_noise(noise / 255.0);
    }
    let problem = Problem::new(&*generator, &*measurement, &target);
    let found = search(&problem, &config, &Cpu::default(), &mut Silent)?;
    let best = found.into_iter().max_by(|a, b| a.searched_db.total_cmp(&b.searched_db)).expect("four candidates");
    let share = measurement.known() as f64 / target.values().len() as f64;
    let clean_db = pulse::candidate::consistency_db(best.measured.mean_squared_difference(&clean) / share);
    Ok(Row { measured: target.clone(), candidate: best.image, shrunk: best.measured, db: best.db, clean_db })
}

fn truth() -> Result<Image> {
    let photograph = Reader::default().read("examples/photos/p001_studio_portrait.jpg".as_ref())?;
    let face = photograph.crop(Rectangle { left: 239, top: 176, width: 541, height: 541 })?;
    face.resized(Kernel::Bicubic, Size::new(SIDE, SIDE))
}

/// The picture with normal noise, the same every time.
fn noisy(picture: &Image, sigma: f64) -> Result<Image> {
    let mut noise = vec![0.0; picture.values().len()];
    let stream = pulse::random::Stream { seed: 255, candidate: 0, draw: 0, input: 0 };
    pulse::generator::draw(&pulse::generator::Start::Normal, stream, &mut noise);
    let values = picture.values().iter().zip(&noise).map(|(value, noise)| value + noise * sigma as f32 / 255.0);
    Image::clamped(picture.channels(), picture.height(), picture.width(), values.collect())
}

/// What a telescope with a mirror in the middle makes of a star out of focus.
fn ring() -> Result<Image> {
    let value = |pixel: usize| {
        let (x, y) = ((pixel % 9) as f32 - 4.0, (pixel / 9) as f32 - 4.0);
        (1.0 - (x.hypot(y) - 3.0).abs()).max(0.0)
    };
    Image::new(1, 9, 9, (0..81).map(value).collect())
}

/// A mask with scratches and a hole, black where pixels are missing.
fn scratches() -> Result<Image> {
    let known = |pixel: usize| {
        let (x, y) = (pixel % SIDE, pixel / SIDE);
        let hole = (36..54).contains(&x) && (22..36).contains(&y);
        let scratch = (x + 2 * y) % 23 < 3;
        f32::from(u8::from(!hole && !scratch))
    };
    Image::new(1, SIDE, SIDE, (0..SIDE * SIDE).map(known).collect())
}
