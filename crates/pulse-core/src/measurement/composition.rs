//! A measurement whose sizes are known: its stages as operators, one after the other.

use std::sync::Arc;

use pulse_engine::{NetworkBuilder, Operator, SeparableMap, Shape, SparseMatrix, Value};

use super::pixelwise::Pixelwise;
use super::sizes::Sizes;
use super::{Measurement, Photons, Resize, Size, Stage};
use crate::Result;
use crate::image::Image;

const BINOMIAL: [f64; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];

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
    /// How the target's numbers were counted, where they were.
    photons: Option<Photons>,
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
            photons: None,
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
                Stage::Gray | Stage::Channels(_) | Stage::Mask(_) | Stage::Jpeg(_) | Stage::Photons(_) => {}
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
        composition.known = composition.known_map()?.iter().filter(|&&known| known > 0.0).count();
        Ok(composition)
    }

    /// The same, where a target is counted light.
    pub(super) fn counting(self, photons: Option<Photons>) -> Self {
        Self { photons, ..self }
    }

    /// The numbers that no mask hides: those of a white picture that are not 0.
    fn known_map(&self) -> Result<Vec<f32>> {
        let channels = self.input.channels();
        let white = Image::new(channels, self.target.height, self.target.width, vec![1.0; channels * self.pixels()])?;
        Ok(self.adopt(white)?.into_values())
    }

    /// What was counted around each pixel, of what no mask hides: means over 5 x 5 pixels by the weights 1, 4, 6, 4, 1. A pixel's own count
    /// would do for its own rate, but then those that counted too little by chance weigh most.
    fn around(&self, target: &[f32]) -> Vec<f64> {
        let Size { width, height } = self.target;
        let Ok(known) = self.known_map() else { return target.iter().map(|&counted| f64::from(counted)).collect() };
        let near = |at: usize, length: usize| {
            (at.saturating_sub(2)..length.min(at + 3)).map(move |p| (p, BINOMIAL[p + 2 - at]))
        };
        let pixel = |(place, _): (usize, &f32)| {
            let (plane, at) = (place - place % self.pixels(), place % self.pixels());
            let (mut sum, mut weight) = (0.0, 0.0);
            for (row, down) in near(at / width, height) {
                for (column, across) in near(at % width, width) {
                    let other = plane + row * width + column;
                    let share = down * across * f64::from(known[other]);
                    sum += share * f64::from(target[other]);
                    weight += share;
                }
            }
            if weight > 0.0 { sum / weight } else { 0.0 }
        };
        target.iter().enumerate().map(pixel).collect()
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

    fn variances(&self, target: &[f32]) -> Option<Vec<f64>> {
        let photons = self.photons?;
        Some(self.around(target).into_iter().map(|counted| photons.variance(counted)).collect())
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
