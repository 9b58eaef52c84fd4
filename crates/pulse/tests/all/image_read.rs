//! Picture files of every format, whole and broken.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder as _, ImageFormat, Luma, LumaA, Rgb, Rgba};
use proptest::prelude::*;
use pulse::ErrorKind;
use pulse::image::{Image, Reader};

const ROTATED_JPEG: &[u8] = include_bytes!("../fixtures/pictures/progressive_rotated.jpg");
const LOSSY_WEBP: &[u8] = include_bytes!("../fixtures/pictures/lossy.webp");
const ROTATED_WEBP: &[u8] = include_bytes!("../fixtures/pictures/alpha_rotated.webp");
const LZW_TIFF: &[u8] = include_bytes!("../fixtures/pictures/lzw.tif");
const ANIMATED_PNG: &[u8] = include_bytes!("../fixtures/pictures/animated.png");
const ANIMATED_WEBP: &[u8] = include_bytes!("../fixtures/pictures/animated.webp");
const TWO_PAGES: &[u8] = include_bytes!("../fixtures/pictures/animated.tif");
const CMYK_JPEG: &[u8] = include_bytes!("../fixtures/pictures/cmyk.jpg");
const ANIMATED_GIF: &[u8] = include_bytes!("../fixtures/pictures/animated.gif");

/// The picture of the fixtures, as 8-bit RGB.
fn colours(column: u32, row: u32) -> [u8; 3] {
    [column * 10, row * 14, 255 - 6 * (column + row)].map(|value| value as u8)
}

fn rgb() -> ImageBuffer<Rgb<u8>, Vec<u8>> {
    ImageBuffer::from_fn(24, 17, |column, row| Rgb(colours(column, row)))
}

fn expected() -> Image {
    Image::from_bytes(3, 17, 24, &rgb()).unwrap()
}

/// EXIF orientation 6: the first row of the file is the right column of what is to be seen.
fn turned(image: &Image) -> Image {
    let (height, width) = (image.width(), image.height());
    let mut values = Vec::new();
    for channel in 0..image.channels() {
        for row in 0..height {
            values.extend((0..width).map(|column| image.plane(channel)[(width - 1 - column) * height + row]));
        }
    }
    Image::new(image.channels(), height, width, values).unwrap()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read(bytes: &[u8]) -> Image {
    Reader::default().decode("picture", bytes).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    let error = Reader::default().decode("picture", bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Picture);
    let message = error.to_string();
    assert!(!message.contains('\n') && message.starts_with("picture "), "{message}");
    message
}

fn mean_error(a: &Image, b: &Image) -> f64 {
    a.mean_squared_difference(b).sqrt()
}

#[test]
fn lossless_formats_give_every_value() {
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Pnm] {
        assert_eq!(read(&encoded(&rgb().into(), format)), expected(), "{format:?}");
    }
    assert_eq!(read(LZW_TIFF), expected());
    let grey: ImageBuffer<Luma<u8>, _> = ImageBuffer::from_fn(5, 3, |x, y| Luma([(x * 50 + y) as u8]));
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Pnm] {
        let image = read(&encoded(&grey.clone().into(), format));
        assert_eq!(image, Image::from_bytes(1, 3, 5, &grey).unwrap(), "{format:?}");
    }
}

#[test]
fn lossy_formats_come_near() {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95).encode_image(&rgb()).unwrap();
    // The bounds are twice what these encoders leave of the gradients: 1.1, 3.0 and 4.7 of 255.
    assert!(mean_error(&read(&jpeg), &expected()) < 2.0 / 255.0);
    assert!(mean_error(&read(ROTATED_JPEG), &turned(&expected())) < 6.0 / 255.0);
    assert!(mean_error(&read(LOSSY_WEBP), &expected()) < 10.0 / 255.0);
}

#[test]
fn sixteen_bits_stay_sixteen() {
    let deep: ImageBuffer<Rgb<u16>, _> =
        ImageBuffer::from_fn(7, 5, |x, y| Rgb([(x * 9001 + 1) as u16, (y * 13001) as u16, 65_535]));
    let grey: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_fn(7, 5, |x, y| Luma([(x * 9001 + y) as u16]));
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Pnm] {
        let image = read(&encoded(&deep.clone().into(), format));
        for (pixel, value) in deep.pixels().zip(image.plane(0)) {
            assert_eq!(*value, f32::from(pixel[0]) / 65_535.0, "{format:?}");
        }
        let image = read(&encoded(&grey.clone().into(), format));
        assert_eq!(image.channels(), 1);
        assert_eq!(image.values()[1], 9001.0 / 65_535.0, "{format:?}");
    }
}

#[test]
fn orientation_is_applied() {
    // Intel byte order, one entry: tag 0x0112, type 3 (16 bits), count 1, value 6.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(&rgb(), 24, 17, image::ExtendedColorType::Rgb8).unwrap();
    assert_eq!(read(&bytes), turned(&expected()));
    let webp = read(ROTATED_WEBP);
    assert_eq!((webp.height(), webp.width()), (24, 17));
}

#[test]
fn transparent_pixels_show_the_background() {
    let pixels = [[255, 0, 0, 255], [255, 0, 0, 0], [255, 0, 0, 51]];
    let colour: ImageBuffer<Rgba<u8>, _> = ImageBuffer::from_fn(3, 1, |x, _| Rgba(pixels[x as usize]));
    let bytes = encoded(&colour.into(), ImageFormat::Png);
    assert_close(&read(&bytes), &[1.0, 1.0, 1.0, 0.0, 1.0, 0.8, 0.0, 1.0, 0.8]);
    let blue = Reader { background: [0, 0, 255] };
    assert_close(&blue.decode("p", &bytes).unwrap(), &[1.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 1.0, 0.8]);

    let grey: ImageBuffer<LumaA<u8>, _> = ImageBuffer::from_fn(2, 1, |x, _| LumaA([0, [255, 0][x as usize]]));
    let bytes = encoded(&grey.into(), ImageFormat::Png);
    assert_close(&read(&bytes), &[0.0, 1.0]);
    assert_close(&blue.decode("p", &bytes).unwrap(), &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);

    let opaque: ImageBuffer<LumaA<u16>, _> = ImageBuffer::from_pixel(2, 1, LumaA([300, 65_535]));
    let image = blue.decode("p", &encoded(&opaque.into(), ImageFormat::Png)).unwrap();
    assert_eq!((image.channels(), image.values()[0]), (1, 300.0 / 65_535.0));
}

fn assert_close(image: &Image, values: &[f32]) {
    assert_eq!(image.values().len(), values.len());
    for (a, b) in image.values().iter().zip(values) {
        // A few roundings of f32.
        assert!((a - b).abs() < 1e-6, "{:?} is not {values:?}", image.values());
    }
}

#[test]
fn palettes_are_looked_up() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![255, 0, 0, 0, 255, 0, 0, 0, 255]);
    encoder.write_header().unwrap().write_image_data(&[0b00_01_10_00]).unwrap();
    assert_eq!(read(&bytes).values(), [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn an_animation_gives_its_first_frame() {
    let image = read(ANIMATED_GIF);
    // Its palette of 256 colours costs 7.1 of 255; the second frame is 127 of 255 away.
    assert!(mean_error(&image, &expected()) < 14.0 / 255.0);
    for (name, bytes) in [("APNG", ANIMATED_PNG), ("WebP", ANIMATED_WEBP), ("TIFF", TWO_PAGES)] {
        assert_eq!(read(bytes), expected(), "{name}");
    }
}

/// Print colours without a profile: black ink darkens, and nothing is inverted. This file's own rounding is 1 of 255.
#[test]
fn cmyk_is_converted() {
    let error = mean_error(&read(CMYK_JPEG), &expected());
    assert!(error < 4.0 / 255.0, "{error}");
}

#[test]
fn files_that_are_no_pictures_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: Option<&[u8]>| {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let error = Reader::default().read(&path).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(name) && !message.contains('\n'), "{message}");
        (error.kind(), message)
    };
    let (kind, message) = refused("text.png", Some(b"Dear reader,\nthis is a letter."));
    assert_eq!(kind, ErrorKind::Picture);
    assert!(message.contains("is not a picture in any format read here: PNG, JPEG"), "{message}");
    let (kind, message) = refused("empty.png", Some(b""));
    assert_eq!(kind, ErrorKind::Picture);
    assert!(message.contains("is an empty file"), "{message}");
    let (kind, message) = refused("missing.png", None);
    assert_eq!(kind, ErrorKind::Io);
    assert!(message.contains("there is no such file"), "{message}");
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    let (kind, message) = refused("folder.png", None);
    assert_eq!(kind, ErrorKind::Io);
    assert!(message.contains("it is a folder"), "{message}");
    let message = refusal(b"\0\0\0\x20ftypavif\0\0\0\0");
    assert!(message.contains("of the format AVIF, which is not read here"), "{message}");
}

#[test]
fn the_bytes_tell_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("really_a_png.jpg");
    fs::write(&path, encoded(&rgb().into(), ImageFormat::Png)).unwrap();
    assert_eq!(Reader::default().read(Path::new(&path)).unwrap(), expected());
}

#[test]
fn incomplete_files_are_refused() {
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg).encode_image(&rgb()).unwrap();
    for whole in [
        encoded(&rgb().into(), ImageFormat::Png),
        encoded(&rgb().into(), ImageFormat::Tiff),
        encoded(&rgb().into(), ImageFormat::Bmp),
        encoded(&rgb().into(), ImageFormat::Pnm),
        jpeg,
        ROTATED_JPEG.to_vec(),
    ] {
        let message = refusal(&whole[..whole.len() * 3 / 4]);
        assert!(message.contains("the file ends early"), "{message}");
    }
    refusal(&LOSSY_WEBP[..100]);
    refusal(&ANIMATED_GIF[..1000]);
}

#[test]
fn no_picture_may_declare_too_many_pixels() {
    let mut bomb = Vec::new();
    let mut encoder = png::Encoder::new(&mut bomb, 20_000, 20_000);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]).unwrap();
    drop(writer);
    let mut gif = b"GIF89a\xff\xff\xff\xff\0\0\0".to_vec();
    gif.extend(b",\0\0\0\0\xff\xff\xff\xff\0\x02\0;");
    for (bytes, size) in [
        (bomb, "20000x20000"),
        (gif, "65535x65535"),
        (b"P6 16000 16000 255 ".to_vec(), "16000x16000"),
        (b"P5 16385 1 255 ".to_vec(), "16385x1"),
        (npy("<f4", "(30000, 30000)", &[]), "30000x30000"),
        (npy("<f4", "(18446744073709551615, 18446744073709551615, 3)", &[]), "18446744073709551615"),
    ] {
        let message = refusal(&bytes);
        assert!(message.contains(size) && message.contains("120 million"), "{message}");
    }
}

/// An array file of version 1, as NumPy writes it.
pub(crate) fn npy(descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (header.len() + 1 + 10).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    bytes.extend(numbers);
    bytes
}

fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<_> =
        [ROTATED_JPEG, LOSSY_WEBP, ROTATED_WEBP, LZW_TIFF, ANIMATED_GIF].map(<[u8]>::to_vec).to_vec();
    for format in
        [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Pnm, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Gif]
    {
        corpus.push(encoded(&rgb().into(), format));
    }
    corpus.push(npy("<f4", "(2, 2)", &[0; 16]));
    corpus
}

proptest! {
    // Each case takes well below a millisecond.
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn broken_files_never_panic(
        file in prop::sample::select(corpus()),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = file;
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match Reader::default().decode("picture", &bytes) {
            Ok(image) => prop_assert!(image.values().iter().all(|value| (0.0..=1.0).contains(value))),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Picture);
                prop_assert!(!error.to_string().contains('\n'));
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        magic in prop::sample::select(vec![
            &b""[..], b"\x93NUMPY\x01\0", b"\x40\0\0\0\0\0\0\0{", b"BM", b"P6 ", b"II*\0", b"\xff\xd8\xff", b"GIF89a",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Reader::default().decode("picture", &[magic, &rest].concat());
    }
}
