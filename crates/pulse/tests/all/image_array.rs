//! Pictures as arrays of numbers.

use half::f16;
use pulse::image::{Image, Reader};
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use crate::image_read::npy;

/// A 2 x 2 RGB picture, `[height, width, channels]`, of numbers that no 8 or 16 bits hold.
const INTERLEAVED: [f32; 12] = [0.0, 0.1, 0.2, 0.3, 1.0 / 3.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999_999_9, 1.0];

fn planar() -> Image {
    let values = (0..3).flat_map(|channel| INTERLEAVED.iter().skip(channel).step_by(3).copied()).collect();
    Image::new(3, 2, 2, values).unwrap()
}

fn bytes_of<const N: usize>(values: &[f32], of: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| of(value)).collect()
}

fn read(bytes: &[u8]) -> Image {
    Reader::default().decode("array", bytes).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    Reader::default().decode("array", bytes).unwrap_err().to_string()
}

fn safetensors(name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    serialize([(name, TensorView::new(dtype, shape.to_vec(), bytes).unwrap())], None).unwrap()
}

#[test]
fn floats_are_taken_without_rounding() {
    let little = bytes_of(&INTERLEAVED, f32::to_le_bytes);
    assert_eq!(read(&npy("<f4", "(2, 2, 3)", &little)), planar());
    assert_eq!(read(&npy(">f4", "(2, 2, 3)", &bytes_of(&INTERLEAVED, f32::to_be_bytes))), planar());
    assert_eq!(read(&npy("<f8", "(2, 2, 3)", &bytes_of(&INTERLEAVED, |v| f64::from(v).to_le_bytes()))), planar());
    assert_eq!(read(&npy("<f4", "(3, 4)", &little)).values(), INTERLEAVED);
    assert_eq!(read(&npy("<f4", "(12, 1, 1)", &little)).values(), INTERLEAVED);

    assert_eq!(read(&safetensors("target", Dtype::F32, &[2, 2, 3], &little)), planar());
    let planes = bytes_of(planar().values(), f32::to_le_bytes);
    assert_eq!(read(&safetensors("target", Dtype::F32, &[1, 3, 2, 2], &planes)), planar());
    assert_eq!(read(&npy("<f4", "(1, 3, 2, 2)", &planes)), planar());

    let halves = bytes_of(&INTERLEAVED, |value| f16::from_f32(value).to_le_bytes());
    let expected: Vec<f32> = INTERLEAVED.iter().map(|&value| f16::from_f32(value).to_f32()).collect();
    assert_eq!(read(&npy("<f2", "(3, 4)", &halves)).values(), expected);
    assert_eq!(read(&safetensors("target", Dtype::F16, &[3, 4], &halves)).values(), expected);
}

#[test]
fn integers_are_divided_by_their_largest() {
    assert_eq!(read(&npy("|u1", "(1, 3)", &[0, 51, 255])).values(), [0.0, 0.2, 1.0]);
    assert_eq!(read(&npy(">u2", "(1, 2)", &[0x33, 0x33, 0xff, 0xff])).values(), [13_107.0 / 65_535.0, 1.0]);
    assert_eq!(read(&safetensors("target", Dtype::U8, &[1, 2], &[0, 255])).values(), [0.0, 1.0]);
}

#[test]
fn the_second_version_of_npy_is_read() {
    let mut bytes = npy("<f4", "(3, 4)", &bytes_of(&INTERLEAVED, f32::to_le_bytes));
    bytes[6] = 2;
    bytes.splice(10..10, [0, 0]);
    assert_eq!(read(&bytes).values(), INTERLEAVED);
    bytes[6] = 3;
    assert!(refusal(&bytes).contains("version 3.0"));
}

#[test]
fn rounding_beyond_the_range_is_clamped_and_more_is_refused() {
    let of = |values: &[f32]| npy("<f4", "(1, 2)", &bytes_of(values, f32::to_le_bytes));
    assert_eq!(read(&of(&[-1e-6, 1.000_001])).values(), [0.0, 1.0]);
    assert!(refusal(&of(&[0.0, 255.0])).contains("floats from 0 to 255"));
    assert!(refusal(&of(&[0.0, f32::NAN])).contains("NaN"));
    assert!(refusal(&of(&[f32::INFINITY, 0.0])).contains("inf"));
}

#[test]
fn arrays_that_are_no_pictures_say_why() {
    let numbers = [0; 48];
    for (bytes, reason) in [
        (npy("<f4", "(3, 2, 2)", &numbers), "give [height, width]"),
        (npy("<f4", "(12,)", &numbers), "give [height, width]"),
        (npy("<f4", "()", &numbers[..4]), "give [height, width]"),
        (npy("<f4", "(0, 4)", &[]), "declares 4x0 pixels"),
        (npy("<f4", "(3, 4)", &numbers[..47]), "the file ends early"),
        (npy("<f4", "(3, 3)", &numbers), "holds 48 bytes"),
        (npy("<i8", "(2, 3)", &numbers), "type '<i8'"),
        (npy("|O", "(2, 3)", &numbers), "type '|O'"),
        (npy("<f4", "(-3, 4)", &numbers), "header cannot be parsed"),
        (b"\x93NUMPY\x01".to_vec(), "the file ends early"),
        (b"\x93NUMPY\x01\0\xff\xff{".to_vec(), "the file ends early"),
        (safetensors("weight", Dtype::F32, &[3, 4], &numbers), "no tensor named \"target\""),
        (safetensors("target", Dtype::I64, &[2, 3], &numbers), "type I64"),
        (safetensors("target", Dtype::F32, &[3, 4], &numbers)[..80].to_vec(), "the file ends early"),
    ] {
        let message = refusal(&bytes);
        assert!(message.contains(reason) && message.starts_with("array "), "{message}");
    }
    let mut fortran = npy("<f4", "(3, 4)", &numbers);
    let at = fortran.windows(5).position(|word| word == b"False").unwrap();
    fortran.splice(at..at + 5, *b"True ");
    assert!(refusal(&fortran).contains("ascontiguousarray"));
}
