//! Linear maps by their definition.

mod band;
mod correlation;
mod depthwise;
mod fir;
mod narrow;
mod pointwise;
mod separable;
mod widen;

pub(crate) use band::Band;
pub(crate) use correlation::Correlation;
pub(crate) use depthwise::Depthwise;
pub(crate) use fir::Fir;
pub(crate) use narrow::Narrow;
pub(crate) use pointwise::Pointwise;
pub(crate) use separable::SeparableMap;
pub(crate) use widen::Widen;
