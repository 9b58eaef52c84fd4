//! Pixelated pictures: crops of the photographs in `examples/photos`, drawn as blocks of any size and phase.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use pulse::image::{Image, Reader, Rectangle, encode_png};
use pulse::measurement::MeasurementKind;
use pulse::mosaic::{Grid, Mosaic};
use pulse::sharpness::gaussian_sigma;
use pulse_engine::Cpu;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

const PHOTOGRAPHS: [&str; 9] = [
    "astronaut.jpg",
    "p001_amateur_selfie.jpg",
    "p001_studio_portrait.jpg",
    "p002_amateur_selfie.jpg",
    "p002_studio_portrait.jpg",
    "p004_amateur_selfie.jpg",
    "p004_studio_portrait.jpg",
    "p005_amateur_selfie.jpg",
    "p005_studio_portrait.jpg",
];

/// The side of a crop: ten blocks of the largest size.
const SIDE: usize = 384;

struct Crops {
    photographs: Vec<Image>,
    random: ChaCha8Rng,
}

impl Crops {
    fn new(seed: u64) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos/");
        let read = |name| Reader::default().read(format!("{folder}{name}").as_ref()).unwrap();
        Self { photographs: PHOTOGRAPHS.map(read).into(), random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// A number in [low, high).
    fn number(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.random.next_u32()) / 2f64.powi(32)
    }

    fn next(&mut self) -> Image {
        let which = self.number(0.0, 9.0) as usize;
        let [left, top] = [self.photographs[which].width(), self.photographs[which].height()]
            .map(|length| self.number(0.0, (length - SIDE + 1) as f64) as usize);
        self.photographs[which].crop(Rectangle { left, top, width: SIDE, height: SIDE }).unwrap()
    }

    fn grid(&mut self) -> Grid {
        let size = self.number(4.0, 40.0);
        Grid { size, left: self.number(0.0, size), top: self.number(0.0, size) }
    }
}

/// The picture as blocks: each pixel has the mean of the block that its centre lies in.
fn pixelated(picture: &Image, grid: Grid) -> Image {
    let block = |pixel: usize, first: f64| ((pixel as f64 + 0.5 - first) / grid.size).floor() as i64;
    let (width, height) = (picture.width(), picture.height());
    let mut values = Vec::new();
    for channel in 0..picture.channels() {
        let mut sums = std::collections::HashMap::new();
        let key = |pixel: usize| (block(pixel / width, grid.top), block(pixel % width, grid.left));
        for (pixel, value) in picture.plane(channel).iter().enumerate() {
            let sum: &mut (f32, f32) = sums.entry(key(pixel)).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
        values.extend((0..width * height).map(|pixel| sums[&key(pixel)].0 / sums[&key(pixel)].1));
    }
    Image::clamped(picture.channels(), height, width, values).unwrap()
}

/// The picture turned clockwise about its middle, by the values between its pixels; its border goes on outside.
fn turned(picture: &Image, degrees: f64) -> Image {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (picture.width(), picture.height());
    let middle = [width, height].map(|length| (length as f64 - 1.0) / 2.0);
    let pixels = (0..picture.channels()).flat_map(|channel| (0..width * height).map(move |pixel| (channel, pixel)));
    let value = |(channel, pixel): (usize, usize)| {
        let [from_x, from_y] = [(pixel % width) as f64 - middle[0], (pixel / width) as f64 - middle[1]];
        let x = (middle[0] + cos * from_x + sin * from_y).clamp(0.0, (width - 1) as f64);
        let y = (middle[1] - sin * from_x + cos * from_y).clamp(0.0, (height - 1) as f64);
        let at = |x: usize, y: usize| f64::from(picture.plane(channel)[y.min(height - 1) * width + x.min(width - 1)]);
        let (left, top) = (x as usize, y as usize);
        let row = |y: usize| at(left, y) + (x - left as f64) * (at(left + 1, y) - at(left, y));
        (row(top) + (y - top as f64) * (row(top + 1) - row(top))) as f32
    };
    Image::clamped(picture.channels(), height, width, pixels.map(value).collect()).unwrap()
}

/// The picture after it was written and read: as JPEG of a quality, or as PNG.
fn saved(picture: &Image, quality: Option<u8>) -> Image {
    let bytes = match quality {
        None => encode_png(picture, None).unwrap(),
        Some(quality) => {
            let mut bytes = Vec::new();
            let (width, height) = (picture.width() as u32, picture.height() as u32);
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            encoder.encode(&picture.to_bytes(), width, height, image::ExtendedColorType::Rgb8).unwrap();
            bytes
        }
    };
    Reader::default().decode("saved", &bytes).unwrap()
}

/// How far two edges are apart, in a grid that repeats.
fn apart(a: f64, b: f64, size: f64) -> f64 {
    let difference = (a - b).rem_euclid(size);
    difference.min(size - difference)
}

#[test]
fn grids_are_found_to_half_a_pixel() {
    let mut crops = Crops::new(1);
    let (mut missed, mut whole) = (Vec::new(), 0);
    for trial in 0..50u32 {
        let (picture, grid) = (crops.next(), crops.grid());
        let quality = (trial % 2 == 1).then(|| crops.number(60.0, 96.0) as u8);
        let blocks = saved(&pixelated(&picture, grid), quality);
        let found = Mosaic::detect(&blocks);
        let error = found.map(|found| {
            let phase = |a: f64, b: f64| apart(a, b, grid.size);
            let phases = phase(found.grid.left, grid.left).max(phase(found.grid.top, grid.top));
            (found.grid.size / grid.size - 1.0, phases)
        });
        let is_good = error.is_some_and(|(size, phase)| size.abs() <= 0.02 && phase <= 0.5);
        whole += usize::from(found.is_some_and(|found| found.region.width == SIDE && found.region.height == SIDE));
        if !is_good {
            missed.push(format!("{trial}: {grid:?} as {quality:?}: {found:?}"));
        }
    }
    assert!(missed.len() <= 2 && whole >= 48, "{whole} of 50 are whole, missed are {missed:#?}");
}

#[test]
fn photographs_are_no_mosaics() {
    let mut crops = Crops::new(2);
    for trial in 0..50 {
        let crop = crops.next();
        assert_eq!(Mosaic::detect(&crop), None, "{trial}");
        // JPEG has a grid of its own, 8 pixels wide.
        if trial % 5 == 0 {
            assert_eq!(Mosaic::detect(&saved(&crop, Some(60))), None, "{trial} at quality 60");
        }
    }
    for photograph in &crops.photographs {
        assert_eq!(Mosaic::detect(photograph), None);
    }
}

/// The faces of the photographs (`examples/photos/crops.csv`), as a newspaper hides them: 10 to 24 blocks a side.
#[test]
fn a_pixelated_face_in_a_photograph_is_found() {
    let mut crops = Crops::new(3);
    let table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos/crops.csv")).unwrap();
    let mut missed = Vec::new();
    for (index, line) in table.lines().skip(1).enumerate() {
        let numbers: Vec<usize> = line.split(',').skip(1).map(|number| number.parse().unwrap()).collect();
        let part = Rectangle { left: numbers[0], top: numbers[1], width: numbers[2], height: numbers[3] };
        let photograph = crops.photographs[index].clone();
        let size = part.width as f64 / crops.number(10.0, 25.0).floor();
        let blocks = pixelated(&photograph, Grid::new(size, part.left as f64, part.top as f64).unwrap());
        let (width, height) = (photograph.width(), photograph.height());
        let inside = |pixel: usize| {
            let (x, y) = (pixel % width, pixel / width);
            (part.left..part.left + part.width).contains(&x) && (part.top..part.top + part.height).contains(&y)
        };
        let pairs = photograph.values().iter().zip(blocks.values()).enumerate();
        let values = pairs.map(|(i, (own, block))| if inside(i % (width * height)) { *block } else { *own });
        let mixed = Image::new(3, height, width, values.collect()).unwrap();
        for quality in [None, Some(80)] {
            let found = Mosaic::detect(&saved(&mixed, quality));
            let near = |a: usize, b: usize| a.abs_diff(b) as f64 <= 1.5 * size;
            let is_good = found.is_some_and(|Mosaic { grid, region }| {
                (grid.size / size - 1.0).abs() < 0.02
                    && near(region.left, part.left)
                    && near(region.top, part.top)
                    && near(region.left + region.width, part.left + part.width)
                    && near(region.top + region.height, part.top + part.height)
            });
            if !is_good {
                missed.push(format!("{line} in {} blocks, {quality:?}: {found:?}", part.width as f64 / size));
            }
        }
    }
    assert!(missed.len() <= 2, "missed of 18 are {missed:#?}");
}

/// A picture that was reported to be taken for what it is not.
fn case(name: &str) -> Image {
    Reader::default().read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(name)).unwrap()
}

#[test]
fn a_margin_is_none_of_the_blocks() {
    let expected = Rectangle { left: 41, top: 77, width: 384, height: 384 };
    for name in ["mosaic_border_white.png", "mosaic_border_black.png"] {
        let found = Mosaic::detect_all(&case(name));
        let [Mosaic { grid, region }] = found[..] else { panic!("{name}: {found:?}") };
        assert_eq!((grid.to_string().as_str(), region), ("24+17+5", expected), "{name}");
    }
}

#[test]
fn several_mosaics_in_one_picture_are_all_found() {
    let found = Mosaic::detect_all(&case("mosaic_two.jpg"));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn blocks_under_noise_are_found() {
    let grid = Mosaic::detect(&case("mosaic_noisy.png")).unwrap().grid;
    let is_at_the_corner = [grid.left, grid.top].into_iter().all(|edge| apart(edge, 0.0, 8.0) < 0.1);
    assert!((grid.size - 8.0).abs() < 0.01 && is_at_the_corner, "{grid}");
}

#[test]
fn blocks_that_were_turned_are_not_taken_for_others() {
    assert_eq!(Mosaic::detect(&case("mosaic_rot5.png")), None);
}

#[test]
fn blocks_that_were_turned_are_guessed() {
    let guess = Mosaic::guess(&case("mosaic_rot5.png")).unwrap();
    assert!((guess.turned + 5.0).abs() < 0.1 && (guess.grid.size - 24.0).abs() < 0.1, "{guess:?}");
    let mut crops = Crops::new(6);
    let mut missed = Vec::new();
    for (trial, angle) in [-10.0, -7.3, -4.0, -2.2, -1.0, 1.0, 1.7, 3.0, 6.1, 8.0, 9.6, 10.0].into_iter().enumerate() {
        let grid = Grid { size: crops.number(8.0, 32.0), left: 0.0, top: 0.0 };
        let blocks = turned(&pixelated(&crops.next(), grid), angle);
        let blocks = saved(&blocks, (trial % 2 == 1).then(|| crops.number(60.0, 96.0) as u8));
        let guess = Mosaic::guess(&blocks);
        let is_good = guess.is_some_and(|guess| {
            let phases = apart(guess.grid.left, 0.0, grid.size).max(apart(guess.grid.top, 0.0, grid.size));
            (guess.turned - angle).abs() < 0.25 && (guess.grid.size / grid.size - 1.0).abs() < 0.02 && phases < 1.5
        });
        // Whoever turns it back finds them.
        let back = guess.map(|guess| turned(&blocks, -guess.turned));
        if !is_good || back.and_then(|back| Mosaic::detect(&back)).is_none() {
            missed.push(format!("{trial}: {grid} turned by {angle}: {guess:?}"));
        }
    }
    assert!(missed.len() <= 1, "missed of 12 are {missed:#?}");
}

#[test]
fn photographs_are_no_turned_mosaics() {
    let mut crops = Crops::new(7);
    for trial in 0..15 {
        let crop = crops.next();
        assert_eq!(Mosaic::guess_turned(&crop), None, "{trial}");
        assert_eq!(Mosaic::guess_turned(&saved(&turned(&crop, 4.0), Some(60))), None, "{trial}, turned");
    }
    for photograph in &crops.photographs {
        assert_eq!(Mosaic::guess_turned(photograph), None);
    }
    assert_eq!(Mosaic::guess_turned(&Image::new(1, 40, 40, vec![0.5; 1600]).unwrap()), None);
    assert_eq!(Mosaic::guess_turned(&Image::new(1, 1, 3, vec![0.0, 1.0, 0.0]).unwrap()), None);
}

#[test]
fn each_block_gives_its_value() {
    let mut crops = Crops::new(4);
    for quality in [None, Some(75)] {
        let small =
            crops.next().resized(pulse::measurement::Kernel::Area, pulse::measurement::Size::new(16, 16)).unwrap();
        let size = 500.0 / 16.0;
        let pixel = |i: usize| ((i as f64 + 0.5) / size) as usize;
        let values = (0..3).flat_map(|c| (0..250_000).map(move |i| (c, i)));
        let values = values.map(|(c, i)| small.plane(c)[pixel(i / 500) * 16 + pixel(i % 500)]).collect();
        let large = saved(&Image::new(3, 500, 500, values).unwrap(), quality);
        let found = Mosaic::detect(&large).unwrap();
        assert_eq!(found.blocks(), [16, 16], "{found:?}");
        let error = found.reduce(&large).unwrap().mean_squared_difference(&small).sqrt();
        // PNG rounds to a step of 255; JPEG leaves the means of blocks nearly as they are.
        assert!(error < if quality.is_some() { 3.0 } else { 0.4 } / 255.0, "{quality:?}: {error}");
    }
}

#[test]
fn grids_are_read_as_they_are_written() {
    for (text, grid) in [("16", [16.0, 0.0, 0.0]), ("12.5+3+7", [12.5, 3.0, 7.0]), ("4+5+-1", [4.0, 1.0, 3.0])] {
        let Grid { size, left, top } = text.parse().unwrap();
        assert_eq!([size, left, top], grid);
    }
    assert_eq!("12.5+3+7".parse::<Grid>().unwrap().to_string(), "12.5+3+7");
    for text in ["", "2", "-8", "NaN", "inf", "16+1", "16+1+2+3", "16+x+1", "16+inf+0"] {
        assert_eq!(text.parse::<Grid>().unwrap_err().kind(), pulse::ErrorKind::Setting, "{text}");
    }
}

#[test]
fn small_and_flat_pictures_are_no_mosaics() {
    for (width, height) in [(1, 1), (2, 1), (1, 40), (11, 12), (40, 3), (300, 2)] {
        let values = (0..width * height).map(|i| (i * 7 % 13) as f32 / 13.0).collect();
        assert_eq!(Mosaic::detect(&Image::new(1, height, width, values).unwrap()), None, "{width}x{height}");
        assert_eq!(Mosaic::detect(&Image::new(1, height, width, vec![0.5; width * height]).unwrap()), None);
    }
    // A grid without a whole block, by hand.
    let picture = Image::new(1, 5, 5, vec![0.5; 25]).unwrap();
    let error = Mosaic::whole(Grid::new(40.0, 20.0, 20.0).unwrap(), &picture).reduce(&picture).unwrap_err();
    assert!(error.to_string().contains("no whole block"), "{error}");
}

/// Edges in photographs are no steps: estimates are too large, by up to 40 %. It is a suggestion, and says "about".
#[test]
fn blurs_are_estimated() {
    let mut crops = Crops::new(5);
    let mut estimates = Vec::new();
    for photograph in crops.photographs.drain(..) {
        let part = photograph.crop(photograph.centre_square()).unwrap();
        for sigma in [3.0, 6.0] {
            let kind: MeasurementKind = format!("gaussian:{sigma}").parse().unwrap();
            let blurred = kind.shrink(&part, part.size(), &Cpu::default()).unwrap();
            let estimate = gaussian_sigma(&blurred, &Cpu::default()).unwrap();
            estimates.push((sigma, estimate));
        }
    }
    let near = estimates.iter().filter(|(sigma, estimate)| (estimate / sigma - 1.0).abs() < 0.3).count();
    assert!(near >= 15, "{near} of 18: {estimates:?}");
    assert_eq!(gaussian_sigma(&Image::new(1, 40, 40, vec![0.5; 1600]).unwrap(), &Cpu::default()), None);
    assert_eq!(gaussian_sigma(&Image::new(1, 1, 1, vec![0.5]).unwrap(), &Cpu::default()), None);
}
