//! What the numbers of a picture's file mean, and the way to sRGB and back.
//!
//! Profiles are ICC.1:2022's; code points are those of ITU-T H.273; gamma and chromaticities are as in PNG, third edition, section
//! 11.3.2. Everything beyond this module is sRGB.

use std::fmt;
use std::sync::Arc;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ProfileText, TransferCharacteristics, TransformF32Executor, TransformOptions, curve_from_gamma,
};

/// What a file says about its colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Tag {
    /// Nothing, or that they are sRGB.
    #[default]
    Srgb,
    /// An ICC profile.
    Icc(Arc<[u8]>),
    /// Colour primaries, transfer function, matrix and range.
    CodePoints([u8; 4]),
    /// What a value is of the light to the power of, and the chromaticities of white, red, green and blue, all in 1/100000.
    Gamma { gamma: Option<u32>, chromaticities: Option<[u32; 8]> },
}

/// The meaning of a picture's numbers.
#[derive(Clone, Default)]
pub(crate) struct Colours {
    tag: Tag,
    /// Nothing where the numbers are sRGB's, or are taken for them.
    convert: Option<Convert>,
}

#[derive(Clone)]
struct Convert {
    name: String,
    /// Of how many numbers each colour is.
    inks: usize,
    to_srgb: Arc<TransformF32Executor>,
    /// The light of all inks together, of print.
    black: f32,
    /// Nothing where the profile tells one way alone.
    from_srgb: Option<Arc<TransformF32Executor>>,
}

/// Numbers that differ by less are alike: the least step of 8 bits.
const ALIKE: f32 = 1.0 / 255.0;

/// A profile that leaves less than this between its darkest and its lightest colour is broken.
const LEAST_RANGE: f32 = 0.1;

/// 1/2.2, which files have that mean sRGB.
const USUAL_GAMMA: u32 = 45_455;

impl Colours {
    /// Those that a file's own words stand for, of pictures of `inks` numbers a colour: 1 (grey), 3 or 4 (print).
    ///
    /// # Errors
    /// Why the words cannot be used. The numbers are then to be taken for sRGB.
    pub(crate) fn of(tag: Tag, inks: usize) -> Result<Self, String> {
        let Some((profile, name)) = profile_of(&tag)? else { return Ok(Self { tag, convert: None }) };
        let reason = |error: &dyn fmt::Display| format!("{name}: {error}");
        let profile_inks = match profile.color_space {
            DataColorSpace::Gray => 1,
            DataColorSpace::Rgb => 3,
            DataColorSpace::Cmyk => 4,
            other => return Err(reason(&format!("it is for {other:?}"))),
        };
        // Some writers give a grey picture the profile of its colours.
        if profile_inks != inks && (profile_inks, inks) != (3, 1) {
            return Err(reason(&format!("it is for {profile_inks} numbers a colour, and the picture has {inks}")));
        }
        let layout = [Layout::Gray, Layout::Rgb, Layout::Rgba][profile_inks / 2];
        let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
        let to_srgb = profile.create_transform_f32(layout, &srgb, Layout::Rgb, options);
        let to_srgb = to_srgb.map_err(|error| reason(&error))?;
        let from_srgb =
            (profile_inks < 4).then(|| srgb.create_transform_f32(Layout::Rgb, &profile, layout, options).ok());
        let mut convert = Convert { name, inks: profile_inks, to_srgb, black: 0.0, from_srgb: from_srgb.flatten() };
        if profile_inks == 4 {
            convert.black = convert.light_of_all_inks();
        }
        match convert.distance_from_srgb()? {
            distance if distance < ALIKE => Ok(Self { tag, convert: None }),
            _ => Ok(Self { tag, convert: Some(convert) }),
        }
    }

    /// sRGB, under the words of a file that cannot be used.
    pub(crate) fn untold(tag: Tag) -> Self {
        Self { tag, convert: None }
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Their name, where they are not sRGB's.
    pub(crate) fn name(&self) -> Option<&str> {
        self.convert.as_ref().map(|convert| convert.name.as_str())
    }

    /// Whether what is found in sRGB can be written beside them.
    pub(crate) fn is_two_way(&self) -> bool {
        self.convert.as_ref().is_none_or(|convert| convert.from_srgb.is_some())
    }

    /// Interleaved colours of `inks` numbers to sRGB, with as many numbers, or with 3 for print. Nothing out of [0, 1] is left.
    pub(crate) fn to_srgb(&self, colours: &mut Vec<f32>, inks: usize) {
        if let Some(convert) = &self.convert {
            convert.apply(&*convert.to_srgb, colours, inks, [convert.inks, 3]);
        }
    }

    /// The way back.
    pub(crate) fn give_back(&self, colours: &mut Vec<f32>, inks: usize) {
        if let Some((convert, back)) = self.convert.as_ref().and_then(|all| Some((all, all.from_srgb.as_ref()?))) {
            convert.apply(&**back, colours, inks, [3, convert.inks]);
        }
    }
}

impl fmt::Debug for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Colours").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Convert {
    fn apply(&self, transform: &TransformF32Executor, colours: &mut Vec<f32>, inks: usize, [from, to]: [usize; 2]) {
        let source = if inks == 1 && from == 3 {
            colours.iter().flat_map(|&value| [value; 3]).collect()
        } else {
            std::mem::take(colours)
        };
        let mut target = vec![0.0; source.len() / from * to];
        // The lengths fit, which is all that can be wrong here.
        if transform.transform(&source, &mut target).is_err() {
            target = source;
        }
        if self.black > 0.0 {
            for value in &mut target {
                *value = encoded((light(*value) - self.black) / (1.0 - self.black));
            }
        }
        for value in &mut target {
            *value = within(*value, 1.0);
        }
        *colours = if inks == 1 && to == 3 { target.into_iter().skip(1).step_by(3).collect() } else { target };
    }

    /// The darkest that is printed becomes black, as print is shown by most programs (black point compensation, ISO 18619), the grey of its
    /// brightness standing for it.
    fn light_of_all_inks(&self) -> f32 {
        const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];
        // No paper is so dark.
        const LIGHTEST: f32 = 0.184;
        let mut seen = [0.0; 3];
        if self.to_srgb.transform(&[1.0; 4], &mut seen).is_err() {
            return 0.0;
        }
        let sum: f32 = seen.into_iter().zip(LUMINANCE).map(|(value, weight)| weight * light(value)).sum();
        within(sum, LIGHTEST)
    }

    /// The largest difference between a number and what becomes of it, over a lattice of colours.
    fn distance_from_srgb(&self) -> Result<f32, String> {
        const STEPS: usize = 7;
        let lattice: Vec<f32> = (0..STEPS.pow(self.inks as u32))
            .flat_map(|index| {
                (0..self.inks).map(move |ink| (index / STEPS.pow(ink as u32) % STEPS) as f32 / (STEPS - 1) as f32)
            })
            .collect();
        let mut seen = vec![0.0; lattice.len() / self.inks * 3];
        self.to_srgb.transform(&lattice, &mut seen).map_err(|error| format!("{}: {error}", self.name))?;
        let (low, high) =
            seen.iter().fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
        if seen.iter().any(|value| !value.is_finite()) || high - low < LEAST_RANGE {
            return Err(format!("{}: it leaves no colours", self.name));
        }
        if self.inks == 4 {
            return Ok(f32::MAX);
        }
        let pairs = lattice.chunks_exact(self.inks).zip(seen.chunks_exact(3));
        let differences =
            pairs.flat_map(|(own, seen)| (0..3).map(|channel| (seen[channel] - own[channel % self.inks]).abs()));
        Ok(differences.fold(0.0, f32::max))
    }
}

/// The light of a value of sRGB (IEC 61966-2-1).
fn light(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The way back.
fn encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// The profile that words stand for, and its name; nothing for sRGB.
fn profile_of(tag: &Tag) -> Result<Option<(ColorProfile, String)>, String> {
    match tag {
        Tag::Srgb => Ok(None),
        Tag::Icc(bytes) => {
            let profile = ColorProfile::new_from_slice(bytes).map_err(|error| error.to_string())?;
            let name = profile.description.as_ref().map(text_of).unwrap_or_default();
            Ok(Some((profile, named(&name))))
        }
        Tag::CodePoints(points) => of_code_points(*points),
        Tag::Gamma { gamma, chromaticities } => Ok(of_gamma(*gamma, *chromaticities)),
    }
}

fn of_code_points([primaries, transfer, matrix, range]: [u8; 4]) -> Result<Option<(ColorProfile, String)>, String> {
    const BT709: u8 = 1;
    const SRGB: u8 = 13;
    let name = format!("code points {primaries}, {transfer}, {matrix}, {range}");
    if [primaries, transfer, matrix, range] == [BT709, SRGB, 0, 1] {
        return Ok(None);
    }
    let unknown = || format!("{name}: no such colours are known");
    let color_primaries = CicpColorPrimaries::try_from(primaries).map_err(|_| unknown())?;
    let transfer = TransferCharacteristics::try_from(transfer).map_err(|_| unknown())?;
    if matches!(transfer, TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg) {
        return Err(format!("{name}: the brightness of HDR has none in sRGB"));
    }
    if matrix != 0 || range != 1 {
        return Err(format!("{name}: they are of a video, not of red, green and blue from 0 to 255"));
    }
    let points = CicpProfile {
        color_primaries,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    profile.update_rgb_colorimetry_from_cicp(points);
    // Of code points without a meaning nothing is taken, and no other word says so.
    if profile.cicp.is_none() {
        return Err(unknown());
    }
    let known = match (color_primaries, transfer) {
        (CicpColorPrimaries::Smpte432, TransferCharacteristics::Srgb) => "Display P3".into(),
        (CicpColorPrimaries::Bt2020, _) => format!("BT.2020 ({name})"),
        _ => name,
    };
    Ok(Some((profile, known)))
}

fn of_gamma(gamma: Option<u32>, chromaticities: Option<[u32; 8]>) -> Option<(ColorProfile, String)> {
    // Of sRGB.
    const PRIMARIES: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
    let is_near = |a: u32, b: u32| a.abs_diff(b) <= 150;
    let gamma = gamma.filter(|&gamma| gamma > 0 && !is_near(gamma, USUAL_GAMMA));
    let is_usual = |all: &[u32; 8]| all.iter().zip(PRIMARIES).all(|(&a, b)| is_near(a, b));
    let chromaticities =
        chromaticities.filter(|all| !is_usual(all) && all.iter().all(|&value| value <= 100_000) && all[1] > 0);
    if gamma.is_none() && chromaticities.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    let mut name = Vec::new();
    if let Some(gamma) = gamma {
        let exponent = 1e5 / f64::from(gamma);
        let curve = curve_from_gamma(exponent as f32);
        (profile.red_trc, profile.green_trc, profile.blue_trc) =
            (Some(curve.clone()), Some(curve.clone()), Some(curve));
        name.push(format!("a gamma of {exponent:.2}"));
    }
    if let Some(all) = chromaticities {
        let [white, red, green, blue] =
            [0, 2, 4, 6].map(|at| Chromaticity::new(all[at] as f32 / 1e5, all[at + 1] as f32 / 1e5));
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        name.push("chromaticities of its own".into());
    }
    Some((profile, name.join(" and ")))
}

fn text_of(text: &ProfileText) -> String {
    match text {
        ProfileText::PlainString(text) => text.clone(),
        ProfileText::Localizable(all) => all.first().map(|one| one.value.clone()).unwrap_or_default(),
        ProfileText::Description(one) if one.ascii_string.trim().is_empty() => one.unicode_string.clone(),
        ProfileText::Description(one) => one.ascii_string.clone(),
    }
}

/// The name that a profile gives itself, without what a terminal would obey, and not as long as somebody likes.
fn named(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain: String = text.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
    let plain = plain.trim();
    if plain.is_empty() { "a colour profile without a name".into() } else { plain.into() }
}

/// Not below zero, and not above the largest; zero for what is not a number, which a clamp would keep.
#[allow(clippy::manual_clamp)]
fn within(value: f32, largest: f32) -> f32 {
    value.max(0.0).min(largest)
}
