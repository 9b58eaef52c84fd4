//! The pictures that a generator was not trained on: `test.npz` beside it, with the array `pictures` `[n, height, width(, 3)]` of bytes.

use std::ops::Range;
use std::path::Path;

use pulse::Result;
use pulse::image::Image;

/// Those of these numbers, from 0.
pub(crate) fn pictures(folder: &Path, numbers: Range<usize>) -> Result<Vec<Image>> {
    let file = std::fs::read(folder.join("test.npz")).expect("test.npz beside the generator");
    let array = first_entry(&file);
    let header_length = usize::from(u16::from_le_bytes([array[8], array[9]]));
    let (header, bytes) = (String::from_utf8_lossy(&array[10..10 + header_length]), &array[10 + header_length..]);
    assert!(header.contains("|u1"), "pictures are bytes: {header}");
    let shape = header.split_once('(').and_then(|(_, rest)| rest.split_once(')')).expect("a shape").0;
    let shape: Vec<usize> = shape.split(',').filter_map(|length| length.trim().parse().ok()).collect();
    let (height, width, channels) = (shape[1], shape[2], shape.get(3).copied().unwrap_or(1));
    let pixels = height * width;
    let picture = |bytes: &[u8]| {
        let channel = |c: usize| (0..pixels).map(move |p| f32::from(bytes[p * channels + c]) / 255.0);
        Image::new(channels, height, width, (0..channels).flat_map(channel).collect())
    };
    bytes.chunks_exact(pixels * channels).skip(numbers.start).take(numbers.len()).map(picture).collect()
}

/// The contents of the only entry of a zip archive, deflated or stored.
fn first_entry(file: &[u8]) -> Vec<u8> {
    let short = |at: usize| usize::from(u16::from_le_bytes([file[at], file[at + 1]]));
    let contents = &file[30 + short(26) + short(28)..];
    match short(8) {
        8 => miniz_oxide::inflate::decompress_to_vec(contents).unwrap_or_else(|error| error.output),
        _ => contents.to_vec(),
    }
}
