//! The frozen operators, each with its equation.

use std::sync::Arc;

use super::{Call, Shape, SparseMatrix, Weights};

/// A frozen operator. `x` is its first argument, `y` its result; the other arguments are named.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operator {
    /// A named input of the network. Made by [`NetworkBuilder::input`](super::NetworkBuilder::input).
    Input,
    /// `y = constant`, of the shape given. No arguments.
    Constant(Shape, Weights),

    /// `y = W x + b`: vector to vector, or each row of rows.
    Dense(Dense),
    /// `y = x[row]`: rows to vector.
    Row(usize),
    /// `y[r] = x` for `r` in `0..rows`: vector to rows.
    RepeatRows(usize),
    /// `y[i] = x[start + i]` for `i` in `0..length`, along the outermost axis: elements of a vector, rows of rows,
    /// channels of a map.
    Slice {
        /// The first one taken.
        start: usize,
        /// How many.
        length: usize,
    },
    /// The arguments end to end along the outermost axis: vectors, rows of one width, or maps of one size.
    Concatenate,
    /// `y = x / sqrt(mean(x²) + epsilon)` over a vector, or over each row ("pixel norm" of a latent).
    Normalize {
        /// Added to the mean square.
        epsilon: f32,
    },
    /// The same numbers in another shape.
    Reshape(Shape),

    /// `y = scale x + shift`, constants broadcast; see [`Affine`].
    Affine(Affine),
    /// `y = clamp(gain · (x if x ≥ 0 else slope · x), ±clamp)`. Slope 0 is the ReLU. The derivative is `gain`
    /// at `x = 0`, and zero where the clamp binds, which is where `|y| = clamp`.
    LeakyRelu {
        /// The factor below zero.
        slope: f32,
        /// A factor on everything.
        gain: f32,
        /// The largest magnitude let through.
        clamp: Option<f32>,
    },
    /// `y = tanh(x)`.
    Tanh,
    /// `y = 1 / (1 + exp(−x))`.
    Sigmoid,
    /// `y = x / (1 + exp(−x))`, also known as swish (Ramachandran, Zoph, Le 2017).
    Silu,
    /// `y = x²`.
    Square,
    /// `y = 1 / sqrt(x + epsilon)`. Not a number where the root has none.
    InverseSqrt {
        /// Added before the root.
        epsilon: f32,
    },
    /// `y = a + b`, of the same shape. `b` may also be a vector with an element for each channel of a map `a`.
    Add,
    /// `y = a · b`, element by element, of the same shape.
    Multiply,

    /// `y[o,p] = b[o] + Σ_i Σ_k W[o,i,k] x[i, p · stride + k − padding]` (cross-correlation, `x = 0` outside). The
    /// output has `floor((n + 2 · padding − kernel) / stride) + 1` pixels along each axis.
    Convolution(Convolution),
    /// The adjoint of a convolution, plus a bias:
    /// `y[o,p] = b[o] + Σ_i Σ_k W[i,o,k] x[i, (p + padding − k) / stride]`, over the `k` for which the quotient is
    /// a whole number inside `x`. The output has `(n − 1) · stride − 2 · padding + kernel` pixels along each axis.
    TransposedConvolution(Convolution),
    /// `y[c,p] = b[c] + Σ_k W[c,k] x[c, p · stride + k − before]` (`x = 0` outside): a convolution that keeps the
    /// channels apart; see [`DepthwiseConvolution`].
    DepthwiseConvolution(DepthwiseConvolution),
    /// `y[c,p] = max_k x[c, p · window + k]` over `k` in a square window. Pixels at the end that fill no window are not
    /// looked at. The gradient goes to the first of the largest, row by row.
    MaxPool {
        /// Pixels along each side of the window, which is also the step from one to the next.
        window: usize,
    },
    /// Zero-stuffing, a finite impulse response, decimation, the same for every channel; see [`Fir`].
    Fir(Fir),
    /// `y[c] = V x[c] Hᵀ` for every channel; see [`SeparableMap`].
    SeparableMap(SeparableMap),
    /// `y[c] = (x[c] − mean) / sqrt(variance + epsilon)` over the pixels of each channel (biased variance).
    InstanceNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `y[c] = (x[c] − mean) / sqrt(variance + epsilon)`, with mean and biased variance over the pixels of all channels of a
    /// group (Wu, He 2018). A group is of `channels / groups` consecutive channels.
    GroupNorm {
        /// How many groups the channels make; it divides their number.
        groups: usize,
        /// Added to the variance.
        epsilon: f32,
    },
    /// Every pixel looks at every other (Vaswani et al. 2017). The arguments are queries, keys and values, maps of one shape
    /// whose channels are `heads` groups of `d`. In each head, with pixels `p` and `q`:
    ///
    /// `y[c,p] = Σ_q softmax_q(Σ_i query[i,p] key[i,q] / sqrt(d)) · value[c,q]`
    Attention {
        /// How many groups the channels make; it divides their number.
        heads: usize,
    },
    /// The map with zero pixels round it.
    Pad {
        /// Rows `[above, below]`.
        vertical: [usize; 2],
        /// Pixels `[left, right]` of each row.
        horizontal: [usize; 2],
    },
    /// `y[c,p] = x[c,p] · scale[c] (+ shift[c])`. Arguments: a map, a vector, and perhaps another vector.
    Modulate,
    /// `y[c,p] = x[c,p] + strength[c] · noise[0,p]`. Arguments: a map, and a noise map of one channel. The
    /// strength has one entry, or one a channel.
    AddNoise(Weights),
    /// The sine grid that StyleGAN3 starts from; see [`FourierFeatures`].
    FourierFeatures(FourierFeatures),

    /// `y = f(x₀, x₁, …)`, a function of the caller's own; see [`Call`].
    Call(Call),
}

/// `y = W x + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// `[out, in]`, row-major.
    pub weight: Weights,
    /// `[out]`.
    pub bias: Option<Weights>,
    /// The length of the result.
    pub out_features: usize,
    /// The length of the argument.
    pub in_features: usize,
}

/// `y = scale x + shift`. Each of the two has one entry, one a channel ([`Shape::channels`]), or one an
/// element; an empty one stands for 1 and 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// The factor.
    pub scale: Weights,
    /// What is added.
    pub shift: Weights,
}

/// The weights of a convolution or a transposed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// `[out, in, height, width]` for a convolution, `[in, out, height, width]` for a transposed one (as
    /// PyTorch has them).
    pub weight: Weights,
    /// `[out]`.
    pub bias: Option<Weights>,
    /// Channels of the result.
    pub out_channels: usize,
    /// Channels of the argument.
    pub in_channels: usize,
    /// The kernel's height and width.
    pub kernel: [usize; 2],
    /// The same along both axes.
    pub stride: usize,
    /// Zero pixels on every side (for a transposed one: pixels taken away on every side).
    pub padding: usize,
}

/// The weights of a depthwise convolution. Along each axis the output has
/// `floor((n + before + after − kernel) / stride) + 1` pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthwiseConvolution {
    /// `[channels, height, width]`.
    pub weight: Weights,
    /// `[channels]`.
    pub bias: Option<Weights>,
    /// The kernel's height and width.
    pub kernel: [usize; 2],
    /// The same along both axes.
    pub stride: usize,
    /// Zero pixels `[before, after]` along both axes.
    pub padding: [usize; 2],
}

/// With `u` the argument with `up − 1` zeros *after* each pixel along both axes (so `n · up` pixels):
///
/// `y[i, j] = Σ_k,l taps[k, l] · u[i · down + k − before_y, j · down + l − before_x]`, `u = 0` outside.
///
/// The padding may be negative, which crops. Along each axis the output has
/// `floor((n · up + before + after − taps) / down) + 1` pixels. The taps are applied as a correlation;
/// whoever has a convolution's filter flips it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fir {
    /// The filter, its gain included.
    pub taps: FirTaps,
    /// Zero-stuffing factor.
    pub up: usize,
    /// Decimation factor.
    pub down: usize,
    /// `[before, after]` along the vertical axis.
    pub padding_y: [isize; 2],
    /// `[before, after]` along the horizontal axis.
    pub padding_x: [isize; 2],
}

/// The taps of a [`Fir`].
#[derive(Clone, Debug, PartialEq)]
pub enum FirTaps {
    /// `taps[k, l] = vertical[k] · horizontal[l]`.
    Separable {
        /// Along the vertical axis.
        vertical: Weights,
        /// Along the horizontal axis.
        horizontal: Weights,
    },
    /// `[height, width]`, row-major.
    Full {
        /// Taps along the vertical axis.
        height: usize,
        /// Taps along the horizontal axis.
        width: usize,
        /// The numbers.
        taps: Weights,
    },
}

impl FirTaps {
    /// How many taps along the vertical and the horizontal axis.
    pub fn size(&self) -> [usize; 2] {
        match self {
            Self::Separable { vertical, horizontal } => [vertical.len(), horizontal.len()],
            Self::Full { height, width, .. } => [*height, *width],
        }
    }

    /// The tap at `(k, l)`.
    pub fn at(&self, k: usize, l: usize) -> f64 {
        match self {
            Self::Separable { vertical, horizontal } => f64::from(vertical[k]) * f64::from(horizontal[l]),
            Self::Full { width, taps, .. } => f64::from(taps[k * width + l]),
        }
    }
}

/// `y[c] = V x[c] Hᵀ`: any separable linear map of an image, the vertical axis first. Resizing, blur with
/// any treatment of the border, block averages.
#[derive(Clone, Debug, PartialEq)]
pub struct SeparableMap {
    /// `V`, `[height out, height in]`.
    pub vertical: Arc<SparseMatrix>,
    /// `H`, `[width out, width in]`.
    pub horizontal: Arc<SparseMatrix>,
}

/// StyleGAN3's input layer (Karras et al. 2021, section 3.1) without its final 1x1 matrix.
///
/// The argument `t` is a vector of 4. With `[c, s, a, b] = t / sqrt(t₀² + t₁²)`, the transform is the 3x3 product
/// `T = R M U` with `R = [[c, −s, 0], [s, c, 0], [0, 0, 1]]`, `M = [[1, 0, −a], [0, 1, −b], [0, 0, 1]]` and the
/// constant `U`. For each channel `k` with frequency `f` (a row vector) and phase `φ`:
/// `f' = f T[..2, ..2]`, `φ' = φ + f · T[..2, 2]`, amplitude
/// `A = clamp(1 − (|f'| − bandwidth) / (sampling_rate / 2 − bandwidth), 0, 1)`, and
///
/// `y[k, i, j] = A sin(2π (f'₀ g_x(j) + f'₁ g_y(i) + φ'))`, `g_x(j) = ((2 j + 1) / width − 1) · width / (2 sampling_rate)`,
/// `g_y` likewise with the height. The derivative of `A` is zero where its clamp binds. Not a number where
/// `t₀ = t₁ = 0`.
#[derive(Clone, Debug, PartialEq)]
pub struct FourierFeatures {
    /// `[channels, 2]`.
    pub frequencies: Weights,
    /// `[channels]`.
    pub phases: Weights,
    /// `U`, row-major.
    pub transform: [f32; 9],
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Pixels a unit of length.
    pub sampling_rate: f32,
    /// Where the amplitude starts to fall.
    pub bandwidth: f32,
}

impl Operator {
    /// An [`Operator::Affine`] from its coefficients.
    pub fn affine(scale: impl Into<Weights>, shift: impl Into<Weights>) -> Self {
        Self::Affine(Affine { scale: scale.into(), shift: shift.into() })
    }

    /// The ReLU.
    pub const fn relu() -> Self {
        Self::LeakyRelu { slope: 0.0, gain: 1.0, clamp: None }
    }

    /// Multiplications by the definition, where that is what the operator spends its time on: matrices and
    /// convolutions. The others have one or a few an element, and count as none.
    pub fn products(&self, arguments: &[Shape], result: Shape) -> usize {
        match self {
            Self::Dense(dense) => dense.in_features * result.len(),
            Self::Convolution(convolution) => {
                convolution.kernel.iter().product::<usize>() * convolution.in_channels * result.len()
            }
            Self::TransposedConvolution(convolution) => {
                let argument = arguments.first().map_or(0, |shape| shape.len());
                convolution.kernel.iter().product::<usize>() * convolution.out_channels * argument
            }
            Self::DepthwiseConvolution(depthwise) => depthwise.kernel.iter().product::<usize>() * result.len(),
            Self::Attention { .. } => 2 * result.len() * (result.len() / result.channels()),
            _ => 0,
        }
    }

    /// The [names](Self::name) of all operators.
    pub const NAMES: [&str; 32] = [
        "Input",
        "Constant",
        "Dense",
        "Row",
        "RepeatRows",
        "Slice",
        "Concatenate",
        "Normalize",
        "Reshape",
        "Affine",
        "LeakyRelu",
        "Tanh",
        "Sigmoid",
        "Silu",
        "Square",
        "InverseSqrt",
        "Add",
        "Multiply",
        "Convolution",
        "TransposedConvolution",
        "DepthwiseConvolution",
        "MaxPool",
        "Fir",
        "SeparableMap",
        "InstanceNorm",
        "GroupNorm",
        "Attention",
        "Pad",
        "Modulate",
        "AddNoise",
        "FourierFeatures",
        "Call",
    ];

    /// The operator's name, as errors and plans print it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Constant(..) => "Constant",
            Self::Dense(_) => "Dense",
            Self::Row(_) => "Row",
            Self::RepeatRows(_) => "RepeatRows",
            Self::Slice { .. } => "Slice",
            Self::Concatenate => "Concatenate",
            Self::Normalize { .. } => "Normalize",
            Self::Reshape(_) => "Reshape",
            Self::Affine(_) => "Affine",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
            Self::Silu => "Silu",
            Self::Square => "Square",
            Self::InverseSqrt { .. } => "InverseSqrt",
            Self::Add => "Add",
            Self::Multiply => "Multiply",
            Self::Convolution(_) => "Convolution",
            Self::TransposedConvolution(_) => "TransposedConvolution",
            Self::DepthwiseConvolution(_) => "DepthwiseConvolution",
            Self::MaxPool { .. } => "MaxPool",
            Self::Fir(_) => "Fir",
            Self::SeparableMap(_) => "SeparableMap",
            Self::InstanceNorm { .. } => "InstanceNorm",
            Self::GroupNorm { .. } => "GroupNorm",
            Self::Attention { .. } => "Attention",
            Self::Pad { .. } => "Pad",
            Self::Modulate => "Modulate",
            Self::AddNoise(_) => "AddNoise",
            Self::FourierFeatures(_) => "FourierFeatures",
            Self::Call(_) => "Call",
        }
    }
}
