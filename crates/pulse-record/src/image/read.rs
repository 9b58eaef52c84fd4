//! Files to pictures.

use std::fs::File;
use std::io::{ErrorKind as IoKind, Read as _};
use std::path::Path;

use image::ImageFormat;

use super::{array, npy, raster};
use crate::{Error, ErrorKind};
use pulse_core::image::Image;

/// The formats that are read, for people.
pub const FORMATS: &str = "PNG, JPEG, WebP, TIFF, BMP, GIF, PNM (PBM, PGM, PPM, PAM), NumPy .npy, safetensors";

/// The most pixels along one side of a picture that is read.
pub const MAX_SIDE: usize = 16_384;

/// The most pixels of a picture that is read.
pub const MAX_PIXELS: usize = 100_000_000;

/// The most bytes of a file that is read as a picture: as many as an array of [`MAX_PIXELS`] RGB pixels in
/// `f32` takes, with its header.
pub const MAX_FILE_BYTES: u64 = 3 * 4 * MAX_PIXELS as u64 + (1 << 20);

/// Reads pictures. What a file holds is told by its bytes, never by its name.
///
/// - PNG, JPEG, WebP, TIFF, BMP, GIF and PNM: 8 bits a channel are `value / 255`, 16 bits `value / 65535`;
///   grey stays one channel; a palette is looked up; the orientation of EXIF and TIFF is applied; an
///   animation or a file of several pages gives its first picture. Values are taken as sRGB, and an
///   embedded colour profile is not applied.
/// - `.npy` (version 1 or 2) and `.safetensors` (the tensor named `target`): arrays `[height, width]`,
///   `[height, width, channels]` or `[1, channels, height, width]` with 1 or 3 channels. Floats lie in
///   [0, 1] and are taken as they are; bytes and 16-bit integers are divided by 255 and 65535.
///
/// What a file declares is compared to [`MAX_SIDE`], [`MAX_PIXELS`] and [`MAX_FILE_BYTES`] before memory is
/// asked for, so a small file cannot take a large amount of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The sRGB colour that shows through where a picture is transparent: `alpha value + (1 − alpha)
    /// background`, of the encoded values, as browsers do. White by default.
    pub background: [u8; 3],
}

impl Default for Reader {
    fn default() -> Self {
        Self { background: [255; 3] }
    }
}

impl Reader {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be read, [`ErrorKind::Picture`] as [`decode`](Self::decode).
    pub fn read(&self, path: &Path) -> crate::Result<Image> {
        self.decode(&path.display().to_string(), &read_bytes(path)?)
    }

    /// Reads `bytes`; errors speak of them as `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the bytes are no picture of a known format, end early, are damaged, or
    /// declare more pixels than are read.
    pub fn decode(&self, name: &str, bytes: &[u8]) -> crate::Result<Image> {
        self.picture(bytes).map_err(|reason| {
            // Decoders quote what they find in the file, line ends included.
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            Error::new(ErrorKind::Picture, format!("{name} {reason}"))
        })
    }

    fn picture(&self, bytes: &[u8]) -> Result<Image, String> {
        if bytes.is_empty() {
            return Err("is an empty file: copy or download it again".into());
        }
        match Container::of(bytes) {
            Some(Container::Npy) => npy::parse(bytes)?.image(),
            Some(Container::Safetensors) => array::target_of(bytes)?.image(),
            Some(Container::Raster(format)) => raster::decode(bytes, format, self.background),
            None => Err(format!("is not a picture in any format read here: {FORMATS}; convert it to PNG")),
        }
    }
}

/// What the first bytes of a file say it is.
enum Container {
    Npy,
    Safetensors,
    Raster(ImageFormat),
}

impl Container {
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(npy::MAGIC) {
            return Some(Self::Npy);
        }
        // A safetensors file starts with the length of its JSON header, which the format bounds: text has
        // letters where that length has zeros.
        if let Some((length, rest)) = bytes.split_first_chunk::<8>()
            && u64::from_le_bytes(*length) <= array::MAX_SAFETENSORS_HEADER
            && rest.starts_with(b"{")
        {
            return Some(Self::Safetensors);
        }
        image::guess_format(bytes).ok().map(Self::Raster)
    }
}

/// The bytes of the file at `path`, for [`Reader::decode`].
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Picture`] when it has more than [`MAX_FILE_BYTES`].
pub fn read_bytes(path: &Path) -> crate::Result<Vec<u8>> {
    let shown = path.display();
    let fault = |source: std::io::Error| match source.kind() {
        IoKind::NotFound => {
            Error::new(ErrorKind::Io, format!("cannot read {shown}: there is no such file; check its name and folder"))
                .with_source(source)
        }
        IoKind::PermissionDenied => {
            Error::new(ErrorKind::Io, format!("cannot read {shown}: you may not read it; change its permissions"))
                .with_source(source)
        }
        _ => Error::io("read", path, source),
    };
    let file = File::open(path).map_err(fault)?;
    if file.metadata().map_err(fault)?.is_dir() {
        return Err(Error::new(
            ErrorKind::Io,
            format!("cannot read {shown} as a picture: it is a folder; name a picture inside of it"),
        ));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::new(
            ErrorKind::Picture,
            format!("{shown} is larger than the {MAX_FILE_BYTES} bytes of the largest picture: shrink it first"),
        ));
    }
    Ok(bytes)
}

/// Whether a picture that declares `width` x `height` pixels may be read.
pub(super) fn check_size(width: usize, height: usize) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("declares {width}x{height} pixels, so there is none to read: write it again"));
    }
    let pixels = width.checked_mul(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels.is_none_or(|pixels| pixels > MAX_PIXELS) {
        return Err(format!(
            "declares {width}x{height} pixels, more than the {MAX_SIDE} a side and {} million in all that are read: \
             crop or shrink it first",
            MAX_PIXELS / 1_000_000
        ));
    }
    Ok(())
}
