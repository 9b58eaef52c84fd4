//! Measurements against PULSE's numbers, and the properties that every one of them has.

mod projection;

use std::path::PathBuf;

use proptest::prelude::*;
use pulse::image::{Image, write_png};
use pulse::measurement::{
    Factor, IMAGE, Kernel, MEASURED, Measurement, MeasurementKind, Projection, Resize, Size, Stage, read_files,
    resize_matrix,
};
use pulse_engine::{Cpu, Engine, Reference};

use crate::fixture::{Fixture, max_difference};

/// Every measurement whose properties are tested: the text, the generator's pictures, the target. The files are those
/// of [`files`].
const MEASUREMENTS: [(&str, Size, Size); 32] = [
    ("identity", Size::new(5, 7), Size::new(5, 7)),
    ("bicubic:4", Size::new(16, 16), Size::new(4, 4)),
    ("bicubic", Size::new(32, 24), Size::new(8, 6)),
    ("bicubic", Size::new(32, 24), Size::new(8, 8)),
    ("bicubic", Size::new(23, 17), Size::new(7, 6)),
    ("bicubic", Size::new(16, 9), Size::new(1, 2)),
    ("bicubic:1.5", Size::new(12, 9), Size::new(8, 6)),
    ("area:3", Size::new(9, 12), Size::new(3, 4)),
    ("area", Size::new(16, 16), Size::new(7, 5)),
    ("area", Size::new(8, 8), Size::new(8, 3)),
    ("lanczos3", Size::new(24, 16), Size::new(6, 4)),
    ("lanczos3:2.5", Size::new(15, 10), Size::new(6, 4)),
    ("nearest", Size::new(16, 16), Size::new(5, 5)),
    ("nearest:3", Size::new(9, 9), Size::new(3, 2)),
    ("gaussian:0.8", Size::new(9, 7), Size::new(9, 7)),
    ("gaussian:6", Size::new(16, 9), Size::new(16, 9)),
    ("gaussian:1.5,bicubic:4", Size::new(16, 16), Size::new(4, 4)),
    ("motion:5@30", Size::new(12, 9), Size::new(12, 9)),
    ("motion:4@90,area", Size::new(16, 16), Size::new(8, 8)),
    ("disk:2.3", Size::new(12, 12), Size::new(12, 9)),
    ("disk:1,nearest", Size::new(12, 12), Size::new(6, 6)),
    ("psf:PSF", Size::new(8, 8), Size::new(8, 8)),
    ("psf:PSF,bicubic:2,area", Size::new(24, 16), Size::new(4, 2)),
    ("gray", Size::new(12, 12), Size::new(4, 4)),
    ("gray,disk:1.5", Size::new(9, 9), Size::new(9, 9)),
    ("channels:G", Size::new(12, 12), Size::new(3, 3)),
    ("channels:RB,area:2", Size::new(8, 8), Size::new(4, 4)),
    ("mask:MASK", Size::new(4, 4), Size::new(4, 4)),
    ("area,mask:MASK,gray", Size::new(12, 12), Size::new(4, 4)),
    ("mask:MASK,gaussian:1", Size::new(4, 4), Size::new(4, 4)),
    ("disk:1.5,photons:40", Size::new(12, 9), Size::new(12, 9)),
    ("area,photons:3,mask:MASK", Size::new(8, 8), Size::new(4, 4)),
];

/// `psf.png`, a lopsided 4x3 function, and `mask.png`, 4x4 pixels of which five are hidden.
fn files() -> (tempfile::TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let [psf, mask] = ["psf.png", "mask.png"].map(|name| folder.path().join(name));
    let values = [0.0, 0.2, 0.1, 0.0, 0.4, 1.0, 0.6, 0.2, 0.0, 0.2, 0.8, 0.0];
    write_png(&psf, &Image::new(1, 3, 4, values.to_vec()).unwrap(), None).unwrap();
    let values = (0..16).map(|pixel| f32::from(u8::from(pixel % 3 > 0 || pixel == 0)));
    write_png(&mask, &Image::new(1, 4, 4, values.collect()).unwrap(), None).unwrap();
    (folder, [psf, mask])
}

fn kind(text: &str) -> MeasurementKind {
    read_files(&text.parse().unwrap()).unwrap()
}

fn measurements() -> impl Iterator<Item = Box<dyn Measurement>> {
    let (_folder, [psf, mask]) = files();
    let resolved = MEASUREMENTS.map(|(text, picture, target)| {
        let text = text.replace("PSF", psf.to_str().unwrap()).replace("MASK", mask.to_str().unwrap());
        kind(&text).resolve(3, picture, target).unwrap()
    });
    resolved.into_iter()
}

fn well_conditioned() -> impl Iterator<Item = Box<dyn Measurement>> {
    measurements().filter(|measurement| measurement.is_well_conditioned())
}

fn engines() -> [(&'static str, Box<dyn Engine>); 2] {
    [("reference", Box::new(Reference)), ("cpu", Box::new(Cpu::default()))]
}

/// Numbers in [0, 1) that look random, a list for each seed.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// The numbers, as a target of this measurement has them.
fn adopted(measurement: &dyn Measurement, numbers: Vec<f32>) -> Vec<f32> {
    let shape = measurement.output_shape();
    let pulse_engine::Shape::Map { channels, height, width } = shape else { panic!("{shape}") };
    measurement.adopt(Image::new(channels, height, width, numbers).unwrap()).unwrap().into_values()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// A measurement and its adjoint, of one candidate, on the reference engine.
struct Linear {
    projection: Projection,
    pixels: usize,
    numbers: usize,
}

impl Linear {
    fn new(measurement: &dyn Measurement) -> Self {
        let projection = Projection::new(&Reference, measurement, 1).unwrap();
        Self { projection, pixels: measurement.input_shape().len(), numbers: measurement.output_shape().len() }
    }

    fn measure(&mut self, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; self.numbers];
        self.projection.measure(x, &mut y);
        y
    }

    fn adjoint(&mut self, y: &[f32]) -> Vec<f32> {
        let mut x = vec![0.0; self.pixels];
        self.projection.adjoint(y, &mut x);
        x
    }
}

/// 1e-5 on images in [0, 1]: the taps are single precision on both sides.
#[test]
fn bicubic_is_the_references_forward_and_backward() {
    let fixture = Fixture::open("bicubic");
    for factor in [2, 4, 8, 16, 32] {
        let tensor = |name: &str| fixture.f32(&format!("x{factor}.{name}"));
        let size = |name: &str| {
            let shape = fixture.shape(&format!("x{factor}.{name}"));
            Size::new(shape[3], shape[2])
        };
        let (picture, target) = (size("input"), size("output"));
        let kind: MeasurementKind = format!("bicubic:{factor}").parse().unwrap();
        let measurement = kind.resolve(3, picture, target).unwrap();
        let network = measurement.network().unwrap();
        let (image, measured) = (network.input(IMAGE).unwrap(), network.output(MEASURED).unwrap());
        for (name, engine) in engines() {
            let mut program = engine.compile(&network, 1).unwrap();
            program.input_mut(image).copy_from_slice(&tensor("input"));
            program.forward(1, &[measured]);
            let forward = max_difference(program.output(measured), &tensor("output"));
            program.cotangent_mut(measured).copy_from_slice(&tensor("cotangent"));
            program.backward(1, &[image]);
            let backward = max_difference(program.gradient(image), &tensor("input_grad"));
            println!("bicubic x{factor}, {name}: forward {forward:.1e}, gradient {backward:.1e}");
            assert!(forward <= 1e-5 && backward <= 1e-5, "x{factor} on {name}: {forward}, {backward}");
        }
        let applied = Resize::new(Kernel::Bicubic, picture, target).unwrap().apply(&tensor("input"));
        let difference = max_difference(&applied, &tensor("output"));
        println!("bicubic x{factor}, applied: {difference:.1e}");
        assert!(difference <= 1e-5, "x{factor} applied: {difference}");
    }
}

/// Rows of taps sum to 1 up to the rounding of each tap.
#[test]
fn constants_are_preserved() {
    for measurement in measurements().filter(|measurement| !measurement.describe().contains("mask")) {
        let mut linear = Linear::new(&*measurement);
        let y = linear.measure(&vec![0.7; linear.pixels]);
        let y = &y[..if measurement.describe().starts_with("channels:RB") { y.len() / 3 } else { y.len() }];
        assert!(y.iter().all(|&y| (y - 0.7).abs() < 1e-6), "{}: {y:?}", measurement.describe());
    }
}

#[test]
fn measurements_are_linear() {
    for measurement in measurements() {
        let mut linear = Linear::new(&*measurement);
        let (a, b) = (numbers(1, linear.pixels), numbers(2, linear.pixels));
        let sum: Vec<_> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - 0.5 * b).collect();
        let expected: Vec<_> =
            linear.measure(&a).iter().zip(linear.measure(&b)).map(|(a, b)| 2.0 * a - 0.5 * b).collect();
        assert!(max_difference(&linear.measure(&sum), &expected) < 2e-6, "{}", measurement.describe());
    }
}

/// `<A x, y> = <x, Aᵀ y>`; each result is rounded to single precision, the sums are of order 100.
#[test]
fn the_backward_pass_is_the_adjoint() {
    for measurement in measurements() {
        let mut linear = Linear::new(&*measurement);
        let (x, y) = (numbers(3, linear.pixels), numbers(4, linear.numbers));
        let (left, right) = (dot(&linear.measure(&x), &y), dot(&x, &linear.adjoint(&y)));
        assert!((left - right).abs() <= 1e-6 * left.abs(), "{}: {left} is not {right}", measurement.describe());
    }
}

#[test]
fn area_is_the_mean_of_the_covered_pixels() {
    let matrix = resize_matrix(Kernel::Area, 5, 2).unwrap();
    let rows: Vec<Vec<_>> = (0..2).map(|row| matrix.row(row).collect()).collect();
    assert_eq!(rows[0], [(0, 0.4), (1, 0.4), (2, 0.2)]);
    assert_eq!(rows[1], [(2, 0.2), (3, 0.4), (4, 0.4)]);
}

/// Beside the fixture: a factor that is not whole, a picture smaller than the kernel's reach, and a picture
/// of one pixel, from the formula worked by hand.
#[test]
fn bicubic_folds_at_both_borders() {
    let row = |from, to, i| -> Vec<(usize, f32)> { resize_matrix(Kernel::Bicubic, from, to).unwrap().row(i).collect() };
    assert_eq!(row(1, 1, 0), [(0, 1.0)]);
    // Factor 3 at centre 1: the cubic is 1, 7/9, 1/3, 0, −2/27, −1/27 at the distances 0 … 5, in sum 3; pixels −4 … 6
    // are the pixels 0 1 2 1 0 1 2 1 0 1 2.
    let expected = [20.0, 41.0, 20.0].map(|weight: f64| weight / 81.0);
    for ((k, weight), (pixel, expected)) in row(3, 1, 0).into_iter().zip(expected.into_iter().enumerate()) {
        assert!(k == pixel && (f64::from(weight) - expected).abs() < 1e-7, "pixel {k}: {weight}, not {expected}");
    }
}

/// A ramp is reproduced by a kernel that is symmetric about the right centre, away from the borders.
#[test]
fn bicubic_is_centred() {
    for (from, to) in [(64, 16), (63, 21), (100, 23), (20, 30)] {
        let matrix = resize_matrix(Kernel::Bicubic, from, to).unwrap();
        let factor = from as f64 / to as f64;
        for i in to / 3..to - to / 3 {
            let mean: f64 = matrix.row(i).map(|(k, weight)| k as f64 * f64::from(weight)).sum();
            let centre = (i as f64 + 0.5) * factor - 0.5;
            // Keys' kernel reproduces ramps exactly when sampled whole; stretched by a factor that is not whole
            // it does so to a hundredth of a pixel.
            assert!((mean - centre).abs() < 0.02 * factor.max(1.0), "{from} to {to}, row {i}: {mean}, not {centre}");
        }
    }
}

#[test]
fn applying_is_what_the_network_does() {
    for (text, from, to) in MEASUREMENTS {
        let kind: MeasurementKind = text.parse().unwrap();
        let Some(kernel) = kind.resize().filter(|_| from.width * to.height == to.width * from.height) else { continue };
        let measurement = kind.resolve(3, from, to).unwrap();
        let mut linear = Linear::new(&*measurement);
        let x = numbers(14, linear.pixels);
        let applied = Resize::new(kernel, from, to).unwrap().apply(&x);
        assert!(max_difference(&applied, &linear.measure(&x)) <= 1e-6, "{text}");
    }
}

proptest! {
    #[test]
    fn text_round_trips(factor in 1.0f64..4000.0, whole in 1u32..64) {
        for factor in [factor, f64::from(whole)] {
            let factor = Some(Factor::new(factor).unwrap());
            for kernel in [Kernel::Bicubic, Kernel::Area, Kernel::Lanczos3, Kernel::Nearest] {
                let kind = MeasurementKind::new(vec![Stage::Gray, Stage::Resize(kernel, factor)]).unwrap();
                prop_assert_eq!(kind.to_string().parse::<MeasurementKind>().unwrap(), kind);
            }
        }
    }

    #[test]
    fn any_text_ends_in_a_kind_or_an_error(text in "(bicubic|area|gaussian|motion|disk|gray|channels|identity|[a-z,]*)(:[0-9.eE+@RGB-]*)?.*") {
        if let Ok(kind) = text.parse::<MeasurementKind>() {
            prop_assert_eq!(kind.to_string().parse::<MeasurementKind>().unwrap(), kind);
        }
    }

    /// Any two sizes give rows that sum to 1 over pixels that are there.
    #[test]
    fn matrices_average(from in 1usize..200, to in 1usize..200) {
        for kernel in [Kernel::Bicubic, Kernel::Area, Kernel::Lanczos3, Kernel::Nearest] {
            let matrix = resize_matrix(kernel, from, to).unwrap();
            prop_assert_eq!((matrix.rows(), matrix.columns()), (to, from));
            for i in 0..to {
                let sum: f64 = matrix.row(i).map(|tap| f64::from(tap.1)).sum();
                prop_assert!((sum - 1.0).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn kinds_print_as_they_are_written() {
    for text in [
        "bicubic",
        "bicubic:16",
        "bicubic:2.5",
        "area",
        "area:3",
        "identity",
        "lanczos3:2",
        "nearest",
        "gaussian:1.5",
        "motion:8@-30",
        "disk:2",
        "psf:a b/c.fits",
        "gray,area:2",
        "channels:RB,bicubic",
        "gaussian:1,bicubic:4,mask:m.png",
        "disk:3,photons:200",
    ] {
        assert_eq!(text.parse::<MeasurementKind>().unwrap().to_string(), text);
    }
}

#[test]
fn errors_say_the_reason_and_the_way_out() {
    for (text, reason) in [
        ("cubic", "no such name is known"),
        ("identity:2", "identity takes no factor"),
        ("bicubic:", "`` is not a number"),
        ("bicubic:0.5", "at least 1"),
        ("area:NaN", "at least 1"),
        ("gaussian", "needs what belongs to it"),
        ("gaussian:-1", "above 0"),
        ("gaussian:0", "above 0"),
        ("disk:inf", "above 0"),
        ("motion:5", "no @ANGLE"),
        ("motion:5@x", "`x` is not a number"),
        ("motion:5@inf", "inf degrees"),
        ("channels:RX", "each once"),
        ("channels:RR", "each once"),
        ("channels:", "no channel"),
        ("psf:", "names no file"),
        ("gray:2", "takes nothing"),
        ("photons", "needs what belongs to it"),
        ("photons:0", "at least 1"),
        ("photons:many", "`many` is not a number"),
        ("photons:9,gaussian:1", "`gaussian:1` cannot stand behind them"),
        ("photons:9,jpeg:80", "`jpeg:80` cannot stand behind them"),
        ("bicubic,,gray", "no such name"),
        ("bicubic,area", "all but one a factor"),
    ] {
        let message = text.parse::<MeasurementKind>().unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    }
    let resolve = |text: &str, picture, target| {
        text.parse::<MeasurementKind>().unwrap().resolve(3, picture, target).unwrap_err().to_string()
    };
    let (large, small) = (Size::new(1024, 1024), Size::new(16, 16));
    assert!(resolve("bicubic:32", large, small).contains("give a target of 32x32, or leave the factor out: bicubic"));
    assert!(resolve("area:1.7", large, small).ends_with("leave the factor out: area"));
    assert!(resolve("area", small, large).contains("larger than the generator's pictures of 16x16"));
    assert!(resolve("identity", large, small).contains("use bicubic or area"));
    assert!(resolve("bicubic", large, Size::new(0, 3)).contains("empty"));
    assert!(resolve("bicubic:2,area:2", large, small).contains("give a target of 256x256"));
    assert!(resolve("bicubic:2,area", small, Size::new(16, 16)).contains("would have to enlarge 8x8 to 16x16"));
    assert!(resolve("gaussian:20", small, small).contains("is larger than the picture of 16x16"));
    assert!(resolve("disk:1e300", small, small).contains("is larger than the picture of 16x16"));
    assert!(resolve("motion:17@0", small, small).contains("is larger than the picture of 16x16"));
    assert!(resolve("gray,channels:R", small, small).contains("of a grey picture"));
}
