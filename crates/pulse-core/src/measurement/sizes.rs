//! From the generator's pictures to the target, stage by stage, without stretching anything.

use super::{Factor, Kernel, Size, Stage};
use crate::{Error, ErrorKind, Result};

/// The stages with the size that each makes.
pub(super) struct Sizes {
    pub(super) stages: Vec<(Stage, Size)>,
    /// After which of them the middle is taken, where the target has other proportions than the picture.
    pub(super) crop_after: Option<usize>,
}

impl Sizes {
    pub(super) fn of(stages: &[Stage], picture: Size, target: Size) -> Result<Self> {
        if target.width == 0 || target.height == 0 {
            return Err(setting(format!("the target is empty: it has {target} pixels")));
        }
        if target.width > picture.width || target.height > picture.height {
            return Err(setting(format!(
                "a target of {target} is larger than the generator's pictures of {picture}: shrink it to at most that, \
                 or take a generator of larger pictures"
            )));
        }
        let mut stages = stages.to_vec();
        if picture != target && !stages.iter().any(|stage| matches!(stage, Stage::Resize(..))) {
            let after_blurs = stages.iter().rposition(Stage::mixes_pixels).map_or(0, |last| last + 1);
            stages.insert(after_blurs, Stage::Resize(Kernel::default(), None));
        }
        let whole = whole_target(&stages, picture, target)?;
        let sizes = sizes_between(&stages, picture, whole)?;
        let crop_after = stages.iter().rposition(Stage::mixes_pixels).filter(|_| whole != target);
        Ok(Self { stages: stages.into_iter().zip(sizes).collect(), crop_after })
    }
}

/// What the stages make of the whole picture: of its proportions, and as large as the target along at least one axis.
fn whole_target(stages: &[Stage], picture: Size, target: Size) -> Result<Size> {
    let framed = framed(picture, target);
    if stages.iter().any(|stage| matches!(stage, Stage::Resize(_, None))) {
        return Ok(framed);
    }
    let factors = stages.iter().filter_map(factor_of).map(Factor::get);
    let factor: f64 = factors.product();
    let whole = divided(picture, factor);
    match whole {
        Some(whole) if whole == framed => Ok(whole),
        _ => {
            let names: Vec<_> = stages.iter().map(ToString::to_string).collect();
            let without: Vec<_> = stages.iter().map(without_factor).collect();
            let way_out = match whole {
                Some(fitting) => format!("give a target of {fitting}, or leave the factor out: {}", without.join(",")),
                None => format!("leave the factor out: {}", without.join(",")),
            };
            Err(setting(format!(
                "{} does not lead from the generator's {picture} to a target of {target}: {way_out}",
                names.join(",")
            )))
        }
    }
}

/// The smallest size of the picture's proportions that holds the target.
fn framed(picture: Size, target: Size) -> Size {
    let scaled = |length: usize, by: usize, from: usize| (length as f64 * by as f64 / from as f64).round() as usize;
    if target.width * picture.height >= target.height * picture.width {
        let height = scaled(picture.height, target.width, picture.width);
        Size::new(target.width, height.clamp(target.height, picture.height))
    } else {
        let width = scaled(picture.width, target.height, picture.height);
        Size::new(width.clamp(target.width, picture.width), target.height)
    }
}

/// The size that each stage makes: from the picture up to the stage that has no factor, and from the target back to
/// it.
fn sizes_between(stages: &[Stage], picture: Size, whole: Size) -> Result<Vec<Size>> {
    let open = stages.iter().position(|stage| matches!(stage, Stage::Resize(_, None)));
    let mut sizes = vec![whole; stages.len()];
    let mut size = picture;
    for (made, stage) in sizes.iter_mut().zip(&stages[..open.unwrap_or(stages.len())]) {
        if let Some(factor) = factor_of(stage) {
            size = divided(size, factor.get())
                .ok_or_else(|| setting(format!("{stage} does not divide {size} pixels: choose another factor")))?;
        }
        *made = size;
    }
    let Some(open) = open else { return Ok(sizes) };
    let mut after = whole;
    for index in (open..stages.len()).rev() {
        sizes[index] = after;
        if let Some(factor) = factor_of(&stages[index]) {
            let before = [after.width, after.height].map(|length| (length as f64 * factor.get()).round() as usize);
            let before = Size::new(before[0], before[1]);
            if divided(before, factor.get()) != Some(after) {
                let message = format!("{} cannot end in {after} pixels: choose another factor", stages[index]);
                return Err(setting(message));
            }
            after = before;
        }
    }
    let made = sizes[open];
    if made.width > size.width || made.height > size.height {
        return Err(setting(format!(
            "{} would have to enlarge {size} to {made}: the factors beside it shrink too much for this target",
            stages[open]
        )));
    }
    Ok(sizes)
}

fn factor_of(stage: &Stage) -> Option<Factor> {
    match stage {
        Stage::Resize(_, factor) => *factor,
        _ => None,
    }
}

fn without_factor(stage: &Stage) -> String {
    match stage {
        Stage::Resize(kernel, Some(_)) => Stage::Resize(*kernel, None).to_string(),
        other => other.to_string(),
    }
}

/// The size that is this many times smaller, where there is one. There is room for a factor that was rounded when it was
/// written down, such as 1.333333.
fn divided(size: Size, factor: f64) -> Option<Size> {
    let divide = |length: usize| {
        let divided = (length as f64 / factor).round().max(1.0);
        ((length as f64 / divided - factor).abs() <= 1e-6 * factor).then_some(divided as usize)
    };
    Some(Size::new(divide(size.width)?, divide(size.height)?))
}

fn setting(message: String) -> Error {
    Error::new(ErrorKind::Setting, message)
}
