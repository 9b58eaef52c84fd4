//! Pictures to PNG files that say of themselves that they are synthetic.

use std::io::Write;
use std::path::Path;

use png::{BitDepth, ColorType, Encoder, ScaledFloat, SourceChromaticities, SrgbRenderingIntent};

use super::colours::Tag;
use crate::write::write_atomically;
use crate::{Error, ErrorKind, Result};
use pulse_core::image::Image;
use pulse_core::image::Size;

/// How much of a picture a generative model made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Parts of it: a contact sheet, or a picture with something pasted into it.
    Composite,
}

impl Extent {
    /// The term for it among the digital source types of IPTC
    /// (<https://cv.iptc.org/newscodes/digitalsourcetype/>).
    pub const fn digital_source_type(self) -> &'static str {
        match self {
            Self::Whole => "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
            Self::Composite => "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        }
    }

    /// What a person is told who looks up where the picture is from.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Whole => {
                "Synthetic picture, imagined by a generative model; not a photograph of a person, a place or a thing. \
                 It shows one of many possibilities and identifies nobody."
            }
            Self::Composite => {
                "Picture with synthetic parts, imagined by a generative model; those are not photographs of a person, \
                 a place or a thing. They show some of many possibilities and identify nobody."
            }
        }
    }
}

/// Where a synthetic picture is from, as it is written into its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The program and its version.
    pub software: String,
    /// The generative model: its name, and what tells it from others of the name.
    pub generator: String,
    /// The seed of the search, for a picture that one found.
    pub seed: Option<u64>,
    /// The number of the candidate within its run, for a picture of one candidate.
    pub candidate: Option<usize>,
    /// How much of the picture the model made.
    pub extent: Extent,
}

impl Provenance {
    /// A picture that this version of the library made wholly with `generator`, from `seed`, or from inputs
    /// that were given.
    pub fn new(generator: impl Into<String>, seed: impl Into<Option<u64>>) -> Self {
        Self {
            software: concat!("PULSE (pulse-upsample ", env!("CARGO_PKG_VERSION"), ")").to_owned(),
            generator: generator.into(),
            seed: seed.into(),
            candidate: None,
            extent: Extent::Whole,
        }
    }

    /// The keywords of PNG's text chunks and their texts (PNG, third edition, section 11.3.3; the first
    /// three are its own, the others are ours).
    fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = vec![
            ("Software", self.software.clone()),
            ("Source", self.generator.clone()),
            ("Description", self.extent.description().to_owned()),
        ];
        texts.extend(self.seed.map(|seed| ("seed", seed.to_string())));
        texts.extend(self.candidate.map(|candidate| ("candidate", candidate.to_string())));
        texts
    }

    /// The packet of XMP (ISO 16684-1) with IPTC's digital source type (IPTC Photo Metadata Standard,
    /// section "Digital Source Type").
    fn xmp(&self) -> String {
        format!(
            r#"<?xpacket begin="{mark}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <xmp:CreatorTool>{software}</xmp:CreatorTool>
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
   <dc:source>{generator}{seed}</dc:source>
   <dc:description>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">{description}</rdf:li>
    </rdf:Alt>
   </dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#,
            mark = '\u{feff}',
            software = escaped(&self.software),
            source_type = self.extent.digital_source_type(),
            generator = escaped(&self.generator),
            seed = self.seed.map_or_else(String::new, |seed| format!(", seed {seed}")),
            description = escaped(self.extent.description()),
        )
    }
}

/// The picture as an 8-bit PNG, `byte = round(255 value)`, grey or RGB, marked as sRGB. With `provenance` it
/// says that it is synthetic, for people (text chunks) and for programs (XMP); without, nothing: for what is
/// no model's work, such as a photograph that was only shrunk.
///
/// # Errors
/// [`ErrorKind::Picture`] when the picture has more pixels along a side than PNG can say.
pub fn encode_png(image: &Image, provenance: Option<&Provenance>) -> Result<Vec<u8>> {
    let size = image.size();
    let mut bytes = Vec::new();
    let kind = Kind { inks: image.channels(), has_alpha: false, depth: BitDepth::Eight, tag: &Tag::Srgb };
    let encoder = encoder(&mut bytes, kind, size, provenance)?;
    let mut writer = encoder.write_header().map_err(|error| fault(size, error))?;
    writer.write_image_data(&image.to_bytes()).and_then(|()| writer.finish()).map_err(|error| fault(size, error))?;
    Ok(bytes)
}

/// What the numbers of a PNG are.
#[derive(Clone, Copy)]
pub(super) struct Kind<'a> {
    /// 1 (grey) or 3.
    pub(super) inks: usize,
    pub(super) has_alpha: bool,
    pub(super) depth: BitDepth,
    pub(super) tag: &'a Tag,
}

impl Kind<'_> {
    /// What the encoder does not write itself: code points come before the pixels (PNG, third edition, section 5.6).
    pub(super) fn finish_header<W: Write>(
        &self,
        writer: &mut png::Writer<W>,
    ) -> std::result::Result<(), png::EncodingError> {
        match self.tag {
            Tag::CodePoints(points) => writer.write_chunk(png::chunk::ChunkType(*b"cICP"), points),
            _ => Ok(()),
        }
    }
}

/// A PNG that says where its pixels are from.
pub(super) fn encoder<'a, W: Write>(
    to: W,
    kind: Kind<'_>,
    size: Size,
    provenance: Option<&Provenance>,
) -> Result<Encoder<'a, W>> {
    let side = |length: usize| u32::try_from(length).map_err(|_| fault(size, png::EncodingError::LimitsExceeded));
    let mut info = png::Info::with_size(side(size.width)?, side(size.height)?);
    info.color_type = match (kind.inks, kind.has_alpha) {
        (1, false) => ColorType::Grayscale,
        (1, true) => ColorType::GrayscaleAlpha,
        (_, false) => ColorType::Rgb,
        (_, true) => ColorType::Rgba,
    };
    info.bit_depth = kind.depth;
    match kind.tag {
        Tag::Srgb => info.srgb = Some(SrgbRenderingIntent::Perceptual),
        Tag::Icc(profile) => info.icc_profile = Some(profile.to_vec().into()),
        Tag::CodePoints(_) => {}
        Tag::Gamma { gamma, chromaticities } => {
            let scaled = ScaledFloat::from_scaled;
            info.source_gamma = gamma.map(scaled);
            info.source_chromaticities = chromaticities.map(|all| {
                let point = |at: usize| (scaled(all[at]), scaled(all[at + 1]));
                SourceChromaticities { white: point(0), red: point(2), green: point(4), blue: point(6) }
            });
        }
    }
    let mut encoder = Encoder::with_info(to, info).map_err(|error| fault(size, error))?;
    if let Some(provenance) = provenance {
        let fault = |error| fault(size, error);
        for (keyword, text) in provenance.texts() {
            let text = printable(&text);
            // Text chunks are Latin-1, of which every reader knows the ASCII.
            if text.is_ascii() {
                encoder.add_text_chunk(keyword.to_owned(), text)
            } else {
                encoder.add_itxt_chunk(keyword.to_owned(), text)
            }
            .map_err(fault)?;
        }
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), provenance.xmp()).map_err(fault)?;
    }
    Ok(encoder)
}

pub(super) fn fault(size: Size, error: png::EncodingError) -> Error {
    let message = format!("cannot write a picture of {size} as PNG: {error}; make it smaller");
    Error::new(ErrorKind::Picture, message).with_source(error)
}

/// Writes the picture as [`encode_png`] gives it, whole or not at all ([`write_atomically`]).
///
/// # Errors
/// As [`encode_png`] and [`write_atomically`].
pub fn write_png(path: &Path, image: &Image, provenance: Option<&Provenance>) -> Result<()> {
    write_atomically(path, &encode_png(image, provenance)?)
}

/// Text without control characters, which neither PNG nor XML can hold.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Text as the content of an XML element.
fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
