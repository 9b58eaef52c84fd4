//! Telling the kind of a file by its bytes; its name says nothing.

use crate::error::{Error, ErrorKind, Result};
use crate::{onnx, safetensors, torch};

/// So many bytes from the beginning tell what a file is.
pub(crate) const BEGINNING: usize = 512;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Safetensors,
    TorchZip,
    TorchLegacy,
    Pickle,
    Onnx,
}

/// What a file is that is no checkpoint, by the bytes at an offset in it.
const OTHERS: [(usize, &[u8], &str); 18] = [
    (0, b"version https://git-lfs", "a pointer of Git LFS to a file that was not fetched: run `git lfs pull`"),
    (0, b"<", "a web page, not the file that was to be downloaded: download it again in a browser"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"\x89HDF", "an HDF5 file, as Keras writes: convert it to safetensors"),
    (0, b"\x93NUMPY", "a single array of NumPy: save all tensors as safetensors"),
    (0, b"GGUF", "a GGUF file of a language model"),
    (0, b"\x1f\x8b", "a gzip archive: unpack it"),
    (0, b"BZh", "a bzip2 archive: unpack it"),
    (0, b"\xfd7zXZ", "an xz archive: unpack it"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive: unpack it"),
    (0, b"Rar!", "a RAR archive: unpack it"),
    (257, b"ustar", "a tar archive, as PyTorch 0.1 wrote too: unpack it, or save it again with a later PyTorch"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"%PDF", "a PDF document"),
];

/// Pickles of protocols 0 and 1 begin with the operation that makes their first object.
const PICKLE_BEGINNINGS: &[u8] = b"(]})c";

pub(crate) fn tell(bytes: &[u8]) -> Result<Kind> {
    if safetensors::begins(bytes) {
        return Ok(Kind::Safetensors);
    }
    if torch::begins_zip(bytes) {
        return Ok(Kind::TorchZip);
    }
    if torch::begins_legacy(bytes) {
        return Ok(Kind::TorchLegacy);
    }
    if onnx::begins(bytes) {
        return Ok(Kind::Onnx);
    }
    if let [0x80, 0..=5, ..] = bytes {
        return Ok(Kind::Pickle);
    }
    let begins =
        |&&(offset, magic, _): &&(usize, &[u8], _)| bytes.get(offset..).is_some_and(|at| at.starts_with(magic));
    if let Some((_, _, what)) = OTHERS.iter().find(begins) {
        return Err(Error::new(ErrorKind::Format, format!("this is no checkpoint, but {what}")));
    }
    match bytes.first() {
        None => Err(Error::new(ErrorKind::Format, "the file is empty: download or copy it again")),
        Some(first) if PICKLE_BEGINNINGS.contains(first) => Ok(Kind::Pickle),
        Some(_) => {
            let message = "this is no checkpoint of a known kind: safetensors, files of torch.save, the pickles of \
                           StyleGAN and ONNX are read";
            Err(Error::new(ErrorKind::Format, message))
        }
    }
}
