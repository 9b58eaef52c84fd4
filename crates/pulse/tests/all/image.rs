//! Pictures in memory and as they are written.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;
use pulse::ErrorKind;
use pulse::image::{Extent, Image, Provenance, Reader, Rectangle, encode_png, pictures_in, write_png};
use pulse::measurement::{Kernel, Size};
use pulse::write::write_atomically;

fn ramp(channels: usize, height: usize, width: usize) -> Image {
    let count = channels * height * width;
    Image::new(channels, height, width, (0..count).map(|i| i as f32 / count as f32).collect()).unwrap()
}

#[test]
fn only_pictures_in_range_are_made() {
    for (channels, height, width, values) in [
        (2, 1, 1, vec![0.0; 2]),
        (1, 0, 1, vec![]),
        (1, 2, 2, vec![0.0; 3]),
        (1, 1, 1, vec![1.001]),
        (1, 1, 1, vec![-f32::EPSILON]),
        (1, 1, 1, vec![f32::NAN]),
        (3, usize::MAX, 2, vec![0.0; 6]),
    ] {
        let error = Image::new(channels, height, width, values).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Picture);
    }
    assert_eq!(Image::clamped(1, 1, 3, vec![-2.0, 0.5, 7.0]).unwrap().values(), [0.0, 0.5, 1.0]);
    assert!(Image::clamped(1, 1, 1, vec![f32::NAN]).is_err());
    assert!(Image::clamped(1, 1, 1, vec![f32::INFINITY]).is_err());
}

#[test]
fn crops_take_the_stated_pixels() {
    let image = ramp(3, 4, 6);
    let crop = image.crop(Rectangle { left: 2, top: 1, width: 3, height: 2 }).unwrap();
    assert_eq!((crop.channels(), crop.height(), crop.width()), (3, 2, 3));
    assert_eq!(crop.plane(1)[..3], image.plane(1)[6 + 2..][..3]);
    assert_eq!(crop.plane(2)[3..], image.plane(2)[12 + 2..][..3]);
    assert_eq!(image.centre_square(), Rectangle { left: 1, top: 0, width: 4, height: 4 });
    assert_eq!(ramp(1, 5, 2).centre_square(), Rectangle { left: 0, top: 1, width: 2, height: 2 });
    for outside in [
        Rectangle { left: 4, top: 0, width: 3, height: 1 },
        Rectangle { left: 0, top: 0, width: 0, height: 1 },
        Rectangle { left: usize::MAX, top: 0, width: 2, height: 1 },
    ] {
        assert_eq!(image.crop(outside).unwrap_err().kind(), ErrorKind::Picture);
    }
}

#[test]
fn grey_and_colour_turn_into_each_other() {
    let grey = ramp(1, 3, 5);
    let there_and_back = grey.to_rgb().to_grey();
    assert_eq!(grey.to_rgb().plane(2), grey.values());
    // The three weights sum to 1 up to their rounding.
    assert!(there_and_back.mean_squared_difference(&grey).sqrt() < 1e-6);
    let green = Image::new(3, 1, 1, vec![0.0, 1.0, 0.0]).unwrap();
    assert_eq!(green.to_grey().values(), [0.7152]);
}

#[test]
fn bicubic_enlargement_stays_a_picture() {
    let edge = Image::new(1, 1, 4, vec![0.0, 0.0, 1.0, 1.0]).unwrap();
    let large = edge.resized(Kernel::Bicubic, Size::new(12, 3)).unwrap();
    assert_eq!(large.size(), Size::new(12, 3));
    assert!(large.values().iter().all(|value| (0.0..=1.0).contains(value)));
}

proptest! {
    #[test]
    fn a_png_is_the_quantised_picture(
        (channels, height, width, values) in (prop_oneof![Just(1_usize), Just(3)], 1_usize..9, 1_usize..9)
            .prop_flat_map(|(c, h, w)| (Just(c), Just(h), Just(w), prop::collection::vec(0.0_f32..=1.0, c * h * w)))
    ) {
        let image = Image::new(channels, height, width, values).unwrap();
        let read = Reader::default().decode("memory", &encode_png(&image, None).unwrap()).unwrap();
        prop_assert_eq!(&read, &image.quantised());
        prop_assert_eq!(&Image::from_bytes(channels, height, width, &image.to_bytes()).unwrap(), &read);
        // Rounding moves a value by at most half a step of 1/255.
        for (a, b) in read.values().iter().zip(image.values()) {
            prop_assert!((a - b).abs() <= 0.5 / 255.0 + f32::EPSILON);
        }
    }
}

fn text_of(bytes: &[u8], keyword: &str) -> Option<String> {
    let reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info();
    let latin = info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == keyword);
    let unicode = info.utf8_text.iter().find(|chunk| chunk.keyword == keyword);
    latin.map(|chunk| chunk.text.clone()).or_else(|| unicode.map(|chunk| chunk.get_text().unwrap()))
}

#[test]
fn a_synthetic_png_says_so() {
    let image = ramp(3, 4, 4);
    let mut provenance = Provenance::new("faces <α> & more\nsecond line", 0);
    provenance.candidate = Some(7);
    let bytes = encode_png(&image, Some(&provenance)).unwrap();
    let text = |keyword| text_of(&bytes, keyword).unwrap();
    assert!(text("Software").contains("pulse-upsample"));
    assert_eq!(text("Source"), "faces <α> & more second line");
    assert_eq!(text("seed"), "0");
    assert_eq!(text("candidate"), "7");
    assert!(text("Description").contains("not a photograph of a person"));
    let xmp = text("XML:com.adobe.xmp");
    assert!(xmp.contains(
        "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia<"
    ));
    assert!(xmp.contains("faces &lt;α&gt; &amp; more second line, seed 0"));
    assert_eq!(Reader::default().decode("memory", &bytes).unwrap(), image.quantised());

    provenance.extent = Extent::Composite;
    let bytes = encode_png(&image, Some(&provenance)).unwrap();
    assert!(text_of(&bytes, "XML:com.adobe.xmp").unwrap().contains("/compositeWithTrainedAlgorithmicMedia<"));

    let bytes = encode_png(&image, None).unwrap();
    assert_eq!(text_of(&bytes, "Description"), None);
    assert_eq!(text_of(&bytes, "XML:com.adobe.xmp"), None);
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candidate.png");
    write_atomically(&path, b"old").unwrap();
    write_png(&path, &ramp(1, 2, 2), None).unwrap();
    assert_eq!(Reader::default().read(&path).unwrap(), ramp(1, 2, 2).quantised());
    assert_eq!(names_in(folder.path()), ["candidate.png"]);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    // No file system has names this long, so the last step, the renaming, fails.
    let long = "x".repeat(2000);
    for (name, reason) in
        [("taken", "it is a folder"), ("missing/file", "make it first"), (long.as_str(), "cannot write")]
    {
        let error = write_atomically(&folder.path().join(name), b"bytes").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(names_in(folder.path()), ["taken"]);
    }
}

#[test]
fn a_folder_lists_its_pictures_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.PNG", "a.jpeg", "c.npy", "model.safetensors", "notes.txt", ".hidden.png", "png"] {
        fs::write(folder.path().join(name), b"").unwrap();
    }
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    let listed = pictures_in(folder.path()).unwrap();
    let names: Vec<_> = listed.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["a.jpeg", "b.PNG", "c.npy"]);
    assert_eq!(pictures_in(&folder.path().join("a.jpeg")).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(pictures_in(&folder.path().join("missing")).unwrap_err().kind(), ErrorKind::Io);
}
