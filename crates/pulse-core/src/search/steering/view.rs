//! What tells candidates apart, and the order that shows the widest view first.

use pulse_engine::{NetworkBuilder, Value};

use crate::Result;
use crate::candidate::{Candidate, Outcome};
use crate::detail::{Detail, Distances};
use crate::image::Image;
use crate::image::{Kernel, Resize, Size};

/// How many times finer than the target the details are that candidates repel each other by: two octaves. What is finer
/// still is texture, in which candidates could differ without being other pictures.
const FINER: usize = 4;

/// Where nothing was shrunk, details are finer than an eighth of what is seen.
const UNSHRUNK: usize = 8;

/// The feature space in which candidates are compared while they are searched: `V(x) = D(R x)`, where `R` shrinks the
/// picture (bicubic) to at most four times the target's size along each axis, and `D` is the [`Detail`] of that beyond the
/// target's pixels.
#[derive(Clone, Debug)]
pub struct View {
    shrink: Resize,
    detail: Detail,
    size: Size,
}

impl View {
    /// Of pictures of the size `sharp`, for a target of the size `target`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) when one of the sizes is empty.
    pub fn new(sharp: Size, target: Size) -> Result<Self> {
        let size = each(sharp, target, |sharp, target| sharp.min(FINER * target));
        let small =
            each(size, target, |size, target| if 2 * target > size { (size / UNSHRUNK).max(1) } else { target });
        Ok(Self { shrink: Resize::new(Kernel::Bicubic, sharp, size)?, detail: Detail::new(size, small)?, size })
    }

    /// How large what is seen is.
    pub fn size(&self) -> Size {
        self.size
    }

    /// `V(x)`, the values `[channels, height, width]`.
    ///
    /// # Errors
    /// As [`Image::clamped`].
    ///
    /// # Panics
    /// When the picture is not of the size `sharp`.
    pub fn of(&self, image: &Image) -> Result<Vec<f32>> {
        let seen = self.shrink.apply(image.values());
        Ok(self.detail.of(&Image::clamped(image.channels(), self.size.height, self.size.width, seen)?))
    }

    /// `V` as operators on a `picture` of a network.
    pub(crate) fn append(&self, builder: &mut NetworkBuilder, picture: Value) -> Result<Value> {
        let seen = builder.add(self.shrink.operator(), &[picture])?;
        self.detail.append(builder, seen)
    }
}

fn each(a: Size, b: Size, length: impl Fn(usize, usize) -> usize) -> Size {
    Size::new(length(a.width, b.width), length(a.height, b.height))
}

/// The order in which candidates show most: one of the two that are farthest apart, then always the one that is
/// farthest from all before it ([`Distances::farthest_first`]); in the same way, after all others, those that missed epsilon.
pub fn widest_first(candidates: &[Candidate]) -> Vec<usize> {
    let reached = |&candidate: &usize| candidates[candidate].outcome == Outcome::Reached;
    let (reached, missed): (Vec<_>, Vec<_>) = (0..candidates.len()).partition(reached);
    [reached, missed].iter().filter(|some| !some.is_empty()).flat_map(|some| widest_of(candidates, some)).collect()
}

fn widest_of(candidates: &[Candidate], some: &[usize]) -> Vec<usize> {
    let pictures: Vec<_> = some.iter().map(|&candidate| candidates[candidate].image.values()).collect();
    let distances = Distances::between(&pictures);
    let first = distances.farthest_pair().map_or(0, |(one, ..)| one);
    distances.farthest_first(first).into_iter().map(|place| some[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: Size) -> Image {
        let value = |i: usize| (i * 7 % 11) as f32 / 10.0;
        Image::new(1, size.height, size.width, (0..size.width * size.height).map(value).collect()).unwrap()
    }

    #[test]
    fn sees_four_times_as_much_as_the_target() {
        let view = |sharp, target| View::new(Size::new(sharp, sharp), Size::new(target, target)).unwrap().size().width;
        assert_eq!([view(1024, 16), view(64, 16), view(64, 8), view(64, 64)], [64, 64, 32, 64]);
    }

    #[test]
    fn nothing_shrunk_leaves_something_to_tell_candidates_apart() {
        let size = Size::new(16, 16);
        let seen = View::new(size, size).unwrap().of(&ramp(size)).unwrap();
        assert!(seen.iter().map(|v| v * v).sum::<f32>() > 1.0);
    }

    #[test]
    fn a_picture_that_is_even_has_no_detail() {
        let size = Size::new(16, 16);
        let even = Image::new(1, 16, 16, vec![0.25; 256]).unwrap();
        let seen = View::new(size, Size::new(4, 4)).unwrap().of(&even).unwrap();
        assert!(seen.iter().all(|v| v.abs() < 1e-6));
    }
}
