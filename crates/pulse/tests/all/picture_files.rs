//! Picture files as people have them: colours, transparency, depth, damage, and more pixels than bytes.

use std::path::{Path, PathBuf};

use pulse::ErrorKind;
use pulse::face::{Photograph, Restoration, Square, aligned};
use pulse::image::{FileNote, Image, LeftOut, Provenance, Raster, Reader, Rectangle, list, through_jpeg};
use pulse::measurement::{MeasurementKind, Quality, Size};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(name)
}

fn raster(name: &str) -> Raster {
    Raster::read(name, &std::fs::read(case(name)).unwrap()).unwrap()
}

fn rms(a: &Image, b: &Image) -> f64 {
    255.0 * a.mean_squared_difference(b).sqrt()
}

#[test]
fn colours_become_those_of_srgb() {
    let expected = raster("same_in_srgb.png").image().unwrap();
    // What the JPEG loses is 2 of 255.
    for (name, words, most) in
        [("display_p3.png", "P3", 0.5), ("adobe_rgb.jpg", "A98", 2.5), ("linear_gama.png", "gamma of 1.00", 0.5)]
    {
        let read = raster(name);
        let error = rms(&read.image().unwrap(), &expected);
        assert!(error < most, "{name}: {error}");
        let [FileNote::Converted { from }] = read.notes() else { panic!("{name}: {:?}", read.notes()) };
        assert!(from.contains(words), "{from}");
        // Whoever wants the numbers gets them.
        assert!(rms(&read.untagged().image().unwrap(), &expected) > 3.0, "{name}");
    }
    assert_eq!(raster("same_in_srgb.png").notes(), []);
}

/// The profile of this TIFF is larger than its picture, and its darkest ink is grey, which is shown as black.
#[test]
fn inks_become_the_colours_that_their_profile_says() {
    let expected = raster("cmyk_in_srgb.png").image().unwrap();
    for (name, most) in [("cmyk.tif", 2.0), ("cmyk.jpg", 2.5)] {
        let read = raster(name);
        assert_eq!(read.notes(), [FileNote::Converted { from: "Inks of the tests".into() }], "{name}");
        let error = rms(&read.image().unwrap(), &expected);
        assert!(error < most, "{name}: {error}");
    }
}

/// A PNG of 1x1 pixels with one chunk before the pixels.
fn png_with(name: [u8; 4], data: &[u8], colour: png::ColorType, pixel: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(colour);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::ChunkType(name), data).unwrap();
    writer.write_image_data(pixel).unwrap();
    writer.finish().unwrap();
    bytes
}

fn chrm(numbers: [u32; 8]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

#[test]
fn chunks_of_a_png_that_tell_its_colours_are_honoured() {
    let read = |bytes: &[u8]| Raster::read("p", bytes).unwrap();
    let values = |raster: &Raster| raster.image().unwrap().values().to_vec();
    // Display P3 and linear BT.709 by code points; sRGB itself stays as it is and says nothing.
    let pixel = [200, 100, 50];
    let p3 = read(&png_with(*b"cICP", &[12, 13, 0, 1], png::ColorType::Rgb, &pixel));
    assert_eq!(p3.notes(), [FileNote::Converted { from: "Display P3".into() }]);
    assert!(values(&p3)[0] > 0.8 && values(&p3)[2] < 0.18, "{:?}", values(&p3));
    let linear = read(&png_with(*b"cICP", &[1, 8, 0, 1], png::ColorType::Rgb, &[128, 128, 128]));
    assert!((values(&linear)[0] - 0.737).abs() < 0.003, "{:?}", values(&linear));
    for srgb in [
        png_with(*b"cICP", &[1, 13, 0, 1], png::ColorType::Rgb, &pixel),
        png_with(*b"gAMA", &45_455_u32.to_be_bytes(), png::ColorType::Rgb, &pixel),
    ] {
        let srgb = read(&srgb);
        assert_eq!((srgb.notes(), values(&srgb)), (&[][..], pixel.map(|byte| f32::from(byte) / 255.0).to_vec()));
    }
    // A grey picture stays grey.
    let grey = read(&png_with(*b"gAMA", &100_000_u32.to_be_bytes(), png::ColorType::Grayscale, &[128]));
    assert!(values(&grey).len() == 1 && (values(&grey)[0] - 0.737).abs() < 0.003, "{:?}", values(&grey));
    // Other primaries (Adobe's): a saturated green cannot be shown, and stays within the range.
    let adobe = chrm([31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000]);
    let green = read(&png_with(*b"cHRM", &adobe, png::ColorType::Rgb, &[0, 255, 0]));
    let near = values(&green).iter().zip([0.0, 1.0, 0.0]).all(|(value, expected)| (value - expected).abs() < 1e-3);
    assert!(near, "{:?}", values(&green));
    assert_eq!(green.notes().len(), 1);
}

#[test]
fn colours_that_cannot_be_used_are_a_warning() {
    for data in [&[12, 16, 0, 1], &[1, 13, 6, 0], &[77, 1, 0, 1]] {
        let read = Raster::read("p", &png_with(*b"cICP", data, png::ColorType::Rgb, &[9, 8, 7])).unwrap();
        assert!(matches!(read.notes(), [FileNote::UnreadableColours { .. }]), "{:?}", read.notes());
        assert_eq!(read.image().unwrap().to_bytes(), [9, 8, 7]);
    }
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::set_icc_profile(&mut encoder, b"no profile at all".to_vec()).unwrap();
    image::ImageEncoder::write_image(encoder, &[9, 8, 7], 1, 1, image::ExtendedColorType::Rgb8).unwrap();
    let read = Raster::read("p", &bytes).unwrap();
    assert!(read.notes()[0].to_string().contains("taken for sRGB's"), "{:?}", read.notes());
    assert_eq!(read.image().unwrap().to_bytes(), [9, 8, 7]);
}

/// What is in a PNG, by the reading of others.
fn decoded(bytes: &[u8]) -> (png::ColorType, png::BitDepth, Option<Vec<u8>>, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let info = reader.info();
    (info.color_type, info.bit_depth, info.icc_profile.as_ref().map(|profile| profile.to_vec()), pixels)
}

/// The photograph with a face put into it, as its file has it.
fn pasted(raster: &Raster, square: &Square) -> Vec<u8> {
    let seen = aligned(&raster.image().unwrap(), square, 32).unwrap();
    let face = Image::new(3, 32, 32, vec![0.5; 3 * 32 * 32]).unwrap();
    let mut photograph = Photograph::scaled(raster, 1.0).unwrap();
    photograph.put(square, &face, &seen, &Restoration::Replaced).unwrap();
    let mut file = Vec::new();
    photograph.write_png(&Provenance::new("test", 1), &mut file).unwrap();
    file
}

#[test]
fn a_photograph_keeps_its_profile_and_the_numbers_beside_the_face() {
    let raster = raster("face_p3.jpg");
    let size = raster.size();
    let square = Square::upright([size.width as f64 / 2.0, size.height as f64 / 2.0], size.width as f64 / 3.0);
    let file = pasted(&raster, &square);
    let (colour, _, profile, pixels) = decoded(&file);
    assert_eq!(colour, png::ColorType::Rgb);
    assert!(profile.is_some(), "the profile is gone");
    let own = raster.untagged().image().unwrap().to_bytes();
    let changed = own.chunks_exact(3).zip(pixels.chunks_exact(3)).filter(|(own, new)| own != new).count();
    assert!(changed > 100 && changed < size.width * size.height / 4, "{changed}");
    assert_eq!(own[..3 * size.width], pixels[..3 * size.width]);
    // What is seen of it is what was seen, in sRGB, and the face is the grey that was put there.
    let read = Raster::read("p", &file).unwrap().image().unwrap();
    let middle = (size.height / 2) * size.width + size.width / 2;
    for channel in 0..3 {
        assert!((read.plane(channel)[middle] - 0.5).abs() < 0.02, "{}", read.plane(channel)[middle]);
    }
    assert_eq!(read.plane(0)[0], raster.image().unwrap().plane(0)[0]);
}

#[test]
fn a_photograph_keeps_what_is_transparent_and_its_depth() {
    let alpha = raster("face_alpha.png");
    let size = alpha.size();
    let square = Square::upright([size.width as f64 / 2.0, size.height as f64 / 2.0], 60.0);
    let own = decoded(&std::fs::read(case("face_alpha.png")).unwrap());
    let (colour, depth, _, pixels) = decoded(&pasted(&alpha, &square));
    assert_eq!((colour, depth), (png::ColorType::Rgba, png::BitDepth::Eight));
    assert!(own.3.chunks_exact(4).zip(pixels.chunks_exact(4)).all(|(own, new)| own[3] == new[3]));
    assert_eq!(own.3[..4 * size.width], pixels[..4 * size.width]);

    let deep: image::ImageBuffer<image::Rgb<u16>, _> =
        image::ImageBuffer::from_fn(120, 90, |x, y| image::Rgb([(x * 501 + y) as u16, (y * 701 + 3) as u16, 40_001]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(deep.clone()).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let file = pasted(&Raster::read("p", bytes.get_ref()).unwrap(), &Square::upright([60.0, 45.0], 40.0));
    let (colour, depth, _, pixels) = decoded(&file);
    assert_eq!((colour, depth), (png::ColorType::Rgb, png::BitDepth::Sixteen));
    let first: Vec<u8> = deep.as_raw()[..3 * 120].iter().flat_map(|number| number.to_be_bytes()).collect();
    assert_eq!(pixels[..6 * 120], first);
}

#[test]
fn an_enlarged_photograph_keeps_its_depth_and_does_not_darken_where_it_is_transparent() {
    let pixels = image::RgbaImage::from_fn(40, 30, |x, _| {
        if x < 20 { image::Rgba([200, 100, 50, 255]) } else { image::Rgba([0, 0, 0, 0]) }
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(pixels).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let raster = Raster::read("p", bytes.get_ref()).unwrap();
    let mut file = Vec::new();
    Photograph::scaled(&raster, 2.5).unwrap().write_png(&Provenance::new("test", 1), &mut file).unwrap();
    let (colour, _, _, pixels) = decoded(&file);
    assert_eq!((colour, pixels.len()), (png::ColorType::Rgba, 4 * 100 * 75));
    let half_there = pixels.chunks_exact(4).filter(|pixel| (60..200).contains(&pixel[3]));
    assert!(half_there.clone().count() > 0);
    for pixel in half_there {
        assert!(pixel[0].abs_diff(200) < 3 && pixel[1].abs_diff(100) < 3, "{pixel:?}");
    }
}

#[test]
fn a_jpeg_says_what_is_missing_in_it() {
    assert_eq!(raster("jpeg_without_eoi.jpg").notes(), [FileNote::NoEnd]);
    let damaged = raster("jpeg_damaged_inside.jpg");
    assert!(matches!(damaged.notes(), [FileNote::Damaged { .. }]), "{:?}", damaged.notes());
    assert!(damaged.notes()[0].to_string().contains("damaged inside"));

    let photograph = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/astronaut.jpg");
    let whole = std::fs::read(photograph).unwrap();
    let progressive = std::fs::read(case("../pictures/progressive_rotated.jpg")).unwrap();
    for whole in [whole, progressive] {
        assert_eq!(Raster::read("p", &whole).unwrap().notes(), []);
        let without_end = &whole[..whole.len() - 2];
        assert_eq!(Raster::read("p", without_end).unwrap().notes(), [FileNote::NoEnd]);
        let padded = [without_end, &[0; 300]].concat();
        assert_eq!(Raster::read("p", &padded).unwrap().notes(), [FileNote::NoEnd]);
        let message = Raster::read("p", &whole[..whole.len() * 3 / 4]).unwrap_err().to_string();
        assert!(message.contains("the file ends early"), "{message}");
    }
}

#[test]
fn formats_that_are_not_read_are_named() {
    for (name, format) in [("phone.heic", "HEIC"), ("a.avif", "AVIF")] {
        let error = Reader::default().read(&case(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Picture);
        assert!(error.to_string().contains(&format!("of the format {format}")), "{error}");
        assert!(error.to_string().contains("convert it to PNG"), "{error}");
    }
}

#[test]
fn a_folder_tells_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("sub/deep")).unwrap();
    std::fs::create_dir(path("notes")).unwrap();
    for name in ["a.png", "phone.HEIC", "new.avif", "sub/deep/b.jpg", "sub/c.heif", "notes/text.txt"] {
        std::fs::write(path(name), b"").unwrap();
    }
    let flat = list(folder.path(), false).unwrap();
    assert_eq!(flat.pictures, [path("a.png")]);
    let unread = |name: &str| LeftOut::Unread(path(name));
    assert_eq!(flat.left_out, [unread("new.avif"), unread("phone.HEIC"), LeftOut::Folder(path("sub"))]);
    let all = list(folder.path(), true).unwrap();
    assert_eq!(all.pictures, [path("a.png"), path("sub/deep/b.jpg")]);
    assert_eq!(all.left_out, [unread("new.avif"), unread("phone.HEIC"), unread("sub/c.heif")]);
}

#[test]
fn a_part_of_a_picture_is_what_the_whole_shows() {
    let raster = raster("face_alpha.png");
    let whole = raster.image().unwrap();
    let part = Rectangle { left: 7, top: 11, width: 30, height: 21 };
    assert_eq!(raster.part(part, 1).unwrap(), whole.crop(part).unwrap());
    let halves = raster.part(Rectangle { left: 0, top: 0, width: 20, height: 10 }, 2).unwrap();
    assert_eq!(halves.size(), Size::new(10, 5));
    let mean =
        [0, 1].into_iter().flat_map(|y| [0, 1].map(|x| whole.plane(1)[y * whole.width() + x])).sum::<f32>() / 4.0;
    assert!((halves.plane(1)[0] - mean).abs() < 1e-6);
    let outside = Rectangle { left: usize::MAX, ..part };
    assert_eq!(raster.part(outside, 1).unwrap_err().kind(), ErrorKind::Picture);
}

#[test]
fn transparent_pixels_are_told() {
    let hole = raster("transparent_hole.png");
    let opacity = hole.opacity().unwrap();
    let gone = opacity.values().iter().filter(|&&value| value == 0.0).count();
    assert!(gone > 100 && gone < 64 * 64, "{gone}");
    assert_eq!(raster("same_in_srgb.png").opacity(), None);
    assert!(rms(&hole.opaque().image().unwrap(), &hole.image().unwrap()) > 1.0);
}

#[test]
fn what_a_jpeg_leaves_has_the_size_that_is_said() {
    for (quality, most) in [(50, 0.35), (75, 0.3), (90, 0.45)] {
        let quality = Quality::new(quality).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos");
        let table = std::fs::read_to_string(folder.join("crops.csv")).unwrap();
        let mut squares = Vec::new();
        for line in table.lines().skip(1) {
            let fields: Vec<_> = line.split(',').collect();
            let [left, top, width, height] = std::array::from_fn(|index| fields[index + 1].parse().unwrap());
            let face = Reader::default().read(&folder.join(fields[0])).unwrap();
            let face = face.crop(Rectangle { left, top, width, height }).unwrap();
            for side in [16, 32] {
                let small =
                    face.resized(pulse::measurement::Kernel::Bicubic, Size::new(side, side)).unwrap().quantised();
                squares.push(through_jpeg(&small, quality).unwrap().mean_squared_difference(&small));
            }
        }
        let left = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        assert!((quality.noise() / left - 1.0).abs() < most, "{}: {} of {left}", quality.get(), quality.noise());
    }
    assert_eq!("bicubic,jpeg:75".parse::<MeasurementKind>().unwrap().jpeg(), Some(Quality::new(75).unwrap()));
    for text in ["jpeg", "jpeg:0", "jpeg:101", "jpeg:good"] {
        assert_eq!(text.parse::<MeasurementKind>().unwrap_err().kind(), ErrorKind::Setting, "{text}");
    }
}

#[test]
fn names_of_files_may_have_commas_colons_and_quotes() {
    for name in ["ma,sk.png", "a:b.png", "say \"what\".png", "back\\slash,.png", " space.png", "100%,x.png"] {
        let quoted = format!("mask:\"{}\",gray", name.replace('\\', "\\\\").replace('"', "\\\""));
        let kind: MeasurementKind = quoted.parse().unwrap();
        let pulse::measurement::Stage::Mask(file) = &kind.stages()[0] else { panic!("{kind}") };
        assert_eq!(file.path(), Path::new(name));
        assert_eq!(kind.to_string().parse::<MeasurementKind>().unwrap(), kind, "{kind}");
    }
    for text in ["mask:\"open.png", "mask:\"\"", "mask:\"a\"b,gray"] {
        assert_eq!(text.parse::<MeasurementKind>().unwrap_err().kind(), ErrorKind::Setting, "{text}");
    }
}

/// A decoder is in step again soon after damage, so that some of it is not told from a picture.
#[test]
fn a_jpeg_with_damage_inside_mostly_says_so() {
    let photograph = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/astronaut.jpg");
    let whole = std::fs::read(photograph).unwrap();
    let mut noted = 0;
    for trial in 0..40 {
        let mut bytes = whole.clone();
        let at = bytes.len() / 10 + trial * bytes.len() / 50;
        // No marker is made of it.
        bytes[at..at + 8]
            .copy_from_slice(&(trial as u64).wrapping_mul(0x1234_5678_9abc_def1).to_be_bytes().map(|byte| byte & 0x7f));
        let notes = Raster::read("p", &bytes).map(|raster| raster.notes().to_vec());
        noted += usize::from(!matches!(notes.as_deref(), Ok([])));
    }
    assert!(noted >= 20, "{noted} of 40");
}

/// Whatever is in the picture, and however it was compressed.
#[test]
fn a_sound_jpeg_says_nothing() {
    for side in [1, 3, 8] {
        let block = |x: u32, y: u32| (x / side * 7919 + y / side * 104_729).wrapping_mul(2_654_435_761) >> 24;
        let picture = image::RgbImage::from_fn(75, 60, |x, y| {
            image::Rgb([0, 1, 2].map(|channel| if block(x + 97 * channel, y) < 128 { 0 } else { 255 }))
        });
        for quality in [1, 10, 40, 75, 95, 100] {
            let mut bytes = Vec::new();
            let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
            encoder.encode_image(&picture).unwrap();
            assert_eq!(Raster::read("p", &bytes).unwrap().notes(), [], "{side} at {quality}");
        }
    }
}
