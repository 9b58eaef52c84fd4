//! Arrays of numbers to pictures.

use std::sync::Arc;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::colours::Colours;
use super::npy;
use super::raster::{Raster, Samples};
use super::read::check_size;
use pulse_core::image::Size;

/// The longest header of a picture, in bytes: it has one tensor. The format allows a hundred times as many.
pub(super) const MAX_SAFETENSORS_HEADER: u64 = 1 << 20;

/// The name of the tensor in a safetensors file that is the picture.
const TARGET: &str = "target";

/// How far floats may lie outside of [0, 1] and still be that range, rounded: such a value is clamped.
const ROUNDING: f32 = 1e-5;

/// The types of numbers that a picture can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    U8,
    U16,
    F16,
    Bf16,
    F32,
    F64,
}

/// The order of the bytes of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// An array as it lies in a file, the last axis fastest.
#[derive(Debug)]
pub(super) struct Array<'a> {
    pub(super) shape: Vec<usize>,
    pub(super) number: Number,
    pub(super) order: ByteOrder,
    pub(super) bytes: &'a [u8],
}

impl Number {
    fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// The tensor `target` of a safetensors file.
pub(super) fn target_of(bytes: &[u8]) -> Result<Array<'_>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| match error {
        SafeTensorError::InvalidHeaderLength | SafeTensorError::MetadataIncompleteBuffer => {
            "is an incomplete safetensors file: the file ends early; copy or download it again".to_owned()
        }
        error => format!("is a damaged safetensors file ({error}): write it again"),
    })?;
    let Ok(tensor) = tensors.tensor(TARGET) else {
        return Err(format!("has no tensor named \"{TARGET}\" among its {}: save the picture under it", tensors.len()));
    };
    let number = match tensor.dtype() {
        Dtype::U8 => Number::U8,
        Dtype::U16 => Number::U16,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::Bf16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        other => return Err(format!("has a \"{TARGET}\" of type {other:?}, which is no picture: save it as F32")),
    };
    Ok(Array { shape: tensor.shape().to_vec(), number, order: ByteOrder::Little, bytes: tensor.data() })
}

/// The numbers of a NumPy array of two axes, whatever their range, where `bytes` are one.
pub(crate) fn numbers_of_npy(bytes: &[u8]) -> Option<Result<(Size, Vec<f64>), String>> {
    bytes.starts_with(npy::MAGIC).then(|| {
        let array = npy::parse(bytes)?;
        let [height, width] = array.shape[..] else {
            return Err(format!("has the shape {:?}: give an array [height, width]", array.shape));
        };
        check_size(width, height, 8)?;
        array.check_length(height * width)?;
        Ok((Size::new(width, height), array.values().into_iter().map(f64::from).collect()))
    })
}

impl Array<'_> {
    /// The picture that the numbers are.
    pub(super) fn raster(&self) -> Result<Raster, String> {
        let (channels, height, width, interleaved) = match self.shape[..] {
            [height, width] => (1, height, width, false),
            [height, width, channels @ (1 | 3)] => (channels, height, width, true),
            [1, channels @ (1 | 3), height, width] => (channels, height, width, false),
            _ => {
                return Err(format!(
                    "has the shape {:?}, which is no picture: give [height, width], [height, width, 1 or 3] or \
                     [1, 1 or 3, height, width]",
                    self.shape
                ));
            }
        };
        check_size(width, height, 4 * channels)?;
        let numbers = channels * height * width;
        self.check_length(numbers)?;
        let mut values = self.values();
        check_range(&values)?;
        for value in &mut values {
            *value = value.clamp(0.0, 1.0);
        }
        if !interleaved && channels > 1 {
            let pixels = height * width;
            values = (0..numbers).map(|at| values[at % channels * pixels + at / channels]).collect();
        }
        let samples = Samples::Floats(Arc::new(values));
        Ok(Raster::new(Size::new(width, height), channels, samples, Colours::default(), Vec::new()))
    }

    /// Whether there are exactly the bytes of this number of numbers.
    fn check_length(&self, numbers: usize) -> Result<(), String> {
        let needed = numbers * self.number.size();
        if self.bytes.len() < needed {
            return Err(format!(
                "is an incomplete array: the file ends early, with {} of the {needed} bytes that its shape {:?} takes; \
                 write it again",
                self.bytes.len(),
                self.shape
            ));
        }
        if self.bytes.len() > needed {
            return Err(format!(
                "holds {} bytes, but its shape {:?} takes {needed}: write it again",
                self.bytes.len(),
                self.shape
            ));
        }
        Ok(())
    }

    fn values(&self) -> Vec<f32> {
        match self.number {
            Number::U8 => self.bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
            Number::U16 => self.numbers(|bytes| f32::from(u16::from_le_bytes(bytes)) / 65_535.0),
            Number::F16 => self.numbers(|bytes| f16::from_le_bytes(bytes).to_f32()),
            Number::Bf16 => self.numbers(|bytes| bf16::from_le_bytes(bytes).to_f32()),
            Number::F32 => self.numbers(f32::from_le_bytes),
            Number::F64 => self.numbers(|bytes| f64::from_le_bytes(bytes) as f32),
        }
    }

    fn numbers<const SIZE: usize>(&self, of_little: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
        let in_order = |&bytes: &[u8; SIZE]| {
            let mut bytes = bytes;
            if self.order == ByteOrder::Big {
                bytes.reverse();
            }
            of_little(bytes)
        };
        self.bytes.as_chunks::<SIZE>().0.iter().map(in_order).collect()
    }
}

fn check_range(values: &[f32]) -> Result<(), String> {
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("holds the value {value}: a picture's values are finite; replace it"));
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if low < -ROUNDING || high > 1.0 + ROUNDING {
        return Err(format!("holds floats from {low} to {high}: a picture's lie in [0, 1]; scale or clamp them"));
    }
    Ok(())
}
