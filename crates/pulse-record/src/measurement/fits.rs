//! Images in FITS files (FITS Standard 4.0): headers of 80-character cards in blocks of 2880 bytes, big-endian numbers.

use super::MOST_NUMBERS;
use pulse_core::image::Size;

/// How every file starts.
pub(super) const MAGIC: &[u8] = b"SIMPLE  =";

const CARD: usize = 80;
const BLOCK: usize = 2880;

/// An image of two axes.
pub(super) struct FitsImage {
    pub(super) size: Size,
    pub(super) values: Vec<f64>,
    /// The side of a pixel in seconds of arc, where the header says it.
    pub(super) arcseconds: Option<f64>,
}

/// The first image of two axes: of the primary header or, where that has none, of the first extensions.
pub(super) fn image(bytes: &[u8]) -> Result<FitsImage, String> {
    let mut rest = bytes;
    loop {
        let (header, data) = Header::read(rest)?;
        if let Some(size) = header.size()? {
            return Ok(FitsImage { size, values: header.numbers(size, data)?, arcseconds: header.arcseconds() });
        }
        rest = data;
        if rest.is_empty() {
            return Err("is a FITS file without an image: give one that has one".into());
        }
    }
}

/// The cards up to `END`: keyword and value.
struct Header<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Header<'a> {
    /// The header at the start, and what follows its last block.
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), String> {
        let mut cards = Vec::new();
        for (index, card) in bytes.chunks_exact(CARD).enumerate() {
            let card = str::from_utf8(card).map_err(|_| damaged("a header card that is no text"))?;
            let (keyword, value) = card.split_at_checked(8).ok_or_else(|| damaged("a header card that is no text"))?;
            let keyword = keyword.trim_end();
            if keyword == "END" {
                let end = ((index + 1) * CARD).next_multiple_of(BLOCK).min(bytes.len());
                return Ok((Self(cards), &bytes[end..]));
            }
            if let Some(value) = value.strip_prefix('=') {
                cards.push((keyword, value.split('/').next().unwrap_or_default().trim()));
            }
        }
        Err("is an incomplete FITS file: its header does not end; copy or download it again".into())
    }

    fn value(&self, keyword: &str) -> Option<&'a str> {
        self.0.iter().find(|card| card.0 == keyword).map(|card| card.1)
    }

    fn integer(&self, keyword: &str) -> Result<i64, String> {
        let value = self.value(keyword).ok_or_else(|| damaged(&format!("no {keyword}")))?;
        value.parse().map_err(|_| damaged(&format!("the {keyword} {value}")))
    }

    fn real(&self, keyword: &str, missing: f64) -> Result<f64, String> {
        match self.value(keyword) {
            // Fortran writes exponents with a D.
            Some(value) => {
                value.replace(['D', 'd'], "E").parse().map_err(|_| damaged(&format!("the {keyword} {value}")))
            }
            None => Ok(missing),
        }
    }

    /// The image's size, or nothing where the header has no data.
    fn size(&self) -> Result<Option<Size>, String> {
        if self.value("XTENSION").is_some_and(|kind| !kind.starts_with("'IMAGE")) {
            return Err("is a FITS file whose first data are a table and no image: save the image alone".into());
        }
        let count = self.integer("NAXIS")?;
        if count == 0 {
            return Ok(None);
        }
        let axes = (1..=count.min(9)).map(|axis| self.integer(&format!("NAXIS{axis}")));
        let axes = axes.collect::<Result<Vec<_>, _>>()?;
        match axes[..] {
            [width, height, ref further @ ..] if further.iter().all(|&length| length == 1) && count <= 9 => {
                let length =
                    |length: i64| usize::try_from(length).ok().filter(|length| (1..=MOST_NUMBERS).contains(length));
                let size = length(width).zip(length(height)).map(|(width, height)| Size::new(width, height));
                let size = size.filter(|size| size.width * size.height <= MOST_NUMBERS);
                size.map(Some)
                    .ok_or_else(|| format!("is a FITS image of {width}x{height} pixels, which is not read: cut it"))
            }
            _ => Err(format!("is a FITS file with an array of axes {axes:?}: a point-spread function has two")),
        }
    }

    /// The side of a pixel: `PIXSCALE`, in seconds of arc, as many tools write it; or `CDELT1`, or `CD1_1`, in degrees (WCS Paper I, Greisen
    /// and Calabretta 2002), unless `CUNIT1` has another unit.
    fn arcseconds(&self) -> Option<f64> {
        const DEGREE: f64 = 3600.0;
        let degrees = self.value("CUNIT1").is_none_or(|unit| unit.trim_matches(['\'', ' ']) == "deg");
        let side = |keyword: &str, unit: f64| {
            let side = unit * self.real(keyword, 0.0).ok()?.abs();
            (side > 0.0 && side.is_finite()).then_some(side)
        };
        let of_axis = |keyword| side(keyword, DEGREE).filter(|_| degrees);
        side("PIXSCALE", 1.0).or_else(|| of_axis("CDELT1")).or_else(|| of_axis("CD1_1"))
    }

    /// `BZERO + BSCALE · stored`.
    fn numbers(&self, size: Size, data: &[u8]) -> Result<Vec<f64>, String> {
        let (zero, scale) = (self.real("BZERO", 0.0)?, self.real("BSCALE", 1.0)?);
        let count = size.width * size.height;
        let stored = match self.integer("BITPIX")? {
            8 => take(data, count, |[byte]: [u8; 1]| f64::from(byte)),
            16 => take(data, count, |bytes| f64::from(i16::from_be_bytes(bytes))),
            32 => take(data, count, |bytes| f64::from(i32::from_be_bytes(bytes))),
            64 => take(data, count, |bytes| i64::from_be_bytes(bytes) as f64),
            -32 => take(data, count, |bytes| f64::from(f32::from_be_bytes(bytes))),
            -64 => take(data, count, f64::from_be_bytes),
            other => return Err(damaged(&format!("the BITPIX {other}"))),
        };
        let stored = stored.ok_or("is an incomplete FITS file: its data end early; copy or download it again")?;
        Ok(stored.into_iter().map(|stored| zero + scale * stored).collect())
    }
}

fn take<const N: usize>(data: &[u8], count: usize, number: impl Fn([u8; N]) -> f64) -> Option<Vec<f64>> {
    let numbers = data.as_chunks::<N>().0.get(..count)?;
    Some(numbers.iter().map(|&bytes| number(bytes)).collect())
}

fn damaged(what: &str) -> String {
    format!("is a damaged FITS file, with {what}: write it again")
}
