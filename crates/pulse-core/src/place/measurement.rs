//! A measurement through a frame that lies anywhere in the small picture.

use std::sync::Arc;

use pulse_engine::{NetworkBuilder, Operator, SeparableMap, Shape, Value};

use super::Placement;
use crate::image::Rectangle;
use crate::image::{Kernel, Size, window_matrix};
use crate::measurement::Measurement;
use crate::{Error, ErrorKind, Result};

/// How far a pixel may reach out of the frame, in pixels.
const OUTSIDE: f64 = 0.05;

/// From the generator's picture, which lies in the small one as a [`Placement`] says, to those pixels of the small one that are all
/// within it.
#[derive(Clone, Debug)]
pub struct PlacedMeasurement {
    kernel: Kernel,
    placement: Placement,
    part: Rectangle,
    input: Shape,
    output: Shape,
    operator: Operator,
    /// Pixels of the generator's picture in one of the small one.
    factor: f64,
}

impl PlacedMeasurement {
    /// Through `kernel`, from generator's pictures of this size and these channels.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when no pixel of the small picture is within the frame, or for [`Kernel::Identity`].
    pub fn new(kernel: Kernel, channels: usize, picture: Size, small: Size, placement: Placement) -> Result<Self> {
        let factor = picture.width as f64 / placement.side;
        let within = |start: f64, side: f64, length: usize| {
            let first = (start - OUTSIDE).ceil().max(0.0) as usize;
            first..((start + side + OUTSIDE).floor().max(0.0) as usize).min(length)
        };
        let columns = within(placement.left, placement.side, small.width);
        let rows = within(placement.top, placement.side, small.height);
        if columns.is_empty() || rows.is_empty() {
            let message = "no pixel of the small picture is within the frame: place it on the picture";
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let starts = |pixels: std::ops::Range<usize>, start: f64| -> Vec<f64> {
            pixels.map(|pixel| (pixel as f64 - start) * factor).collect()
        };
        let part = Rectangle { left: columns.start, top: rows.start, width: columns.len(), height: rows.len() };
        let operator = Operator::SeparableMap(SeparableMap {
            vertical: Arc::new(window_matrix(kernel, picture.height, factor, &starts(rows, placement.top))?),
            horizontal: Arc::new(window_matrix(kernel, picture.width, factor, &starts(columns, placement.left))?),
        });
        let [input, output] = [[picture.height, picture.width], [part.height, part.width]]
            .map(|[height, width]| Shape::map(channels, height, width));
        Ok(Self { kernel, placement, part, input, output, operator, factor })
    }

    /// The pixels of the small picture that are measured: crop it to these, and search for that.
    pub fn part(&self) -> Rectangle {
        self.part
    }
}

impl Measurement for PlacedMeasurement {
    fn input_shape(&self) -> Shape {
        self.input
    }

    fn output_shape(&self) -> Shape {
        self.output
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value> {
        Ok(builder.add(self.operator.clone(), &[image])?)
    }

    fn describe(&self) -> String {
        let Placement { left, top, side } = self.placement;
        format!("{} in a frame of {side:.2} pixels at {left:.2}, {top:.2}", self.kernel.name())
    }

    /// Not where the small picture is as fine as the generator's.
    fn is_well_conditioned(&self) -> bool {
        self.factor >= 1.25
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;
    use crate::measurement::MEASURED;
    use pulse_engine::{Cpu, Engine};

    fn measured(measurement: &dyn Measurement, picture: &Image) -> Vec<f32> {
        let network = measurement.network().unwrap();
        let mut program = Cpu::default().compile(&network, 1).unwrap();
        program.input_mut(network.input(crate::measurement::IMAGE).unwrap()).copy_from_slice(picture.values());
        let measured = network.output(MEASURED).unwrap();
        program.forward(1, &[measured]);
        program.output(measured).to_vec()
    }

    fn picture() -> Image {
        Image::new(1, 16, 16, (0..256).map(|i| (i * 31 % 97) as f32 / 97.0).collect()).unwrap()
    }

    #[test]
    fn the_given_frame_is_the_usual_measurement() {
        for kernel in [Kernel::Bicubic, Kernel::Area, Kernel::Lanczos3, Kernel::Nearest] {
            let size = Size::new(4, 4);
            let placement = Placement::given(size);
            let placed = PlacedMeasurement::new(kernel, 1, Size::new(16, 16), size, placement).unwrap();
            let usual = crate::measurement::Resize::new(kernel, Size::new(16, 16), size).unwrap();
            let found = measured(&placed, &picture());
            let error =
                found.iter().zip(usual.apply(picture().values())).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-5, "{kernel:?}: {error}");
        }
    }

    #[test]
    fn only_whole_pixels_in_the_frame_are_measured() {
        let placement = Placement { left: -1.0, top: 0.5, side: 4.0 };
        let placed = PlacedMeasurement::new(Kernel::Area, 1, Size::new(16, 16), Size::new(6, 6), placement).unwrap();
        assert_eq!(placed.part(), Rectangle { left: 0, top: 1, width: 3, height: 3 });
        let found = measured(&placed, &picture());
        // The pixel (0, 1) covers columns 4 to 8 and rows 2 to 6 of the picture.
        let mean = (2..6).flat_map(|y| (4..8).map(move |x| picture().values()[y * 16 + x])).sum::<f32>() / 16.0;
        assert!((found[0] - mean).abs() < 1e-6);
        let outside = Placement { left: 9.0, ..placement };
        assert!(PlacedMeasurement::new(Kernel::Area, 1, Size::new(16, 16), Size::new(6, 6), outside).is_err());
    }
}
