//! Single stages by their equations, the files that they read, and the sizes that they meet.

use std::path::Path;

use pulse::ErrorKind;
use pulse::image::{Image, write_png};
use pulse::measurement::{Measurement, MeasurementKind, Projection, Size, read_files, read_psf};
use pulse_engine::Reference;

fn kind(text: &str) -> MeasurementKind {
    read_files(&text.parse().unwrap()).unwrap()
}

fn resolve(text: &str, channels: usize, picture: Size, target: Size) -> Box<dyn Measurement> {
    kind(text).resolve(channels, picture, target).unwrap()
}

fn measure(measurement: &dyn Measurement, x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; measurement.output_shape().len()];
    Projection::new(&Reference, measurement, 1).unwrap().measure(x, &mut y);
    y
}

/// What a single bright pixel in the middle of a grey picture becomes.
fn of_a_point(text: &str, side: usize) -> Vec<f32> {
    let size = Size::new(side, side);
    let mut point = vec![0.0; side * side];
    point[side / 2 * side + side / 2] = 1.0;
    measure(&*resolve(text, 1, size, size), &point)
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "number {index}: {a}, not {b}\n{found:?}");
    }
}

/// What a point becomes is the function itself: all the light, the right width, the right way round.
#[test]
fn points_become_the_functions() {
    for (text, variance) in
        [("gaussian:1.5", 2.25), ("disk:3", 9.0 / 4.0 + 1.0 / 12.0), ("motion:9@0", 80.0 / 12.0 / 2.0)]
    {
        let spread = of_a_point(text, 21);
        let sum: f64 = spread.iter().map(|&h| f64::from(h)).sum();
        let moment = spread.iter().enumerate().map(|(index, &h)| {
            let (x, y) = ((index % 21) as f64 - 10.0, (index / 21) as f64 - 10.0);
            f64::from(h) * (x * x + y * y) / 2.0
        });
        let moment: f64 = moment.sum();
        // A Gaussian's variance, that of a disk along one axis (r² / 4), and that of nine pixels in a row, shared by two
        // axes. The pixels of the disk, cut by its border, add 1 / 12.
        assert!((sum - 1.0).abs() < 1e-5, "{text}: {sum}");
        assert!((moment - variance).abs() < 0.05, "{text}: {moment}, not {variance}");
    }
    let mut row = vec![0.0; 25];
    row[11..14].fill(1.0 / 3.0);
    assert_close(&of_a_point("motion:3@0", 5), &row, 1e-6);
    let mut column = vec![0.0; 25];
    for index in [7, 12, 17] {
        column[index] = 1.0 / 3.0;
    }
    assert_close(&of_a_point("motion:3@90", 5), &column, 1e-6);
    // 45 degrees lead up and to the right.
    let diagonal = of_a_point("motion:4@45", 5);
    assert!(diagonal[8] > 0.3 && diagonal[16] > 0.3 && diagonal[6] == 0.0, "{diagonal:?}");
}

#[test]
fn functions_are_read_from_files_of_any_kind() {
    let folder = tempfile::tempdir().unwrap();
    // Wider than high, and different from its mirror images; its centre is the pixel (2, 1).
    let values = [0.0, 0.0, 0.25, 0.0, 0.25, 0.0, 1.0, 0.5];
    let path = |name: &str| folder.path().join(name);
    write_png(&path("a.png"), &Image::new(1, 2, 4, values.to_vec()).unwrap(), None).unwrap();
    let little: Vec<u8> = values.iter().flat_map(|&v| (1000.0 * v).to_le_bytes()).collect();
    std::fs::write(path("a.npy"), npy("<f4", "(2, 4)", &little)).unwrap();
    let big: Vec<u8> = values.iter().flat_map(|&v| (-100.0 * f64::from(v)).to_be_bytes()).collect();
    let cards = [
        "BITPIX  =                  -64",
        "NAXIS   =                    2 / axes",
        "NAXIS1  =                    4",
        "NAXIS2  =                    2",
        "BSCALE  =               -2.0D0",
    ];
    std::fs::write(path("a.fits"), fits(&cards, &big)).unwrap();
    // The image in an extension, whose header starts with another card.
    let nothing = fits(&["BITPIX  =                    8", "NAXIS   =                    0"], &[]);
    let mut extension = fits(&cards, &big);
    extension[..80].copy_from_slice(format!("{:<80}", "XTENSION= 'IMAGE   '").as_bytes());
    std::fs::write(path("b.fits"), [nothing, extension].concat()).unwrap();
    let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
    for name in ["a.png", "a.npy", "a.fits", "b.fits"] {
        let psf = read_psf(&path(name)).unwrap();
        assert_eq!(psf.size(), Size::new(4, 2), "{name}");
        for (found, &value) in psf.values().iter().zip(&values) {
            // PNG rounds to steps of 1 / 255.
            assert!((found - f64::from(value) / sum).abs() < 2e-3, "{name}: {found}");
        }
    }
    // How large pixels are, where a header says it; what cannot be read there makes no file useless.
    for (card, expected) in [
        ("PIXSCALE=                 0.05", Some(0.05)),
        ("CDELT1  =            -2.0D-005", Some(0.072)),
        ("CD1_1   =              0.00001", Some(0.036)),
        ("CDELT1  =                  far", None),
    ] {
        std::fs::write(path("c.fits"), fits(&[&cards[..], &[card]].concat(), &big)).unwrap();
        let side = read_psf(&path("c.fits")).unwrap().arcseconds();
        assert!(
            side.zip(expected).map_or(side == expected, |(side, expected)| (side / expected - 1.0).abs() < 1e-9),
            "{card}"
        );
    }
    assert_eq!(read_psf(&path("a.fits")).unwrap().arcseconds(), None);
    let spread = of_a_point(&format!("psf:{}", path("a.fits").display()), 9);
    let mut expected = vec![0.0; 81];
    for (index, &value) in values.iter().enumerate() {
        expected[(4 + index / 4 - 1) * 9 + (4 + index % 4 - 2)] = value / sum as f32;
    }
    assert_close(&spread, &expected, 1e-6);
}

/// A NumPy file of version 1.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
}

/// A FITS file of a primary header with these cards.
fn fits(cards: &[&str], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for card in ["SIMPLE  =                    T"].iter().chain(cards).chain(&["END"]) {
        bytes.extend(format!("{card:<80}").as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    bytes
}

#[test]
fn functions_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let four = |numbers: [f32; 4]| npy("<f4", "(2, 2)", &numbers.map(f32::to_le_bytes).concat());
    let two_by_two = [
        "BITPIX  =                   16",
        "NAXIS   =                    2",
        "NAXIS1  =                    2",
        "NAXIS2  =                    2",
    ];
    let broken = |keep: usize| fits(&two_by_two, &[0, 1, 0, 2, 0, 3, 0, 4])[..keep].to_vec();
    let huge = two_by_two.map(|card| card.replace("  2", "999999999999"));
    for (name, bytes, kind, word) in [
        ("zero.npy", four([0.0; 4]), ErrorKind::Setting, "zero everywhere"),
        ("nan.npy", four([f32::NAN, 1.0, 1.0, 1.0]), ErrorKind::Setting, "not finite"),
        ("dark.npy", four([-1.0, 1.0, -1.0, 0.5]), ErrorKind::Setting, "sum of zero or less"),
        ("cube.npy", npy("<f4", "(1, 2, 2)", &[0; 16]), ErrorKind::Picture, "give an array"),
        ("short.npy", npy("<f4", "(2, 2)", &[0; 15]), ErrorKind::Picture, "ends early"),
        ("header.fits", broken(300), ErrorKind::Picture, "does not end"),
        ("data.fits", broken(2884), ErrorKind::Picture, "data end early"),
        ("huge.fits", fits(&huge.each_ref().map(String::as_str), &[]), ErrorKind::Picture, "FITS"),
        ("none.fits", fits(&["NAXIS   =                    0"], &[]), ErrorKind::Picture, "without an image"),
        ("axes.fits", fits(&["NAXIS   =                    x"], &[]), ErrorKind::Picture, "damaged"),
        ("letter.txt", b"dear mother".to_vec(), ErrorKind::Picture, "not a picture"),
    ] {
        let error = read_psf(&file(name, &bytes)).unwrap_err();
        let message = error.to_string();
        assert!(error.kind() == kind && message.contains(word) && message.contains(name), "{message}");
    }
    assert_eq!(read_psf(Path::new("missing.fits")).unwrap_err().kind(), ErrorKind::Io);

    let large = file("large.npy", &npy("|u1", "(9, 9)", &[1; 81]));
    let size = Size::new(8, 8);
    let error = kind(&format!("psf:{}", large.display())).resolve(3, size, size).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Setting
            && error.to_string().contains("9x9 pixels is larger than the picture of 8x8")
    );
}

/// Cards cut and bytes changed anywhere end in an error or a function, never in a panic.
#[test]
fn damaged_fits_files_end_in_an_error_or_a_function() {
    let cards = [
        "BITPIX  =                   16",
        "NAXIS   =                    2",
        "NAXIS1  =                    2",
        "NAXIS2  =                    2",
    ];
    let whole = fits(&cards, &[0, 1, 0, 2, 0, 3, 0, 4]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fits");
    for at in (9..420).chain(2880..2890) {
        for byte in [0, b'9', b'-', 255] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(psf) = read_psf(&path) {
                assert!(psf.values().iter().all(|value| value.is_finite()));
            }
        }
    }
}

#[test]
fn masks_hide_and_count_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    write_png(&path, &Image::new(1, 2, 2, vec![1.0, 0.0, 1.0, 0.0]).unwrap(), None).unwrap();
    let (text, size) = (format!("mask:{}", path.display()), Size::new(2, 2));
    let masked = resolve(&text, 3, size, size);
    assert_eq!((masked.known(), masked.is_well_conditioned()), (6, true));
    let x: Vec<f32> = (1..=12).map(|value| value as f32 / 12.0).collect();
    let expected: Vec<f32> = x.iter().enumerate().map(|(i, x)| if i % 4 % 2 == 0 { *x } else { 0.0 }).collect();
    assert_close(&measure(&*masked, &x), &expected, 0.0);
    let adopted = masked.adopt(Image::new(3, 2, 2, x.clone()).unwrap()).unwrap();
    assert_close(adopted.values(), &expected, 0.0);

    // The projection moves what was measured, and nothing else.
    let mut projection = Projection::new(&Reference, &*masked, 1).unwrap();
    let mut candidate = vec![0.5; 12];
    let error = projection.project_inside(&mut candidate, &expected, 4)[0];
    let inpainted: Vec<f32> = x.iter().enumerate().map(|(i, x)| if i % 4 % 2 == 0 { *x } else { 0.5 }).collect();
    assert!(error < 1e-6, "{error}");
    assert_close(&candidate, &inpainted, 1e-6);

    for (size, values, word) in [
        (3, vec![1.0; 9], "3x3 pixels and what it masks 2x2"),
        (2, vec![0.0; 4], "hides every"),
        (2, vec![1.0, 0.6, 1.0, 0.0], "grey in 1 of its 4 pixels"),
    ] {
        write_png(&path, &Image::new(1, size, size, values).unwrap(), None).unwrap();
        let error = read_files(&text.parse().unwrap())
            .and_then(|kind| kind.resolve(3, Size::new(2, 2), Size::new(2, 2)).map(|_| ()))
            .unwrap_err();
        assert!(error.kind() == ErrorKind::Setting && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn grey_and_channels_are_what_they_say() {
    let size = Size::new(1, 1);
    let x = [0.2, 0.5, 0.9];
    let luma = 0.2126 * 0.2 + 0.7152 * 0.5 + 0.0722 * 0.9;
    for (text, channels, y, known) in [
        ("gray", 3, vec![luma], 1),
        ("channels:B", 3, vec![0.9], 1),
        ("channels:RB", 3, vec![0.2, 0.0, 0.9], 2),
        ("gray", 1, vec![0.2], 1),
    ] {
        let measurement = resolve(text, channels, size, size);
        assert_close(&measure(&*measurement, &x[..channels]), &y, 1e-6);
        assert_eq!(measurement.known(), known, "{text}");
        let adopted = measurement.adopt(Image::new(channels, 1, 1, x[..channels].to_vec()).unwrap()).unwrap();
        assert_close(adopted.values(), &y, 1e-6);
    }
    // A grey target of a colour generator, and a colour target of a grey one.
    let grey = |text| resolve(text, 3, size, size).adopt(Image::new(1, 1, 1, vec![0.4]).unwrap()).unwrap();
    assert_close(grey("gray").values(), &[0.4], 0.0);
    assert_close(grey("channels:R").values(), &[0.4], 0.0);
    assert_close(grey("channels:RB").values(), &[0.4, 0.0, 0.4], 0.0);
    assert_close(grey("identity").values(), &[0.4; 3], 0.0);
    let colour = resolve("identity", 1, size, size).adopt(Image::new(3, 1, 1, x.to_vec()).unwrap()).unwrap();
    assert_close(colour.values(), &[luma], 1e-6);
}

/// A target of other proportions is the middle of what the whole picture becomes: circles stay circles.
#[test]
fn nothing_is_stretched() {
    let (picture, whole) = (Size::new(16, 16), Size::new(4, 4));
    let x: Vec<f32> = (0..256).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
    for text in ["bicubic", "bicubic:4", "area", "gaussian:1,bicubic", "lanczos3"] {
        let square = measure(&*resolve(text, 1, picture, whole), &x);
        let wide = measure(&*resolve(text, 1, picture, Size::new(4, 2)), &x);
        assert_close(&wide, &square[4..12], 1e-6);
        let tall = measure(&*resolve(text, 1, picture, Size::new(3, 4)), &x);
        let left: Vec<f32> = square.chunks(4).flat_map(|row| row[..3].to_vec()).collect();
        assert_close(&tall, &left, 1e-6);
    }
    let same = measure(&*resolve("identity", 1, picture, Size::new(16, 10)), &x);
    assert_close(&same, &x[48..208], 0.0);
}

#[test]
fn shrinking_is_added_where_none_is_named() {
    let (picture, target) = (Size::new(16, 16), Size::new(4, 4));
    let x: Vec<f32> = (0..256).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
    let y = |text: &str| measure(&*resolve(text, 1, picture, target), &x);
    assert_close(&y("gaussian:2"), &y("gaussian:2,bicubic"), 0.0);
    assert_close(&y("gray"), &y("bicubic"), 0.0);
    assert_close(&y("area:2,area"), &y("area"), 1e-6);
}

/// Where a blur cannot be undone, the projection ends at the distance that it was given, not by amplifying the
/// rounding of the target: it moves no farther than the truth is away.
#[test]
fn blurs_are_projected_to_a_distance_and_no_farther() {
    let size = Size::new(24, 24);
    for text in ["gaussian:2", "disk:3", "motion:9@20", "gaussian:3,bicubic:2"] {
        let target = if text.ends_with(":2") && text.contains(',') { Size::new(12, 12) } else { size };
        let measurement = resolve(text, 1, size, target);
        let wave = |seed: f32| -> Vec<f32> {
            let value = |i: usize| {
                0.5 + 0.4 * (seed + (i % 24) as f32 * 0.7).sin() * (seed * 2.0 + (i / 24) as f32 * 0.4).cos()
            };
            (0..576).map(value).collect()
        };
        let (truth, start) = (wave(1.0), wave(2.3));
        let y: Vec<f32> = measure(&*measurement, &truth).iter().map(|y| (y * 255.0).round() / 255.0).collect();
        let radius = 10f64.powf(-45.0 / 20.0);
        let mut projection = Projection::new(&Reference, &*measurement, 1).unwrap().within(radius);
        let mut x = start.clone();
        let error = projection.project_inside(&mut x, &y, 24)[0];
        let distance =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        let (moved, away) = (distance(&x, &start), distance(&truth, &start));
        assert!(error <= radius && error > 0.9 * radius, "{text}: {error} for {radius}");
        // Rounding leaves the truth itself at 58 dB; the ball of 45 dB has it inside.
        assert!(moved <= away, "{text}: {moved} of {away}");
        let before = x.clone();
        projection.project_inside(&mut x, &y, 24);
        assert_eq!(x, before, "{text}: within the ball nothing moves");
    }
}
