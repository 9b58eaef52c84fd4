//! How many grids of pixelated pictures are found, of those that `scripts/mosaics.py` makes.
//!
//!     cargo run --release --example mosaics -- FOLDER

use std::path::PathBuf;
use std::time::Instant;

use pulse::image::Reader;
use pulse::mosaic::Mosaic;

/// Edges may be off by so many pixels, and a size by so much of itself over all blocks.
const NEAR: f64 = 0.75;
const SIZE: f64 = 0.02;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name the folder of scripts/mosaics.py")?);
    let table = std::fs::read_to_string(folder.join("mosaics.csv"))?;
    let (mut right, mut mosaics, mut wrong, mut guessed, mut plain) = (0, 0, 0, 0, 0);
    let (mut longest, mut longest_guess) = (0.0_f64, 0.0_f64);
    for line in table.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let [block, left, top, x, y, width, height] =
            std::array::from_fn(|index| fields[index + 2].parse().unwrap_or(0.0));
        let picture = Reader::default().read(&folder.join(fields[0]))?;
        let started = Instant::now();
        let found = Mosaic::detect(&picture);
        longest = longest.max(started.elapsed().as_secs_f64());
        if fields[1] == "plain" {
            plain += 1;
            if let Some(found) = found {
                wrong += 1;
                println!("{}: there is none, found {found:?}", fields[0]);
            }
            let started = Instant::now();
            if let Some(guess) = Mosaic::guess(&picture) {
                guessed += 1;
                println!("{}: there is none, guessed {guess:?}", fields[0]);
            }
            longest_guess = longest_guess.max(started.elapsed().as_secs_f64());
            continue;
        }
        mosaics += 1;
        let is_right = found.as_ref().is_some_and(|found| {
            let apart = |a: f64, b: f64| ((a - b + block / 2.0).rem_euclid(block) - block / 2.0).abs();
            let region = found.region;
            let near = |a: usize, b: f64| (a as f64 - b).abs() <= 1.5 * block;
            (found.grid.size / block - 1.0).abs() <= SIZE
                && apart(found.grid.left, left) <= NEAR
                && apart(found.grid.top, top) <= NEAR
                && near(region.left, x)
                && near(region.top, y)
                && near(region.left + region.width, x + width)
                && near(region.top + region.height, y + height)
        });
        right += usize::from(is_right);
        if !is_right {
            println!("{line}: found {found:?}");
        }
    }
    println!(
        "{right} of {mosaics} grids are right; {wrong} grids and {guessed} guesses in {plain} pictures without one; at most \
         {longest:.2} s each, and {longest_guess:.2} s for a guess"
    );
    Ok(())
}
