//! A measurement of one's own: a line camera, which sees the mean of each column of the picture and nothing else.
//!
//! ```text
//! cargo run --release --example own_measurement -- [folder=line-camera]
//! ```
//!
//! `A` is written in the engine's operators, so that its adjoint, which the search and the projection need, comes by itself. The
//! folder of the run is like any other. Whoever takes the run up again has to bring the measurement, as no text holds it.

use std::path::Path;
use std::sync::Arc;

use pulse::engine::{Cpu, Engine, NetworkBuilder, Operator, SeparableMap, Shape, SparseMatrix, Value};
use pulse::event::Silent;
use pulse::generator::GeneratorSpec;
use pulse::image::Image;
use pulse::measurement::{Kernel, Measurement, resize_matrix};
use pulse::record::InputRecord;
use pulse::run::RunFolder;
use pulse::search::SearchConfig;
use pulse::session::{Found, Judge, Labels, Session};
use pulse::{Opened, Prepared, Result};

/// How many columns the camera tells apart.
const COLUMNS: usize = 16;

/// `y[c, 0, j] = mean of x[c]` over the `j`-th of so many equally wide columns.
#[derive(Debug)]
pub struct LineCamera {
    picture: Shape,
    columns: usize,
}

impl LineCamera {
    /// Before the pictures of a generator.
    pub fn new(generator: &GeneratorSpec, columns: usize) -> Self {
        Self { picture: Shape::map(generator.channels, generator.height, generator.width), columns }
    }
}

impl Measurement for LineCamera {
    fn input_shape(&self) -> Shape {
        self.picture
    }

    fn output_shape(&self) -> Shape {
        Shape::map(self.picture.channels(), 1, self.columns)
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value> {
        let Shape::Map { height, width, .. } = self.picture else { unreachable!("`new` makes a map") };
        let mean = (0..height).map(|row| (row, 1.0 / height as f64)).collect();
        let vertical = Arc::new(SparseMatrix::from_rows(height, [mean]));
        let horizontal = Arc::new(resize_matrix(Kernel::Area, width, self.columns)?);
        Ok(builder.add(Operator::SeparableMap(SeparableMap { vertical, horizontal }), &[image])?)
    }

    fn describe(&self) -> String {
        format!("line camera of {} columns", self.columns)
    }

    /// The name by which a run knows it again.
    fn text(&self) -> Option<String> {
        Some(format!("line-camera:{}", self.columns))
    }
}

/// Searches for what the camera saw, and leaves a folder.
pub fn search_in(folder: &Path, seen: Image, config: SearchConfig) -> Result<Found> {
    let engine: Arc<dyn Engine> = Arc::new(Cpu::default());
    let opened = Opened::named("faces")?;
    let camera = LineCamera::new(opened.generator.spec(), seen.width());
    let prepared = Arc::new(Prepared::own(seen, Arc::new(camera)));
    let input = InputRecord { path: "camera".into(), sha256: String::new(), width: prepared.target.width(), height: 1 };

    let run = RunFolder::create(folder, false)?;
    let mut session = Session::start(opened, prepared, config, engine)?;
    session.run(&mut Silent)?;
    let found = session.finish(&mut Silent)?;
    let labels = Labels::of(input);
    found.save(&run, labels, &mut Judge::default())?;
    Ok(found)
}

/// What the camera might see: light from the left, warm in the middle.
pub fn seen() -> Result<Image> {
    let at = |column: usize| column as f32 / (COLUMNS - 1) as f32;
    let channel = |warmth: f32| move |column| 0.6 - 0.3 * at(column) + warmth * (1.0 - at(column)) * at(column);
    Image::new(
        3,
        1,
        COLUMNS,
        [0.5, 0.3, 0.2].into_iter().flat_map(|warmth| (0..COLUMNS).map(channel(warmth))).collect(),
    )
}

fn main() -> Result<()> {
    let argument = std::env::args().nth(1);
    let folder = argument.as_deref().and_then(|argument| argument.strip_prefix("folder=")).unwrap_or("line-camera");
    let found = search_in(Path::new(folder), seen()?, SearchConfig::default())?;
    for candidate in &found.candidates {
        println!("candidate {}: {:.1} dB", candidate.index + 1, candidate.db);
    }

    // Later, perhaps in another program: the run with its measurement.
    let run = pulse::run::Run::open(Path::new(folder))?;
    let opened = Opened::named("faces")?;
    run.check_generator(&opened.record)?;
    let camera = LineCamera::new(opened.generator.spec(), COLUMNS);
    let solved = run.reopen_measured(opened.generator, Arc::new(camera))?;
    println!("taken up again from {folder}: {} candidates", solved.numbers.len());
    Ok(())
}
