//! A measurement whose sizes are known: its stages as operators, one after the other.

use std::sync::Arc;

use pulse_engine::{NetworkBuilder, Operator, SeparableMap, Shape, SparseMatrix, Value};

use super::pixelwise::Pixelwise;
use super::sizes::Sizes;
use super::{Measurement, Resize, Size, Stage};
use crate::Result;
use crate::image::Image;

/// `A = Aₙ … A₂ A₁`.
#[derive(Clone, Debug)]
pub(super) struct Composition {
    text: String,
    input: Shape,
    output: Shape,
    picture: Size,
    target: Size,
    operators: Vec<Operator>,
    /// Whether no stage spreads light.
    exact: bool,
    /// The stages on single pixels, which a target goes through to fit this measurement.
    pixelwise: Vec<Pixelwise>,
    known: usize,
}

impl Composition {
    pub(super) fn new(text: String, channels: usize, picture: Size, target: Size, sizes: &Sizes) -> Result<Self> {
        let mut composition = Self {
            text,
            input: Shape::map(channels, picture.height, picture.width),
            output: Shape::map(channels, target.height, target.width),
            picture,
            target,
            operators: Vec::new(),
            exact: true,
            pixelwise: Vec::new(),
            known: 0,
        };
        let (mut channels, mut size) = (channels, picture);
        // Where every number of the target is a mixture of pixels, none of it is hidden.
        let mixed_until = sizes.stages.iter().rposition(|(stage, _)| stage.mixes_pixels());
        for (index, (stage, made)) in sizes.stages.iter().enumerate() {
            match stage {
                Stage::Resize(kernel, _) => composition.operators.push(Resize::new(*kernel, size, *made)?.operator()),
                Stage::Blur(blur) => {
                    composition.exact = false;
                    composition.operators.extend(blur.operators(size)?);
                }
                Stage::Gray | Stage::Channels(_) | Stage::Mask(_) | Stage::Jpeg(_) => {}
            }
            size = *made;
            if sizes.crop_after.is_some_and(|last| index >= last) {
                size = target;
            }
            if sizes.crop_after == Some(index) {
                composition.operators.push(middle(*made, target));
            }
            if let Some(pixelwise) = Pixelwise::of(stage, channels, size)? {
                composition.operators.push(pixelwise.operator(channels));
                channels = pixelwise.channels(channels);
                if !matches!(pixelwise, Pixelwise::Mask(_)) || mixed_until.is_none_or(|last| index > last) {
                    composition.pixelwise.push(pixelwise);
                }
            }
        }
        composition.output = Shape::map(channels, target.height, target.width);
        composition.known = composition.count_known()?;
        Ok(composition)
    }

    /// Counts the numbers that no mask hides: those of a white picture that are not 0.
    fn count_known(&self) -> Result<usize> {
        let channels = self.input.channels();
        let white = Image::new(channels, self.target.height, self.target.width, vec![1.0; channels * self.pixels()])?;
        Ok(self.adopt(white)?.values().iter().filter(|&&value| value > 0.0).count())
    }

    fn pixels(&self) -> usize {
        self.target.width * self.target.height
    }
}

impl Measurement for Composition {
    fn input_shape(&self) -> Shape {
        self.input
    }

    fn output_shape(&self) -> Shape {
        self.output
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value> {
        let append = |value, operator: &Operator| builder.add(operator.clone(), &[value]);
        Ok(self.operators.iter().try_fold(image, append)?)
    }

    fn describe(&self) -> String {
        format!("{} from {} to {}", self.text, self.picture, self.target)
    }

    fn text(&self) -> Option<String> {
        Some(self.text.clone())
    }

    fn known(&self) -> usize {
        self.known
    }

    fn is_well_conditioned(&self) -> bool {
        self.exact
    }

    fn adopt(&self, target: Image) -> Result<Image> {
        let channels = [self.input, self.output].map(Shape::channels);
        // A grey target of a measurement that makes grey of colours is the result already.
        let target = match (target.channels(), channels) {
            (1, [_, 1]) => target,
            (_, [1, _]) => target.to_grey(),
            _ => target.to_rgb(),
        };
        self.pixelwise.iter().try_fold(target, |target, pixelwise| pixelwise.apply(target))
    }
}

/// The middle of a picture; an odd pixel is left out at the end.
fn middle(from: Size, to: Size) -> Operator {
    let axis = |from: usize, to: usize| {
        let start = (from - to) / 2;
        Arc::new(SparseMatrix::from_rows(from, (start..start + to).map(|pixel| vec![(pixel, 1.0)])))
    };
    Operator::SeparableMap(SeparableMap {
        vertical: axis(from.height, to.height),
        horizontal: axis(from.width, to.width),
    })
}
