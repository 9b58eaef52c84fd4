//! The photographs in `examples/photos`, and the faces in them.

use std::path::Path;

use pulse::Result;
use pulse::face::Square;
use pulse::image::{Image, Reader};

/// Where the photographs are, from the repository's root.
const PHOTOGRAPHS: &str = "examples/photos";

/// The name of each photograph, its pixels, and the square of the face in it, as `crops.csv` has it.
pub(crate) fn faces() -> Result<Vec<(String, Image, Square)>> {
    let folder = Path::new(PHOTOGRAPHS);
    let table = std::fs::read_to_string(folder.join("crops.csv")).expect("run it in the repository's root");
    let face = |row: &str| {
        let fields: Vec<&str> = row.split(',').collect();
        let number = |i: usize| fields[i].parse::<f64>().expect("a number of pixels");
        let centre = [number(1) + number(3) / 2.0 - 0.5, number(2) + number(4) / 2.0 - 0.5];
        let photograph = Reader::default().read(&folder.join(fields[0]))?;
        Ok((fields[0].trim_end_matches(".jpg").to_owned(), photograph, Square::upright(centre, number(3))))
    };
    table.lines().skip(1).map(face).collect()
}
