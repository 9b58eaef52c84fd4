//! The shape of every operator's result, and what each refuses.

use super::{Affine, Call, Convolution, Dense, DepthwiseConvolution, Fir, FirTaps, FourierFeatures, Operator, Shape};

/// The most numbers that one value may hold for one candidate: enough for every generator there is, and small
/// enough that no later product of sizes overflows.
const LARGEST: usize = 1 << 31;

/// The most pixels along one side of a map.
const LONGEST_SIDE: usize = 1 << 20;

/// The largest factor by which a filter stuffs or decimates: it has a phase for each along both axes.
const LARGEST_FACTOR: usize = 1 << 10;

/// The result's shape, or why the operator cannot work on `arguments` (without the operator's name, which
/// the builder adds).
pub(super) fn infer(operator: &Operator, arguments: &[Shape]) -> Result<Shape, String> {
    let wanted = match operator {
        Operator::Input | Operator::Constant(..) => 0..=0,
        Operator::Add | Operator::Multiply | Operator::AddNoise(_) => 2..=2,
        Operator::Modulate => 2..=3,
        Operator::Attention { .. } => 3..=3,
        Operator::Concatenate | Operator::Call(_) => 1..=usize::MAX,
        _ => 1..=1,
    };
    numbers(operator)?;
    if !wanted.contains(&arguments.len()) {
        return Err(format!("takes {wanted:?} arguments, not {}", arguments.len()));
    }
    match operator {
        Operator::Input => Err("is made by NetworkBuilder::input".into()),
        Operator::Constant(shape, values) => {
            length("values", values.len(), elements(*shape)?)?;
            Ok(*shape)
        }
        Operator::Concatenate => concatenate(arguments),
        Operator::Call(call) => infer_call(call, arguments),
        Operator::Add if matches!(arguments, [Shape::Map { .. }, Shape::Vector(_)]) => {
            length("terms", arguments[1].len(), arguments[0].channels())?;
            Ok(arguments[0])
        }
        Operator::Add | Operator::Multiply => one_shape(arguments),
        Operator::Attention { heads } => {
            let [channels, ..] = map(one_shape(arguments)?)?;
            divides("heads", *heads, channels)?;
            Ok(arguments[0])
        }
        Operator::Modulate => modulate(arguments),
        Operator::AddNoise(strength) => add_noise(strength, arguments[0], arguments[1]),
        _ => infer_unary(operator, arguments[0]),
    }
}

fn infer_unary(operator: &Operator, x: Shape) -> Result<Shape, String> {
    match operator {
        Operator::Dense(dense) => infer_dense(dense, x),
        Operator::Row(row) => match x {
            Shape::Rows { rows, width } if *row < rows => Ok(Shape::Vector(width)),
            other => Err(format!("takes row {row} of {other}")),
        },
        Operator::RepeatRows(rows) => vector(x).map(|width| Shape::Rows { rows: *rows, width }),
        Operator::Slice { start, length } => match start.checked_add(*length) {
            Some(end) if end <= x.outermost() => Ok(with_outermost(x, *length)),
            _ => Err(format!("takes {length} from {start} of {x}")),
        },
        Operator::Normalize { .. } => match x {
            Shape::Map { .. } => Err(format!("needs a vector or rows, not {x}")),
            _ => Ok(x),
        },
        Operator::Reshape(shape) => {
            length("elements", x.len(), elements(*shape)?)?;
            Ok(*shape)
        }
        Operator::Affine(affine) => infer_affine(affine, x),
        Operator::Convolution(convolution) => infer_convolution(convolution, x, false),
        Operator::TransposedConvolution(convolution) => infer_convolution(convolution, x, true),
        Operator::DepthwiseConvolution(depthwise) => infer_depthwise(depthwise, x),
        Operator::MaxPool { window } => {
            let [channels, height, width] = map(x)?;
            match (height.checked_div(*window), width.checked_div(*window)) {
                (Some(height @ 1..), Some(width @ 1..)) => Ok(Shape::map(channels, height, width)),
                _ => Err(format!("has a window of {window}x{window} that does not fit {x}")),
            }
        }
        Operator::Fir(fir) => infer_fir(fir, x),
        Operator::SeparableMap(separable) => {
            let [channels, height, width] = map(x)?;
            length("rows of pixels", height, separable.vertical.columns())?;
            length("pixels in a row", width, separable.horizontal.columns())?;
            Ok(Shape::map(channels, separable.vertical.rows(), separable.horizontal.rows()))
        }
        Operator::InstanceNorm { .. } => map(x).map(|_| x),
        Operator::GroupNorm { groups, .. } => {
            let [channels, ..] = map(x)?;
            divides("groups", *groups, channels)?;
            Ok(x)
        }
        Operator::Pad { vertical, horizontal } => {
            let [channels, height, width] = map(x)?;
            bounded(&[vertical[0], vertical[1], horizontal[0], horizontal[1]])?;
            Ok(Shape::map(channels, height + vertical[0] + vertical[1], width + horizontal[0] + horizontal[1]))
        }
        Operator::FourierFeatures(features) => infer_fourier(features, x),
        _ => Ok(x),
    }
}

fn infer_call(call: &Call, arguments: &[Shape]) -> Result<Shape, String> {
    if call.arguments == arguments {
        return Ok(call.result);
    }
    let shown = |shapes: &[Shape]| shapes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    Err(format!("of `{}` takes {}, not {}", call.name, shown(&call.arguments), shown(arguments)))
}

/// How many numbers a value of this shape holds, neither none nor too many.
pub(super) fn elements(shape: Shape) -> Result<usize, String> {
    let count = match shape {
        Shape::Vector(n) => Some(n),
        Shape::Rows { rows, width } => rows.checked_mul(width),
        Shape::Map { channels, height, width } => channels.checked_mul(height).and_then(|n| n.checked_mul(width)),
    };
    match count {
        Some(0) => Err(format!("is empty: {shape}")),
        Some(_) if matches!(shape, Shape::Map { height, width, .. } if height.max(width) > LONGEST_SIDE) => {
            Err(format!("is too large: {shape} has a side of more than {LONGEST_SIDE} pixels"))
        }
        Some(count) if count <= LARGEST => Ok(count),
        _ => Err(format!("is too large: {shape} holds more than {LARGEST} numbers")),
    }
}

/// Refuses settings that no kernel can work with: what is no number, and a clamp below zero.
fn numbers(operator: &Operator) -> Result<(), String> {
    let finite = |what: &str, number: f32| {
        if number.is_finite() { Ok(()) } else { Err(format!("has the {what} {number}, which is not finite")) }
    };
    match operator {
        &Operator::LeakyRelu { slope, gain, clamp } => {
            finite("slope", slope)?;
            finite("gain", gain)?;
            match clamp.filter(|clamp| clamp.is_nan() || *clamp < 0.0) {
                Some(clamp) => Err(format!("clamps at {clamp}, where a magnitude of at least 0 is needed")),
                None => Ok(()),
            }
        }
        Operator::Normalize { epsilon }
        | Operator::InverseSqrt { epsilon }
        | Operator::InstanceNorm { epsilon }
        | Operator::GroupNorm { epsilon, .. } => finite("epsilon", *epsilon),
        Operator::FourierFeatures(features) => {
            finite("sampling rate", features.sampling_rate)?;
            finite("bandwidth", features.bandwidth)
        }
        _ => Ok(()),
    }
}

fn length(what: &str, found: usize, wanted: usize) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("has {found} {what} where {wanted} fit")) }
}

fn vector(shape: Shape) -> Result<usize, String> {
    match shape {
        Shape::Vector(n) => Ok(n),
        other => Err(format!("needs a vector, not {other}")),
    }
}

fn map(shape: Shape) -> Result<[usize; 3], String> {
    match shape {
        Shape::Map { channels, height, width } => Ok([channels, height, width]),
        other => Err(format!("needs a map of channels, height and width, not {other}")),
    }
}

/// The same shape with another length of the outermost axis.
fn with_outermost(shape: Shape, length: usize) -> Shape {
    match shape {
        Shape::Vector(_) => Shape::Vector(length),
        Shape::Rows { width, .. } => Shape::Rows { rows: length, width },
        Shape::Map { height, width, .. } => Shape::map(length, height, width),
    }
}

fn concatenate(arguments: &[Shape]) -> Result<Shape, String> {
    let first = arguments[0];
    if let Some(other) = arguments.iter().find(|&&shape| with_outermost(shape, 1) != with_outermost(first, 1)) {
        return Err(format!("cannot lay {other} behind {first}"));
    }
    let length = arguments.iter().fold(0usize, |sum, &shape| sum.saturating_add(shape.outermost()));
    Ok(with_outermost(first, length))
}

fn one_shape(arguments: &[Shape]) -> Result<Shape, String> {
    let first = arguments[0];
    match arguments.iter().find(|&&shape| shape != first) {
        Some(other) => Err(format!("needs values of one shape, not {first} and {other}")),
        None => Ok(first),
    }
}

fn divides(what: &str, count: usize, channels: usize) -> Result<(), String> {
    if count > 0 && channels.is_multiple_of(count) {
        Ok(())
    } else {
        Err(format!("has {count} {what} for {channels} channels"))
    }
}

fn modulate(arguments: &[Shape]) -> Result<Shape, String> {
    let [channels, ..] = map(arguments[0])?;
    for &style in &arguments[1..] {
        length("style coefficients", vector(style)?, channels)?;
    }
    Ok(arguments[0])
}

fn add_noise(strength: &[f32], x: Shape, noise: Shape) -> Result<Shape, String> {
    let [channels, height, width] = map(x)?;
    if noise != Shape::map(1, height, width) {
        return Err(format!("adds noise of {noise} to {x}"));
    }
    if strength.len() != 1 {
        length("noise strengths", strength.len(), channels)?;
    }
    Ok(x)
}

fn infer_dense(dense: &Dense, x: Shape) -> Result<Shape, String> {
    length("weights", dense.weight.len(), product(&[dense.out_features, dense.in_features])?)?;
    if let Some(bias) = &dense.bias {
        length("biases", bias.len(), dense.out_features)?;
    }
    match x {
        Shape::Vector(n) => {
            length("elements", n, dense.in_features)?;
            Ok(Shape::Vector(dense.out_features))
        }
        Shape::Rows { rows, width } => {
            length("columns", width, dense.in_features)?;
            Ok(Shape::Rows { rows, width: dense.out_features })
        }
        Shape::Map { .. } => Err(format!("needs a vector or rows, not {x}")),
    }
}

fn infer_affine(affine: &Affine, x: Shape) -> Result<Shape, String> {
    for (what, coefficients) in [("scales", &affine.scale), ("shifts", &affine.shift)] {
        let n = coefficients.len();
        if n > 1 && n != x.channels() && n != x.len() {
            return Err(format!("has {n} {what} for {x}"));
        }
    }
    Ok(x)
}

fn product(factors: &[usize]) -> Result<usize, String> {
    factors
        .iter()
        .try_fold(1usize, |product, &factor| product.checked_mul(factor))
        .ok_or_else(|| format!("has weights too many to count: {factors:?}"))
}

/// Refuses strides, factors and paddings with which an index could overflow.
fn bounded(sizes: &[usize]) -> Result<(), String> {
    match sizes.iter().find(|&&size| size > LARGEST) {
        Some(size) => Err(format!("has a stride, factor or padding of {size}, above {LARGEST}")),
        None => Ok(()),
    }
}

fn infer_convolution(convolution: &Convolution, x: Shape, transposed: bool) -> Result<Shape, String> {
    let &Convolution { out_channels, in_channels, kernel: [kh, kw], stride, padding, .. } = convolution;
    let [channels, height, width] = map(x)?;
    length("channels", channels, in_channels)?;
    length("weights", convolution.weight.len(), product(&[out_channels, in_channels, kh, kw])?)?;
    if let Some(bias) = &convolution.bias {
        length("biases", bias.len(), out_channels)?;
    }
    bounded(&[stride, padding])?;
    if stride == 0 || kh == 0 || kw == 0 {
        return Err(format!("has a kernel of {kh}x{kw} and a stride of {stride} where none may be zero"));
    }
    let size = |n: usize, k: usize| {
        let border = padding.checked_mul(2)?;
        if transposed {
            (n - 1).checked_mul(stride)?.checked_add(k)?.checked_sub(border)
        } else {
            n.checked_add(border)?.checked_sub(k).map(|room| room / stride + 1)
        }
    };
    match (size(height, kh), size(width, kw)) {
        (Some(height @ 1..), Some(width @ 1..)) => Ok(Shape::map(out_channels, height, width)),
        _ => Err(format!("has a kernel of {kh}x{kw}, stride {stride} and padding {padding} that do not fit {x}")),
    }
}

fn infer_depthwise(depthwise: &DepthwiseConvolution, x: Shape) -> Result<Shape, String> {
    let &DepthwiseConvolution { kernel: [kh, kw], stride, padding: [before, after], .. } = depthwise;
    let [channels, height, width] = map(x)?;
    length("weights", depthwise.weight.len(), product(&[channels, kh, kw])?)?;
    if let Some(bias) = &depthwise.bias {
        length("biases", bias.len(), channels)?;
    }
    bounded(&[stride, before, after])?;
    if stride == 0 || kh == 0 || kw == 0 {
        return Err(format!("has a kernel of {kh}x{kw} and a stride of {stride} where none may be zero"));
    }
    let size = |n: usize, k: usize| n.checked_add(before + after)?.checked_sub(k).map(|room| room / stride + 1);
    match (size(height, kh), size(width, kw)) {
        (Some(height), Some(width)) => Ok(Shape::map(channels, height, width)),
        _ => Err(format!("has a kernel of {kh}x{kw} and a padding of {before} and {after} that do not fit {x}")),
    }
}

fn infer_fir(fir: &Fir, x: Shape) -> Result<Shape, String> {
    let [channels, height, width] = map(x)?;
    let [taps_y, taps_x] = fir.taps.size();
    if let FirTaps::Full { height, width, taps } = &fir.taps {
        length("taps", taps.len(), product(&[*height, *width])?)?;
    }
    let [top, bottom] = fir.padding_y.map(isize::unsigned_abs);
    let [left, right] = fir.padding_x.map(isize::unsigned_abs);
    bounded(&[top, bottom, left, right])?;
    if let Some(factor) = [fir.up, fir.down].into_iter().find(|&factor| factor > LARGEST_FACTOR) {
        return Err(format!("has a factor of {factor}, above {LARGEST_FACTOR}"));
    }
    if fir.up == 0 || fir.down == 0 || taps_y == 0 || taps_x == 0 {
        return Err("needs factors and taps above zero".into());
    }
    let size = |n: usize, taps: usize, [before, after]: [isize; 2]| {
        let stuffed = isize::try_from(n.checked_mul(fir.up)?).ok()?;
        let padded = usize::try_from(stuffed.checked_add(before)?.checked_add(after)?).ok()?;
        Some(padded.checked_sub(taps)? / fir.down + 1)
    };
    match (size(height, taps_y, fir.padding_y), size(width, taps_x, fir.padding_x)) {
        (Some(height), Some(width)) => Ok(Shape::map(channels, height, width)),
        _ => Err(format!("has {taps_y}x{taps_x} taps and a padding that do not fit {x}")),
    }
}

fn infer_fourier(features: &FourierFeatures, x: Shape) -> Result<Shape, String> {
    length("elements of the transform", vector(x)?, 4)?;
    let channels = features.phases.len();
    length("frequencies", features.frequencies.len(), product(&[2, channels])?)?;
    Ok(Shape::map(channels, features.height, features.width))
}
