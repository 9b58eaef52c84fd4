//! Files to pictures.

use std::io::{ErrorKind as IoKind, Read as _};
use std::path::Path;

use image::ImageFormat;
use pulse_checkpoint::read::open_regular;

use super::raster::Raster;
use super::{array, decode, npy};
use crate::{Error, ErrorKind};
use pulse_core::image::Image;

/// The formats that are read, for people.
pub const FORMATS: &str = "PNG, JPEG, WebP, TIFF, BMP, GIF, PNM (PBM, PGM, PPM, PAM), NumPy .npy, safetensors";

/// The most pixels along one side of a picture that is read.
pub const MAX_SIDE: usize = 16_384;

/// The most pixels of a picture that is read.
pub const MAX_PIXELS: usize = 120_000_000;

/// The most bytes that the numbers of a picture take as its file has them: those of [`MAX_PIXELS`] of 8 bits with alpha, or of fewer
/// pixels of more bits. A decoder may hold as many again while it puts them together.
pub const MAX_BYTES: usize = 4 * MAX_PIXELS;

/// The most bytes of a file that is read as a picture: [`MAX_BYTES`] as they are, with a header.
pub const MAX_FILE_BYTES: u64 = MAX_BYTES as u64 + (1 << 20);

/// Reads pictures. What a file holds is told by its bytes, never by its name.
///
/// - PNG, JPEG, WebP, TIFF, BMP, GIF and PNM: 8 bits a channel are `value / 255`, 16 bits `value / 65535`;
///   grey stays one channel; a palette is looked up; the orientation of EXIF and TIFF is applied; an
///   animation or a file of several pages gives its first picture. Colours become sRGB: an ICC profile in a PNG, JPEG, WebP or
///   TIFF, of grey, RGB or CMYK, and the chunks cICP, gAMA and cHRM of a PNG are honoured.
/// - `.npy` (version 1 or 2) and `.safetensors` (the tensor named `target`): arrays `[height, width]`,
///   `[height, width, channels]` or `[1, channels, height, width]` with 1 or 3 channels. Floats lie in
///   [0, 1] and are taken as they are; bytes and 16-bit integers are divided by 255 and 65535.
///
/// What a file declares is compared to [`MAX_SIDE`], [`MAX_PIXELS`], [`MAX_BYTES`] and [`MAX_FILE_BYTES`] before memory is
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
        Raster::read(name, bytes)?.over(self.background).image()
    }
}

impl Raster {
    /// Reads `bytes` as [`Reader::decode`] does, without converting them.
    ///
    /// # Errors
    /// As [`Reader::decode`].
    pub fn read(name: &str, bytes: &[u8]) -> crate::Result<Self> {
        raster(bytes).map_err(|reason| {
            // Decoders quote what they find in the file, line ends included.
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            Error::new(ErrorKind::Picture, format!("{name} {reason}"))
        })
    }
}

fn raster(bytes: &[u8]) -> Result<Raster, String> {
    if bytes.is_empty() {
        return Err("is an empty file: copy or download it again".into());
    }
    match Container::of(bytes) {
        Some(Container::Npy) => npy::parse(bytes)?.raster(),
        Some(Container::Safetensors) => array::target_of(bytes)?.raster(),
        Some(Container::Raster(format)) => decode::decode(bytes, format),
        Some(Container::Unread(name)) => {
            Err(format!("is of the format {name}, which is not read here: convert it to PNG or JPEG"))
        }
        None => Err(format!("is not a picture in any format read here: {FORMATS}; convert it to PNG")),
    }
}

/// What the first bytes of a file say it is.
enum Container {
    Npy,
    Safetensors,
    Raster(ImageFormat),
    /// A picture of a format that is known by its name alone.
    Unread(&'static str),
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
        unread(bytes).map(Self::Unread).or_else(|| image::guess_format(bytes).ok().map(Self::Raster))
    }
}

/// The name of a format that is not read, by the brand of its container (ISO/IEC 14496-12, section 4.3) or its signature.
fn unread(bytes: &[u8]) -> Option<&'static str> {
    let brand = bytes.get(4..8).filter(|kind| *kind == b"ftyp").and_then(|_| bytes.get(8..12));
    match brand {
        Some(b"avif" | b"avis") => Some("AVIF"),
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => Some("HEIC"),
        _ if bytes.starts_with(b"\xff\x0a") || bytes.get(4..8) == Some(b"JXL ") => Some("JPEG XL"),
        _ if bytes.get(4..8) == Some(b"jP  ") => Some("JPEG 2000"),
        _ => None,
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
    if path.is_dir() {
        return Err(Error::new(
            ErrorKind::Io,
            format!("cannot read {shown} as a picture: it is a folder; name a picture inside of it"),
        ));
    }
    let file = open_regular(path).map_err(fault)?;
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

/// Whether a picture may be read that declares `width` x `height` pixels, whose numbers take this many bytes each.
pub(super) fn check_size(width: usize, height: usize, bytes: usize) -> Result<(), String> {
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
    if width * height * bytes > MAX_BYTES {
        return Err(format!(
            "declares {width}x{height} pixels of {bytes} bytes, more than the {} million bytes that are read: crop or shrink it, or \
             save it with 8 bits a channel, first",
            MAX_BYTES / 1_000_000
        ));
    }
    Ok(())
}
