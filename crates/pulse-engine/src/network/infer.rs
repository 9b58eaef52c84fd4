//! The shape of every operator's result, and what each refuses.

use super::{Affine, Convolution, Dense, Fir, FourierFeatures, Operator, Shape};

/// The result's shape, or why the operator cannot work on `arguments` (without the operator's name, which
/// the builder adds).
pub(super) fn infer(operator: &Operator, arguments: &[Shape]) -> Result<Shape, String> {
    let wanted = match operator {
        Operator::Input | Operator::Constant(..) => 0..=0,
        Operator::Add | Operator::Multiply | Operator::AddNoise(_) => 2..=2,
        Operator::Modulate => 2..=3,
        Operator::Concatenate => 1..=usize::MAX,
        _ => 1..=1,
    };
    if !wanted.contains(&arguments.len()) {
        return Err(format!("takes {wanted:?} arguments, not {}", arguments.len()));
    }
    match operator {
        Operator::Input => Err("is made by NetworkBuilder::input".into()),
        Operator::Constant(shape, values) => {
            length("values", values.len(), shape.len())?;
            Ok(*shape)
        }
        Operator::Concatenate => {
            arguments.iter().map(|&shape| vector(shape)).sum::<Result<usize, _>>().map(Shape::Vector)
        }
        Operator::Add | Operator::Multiply => {
            if arguments[0] == arguments[1] {
                Ok(arguments[0])
            } else {
                Err(format!("needs two values of one shape, not {} and {}", arguments[0], arguments[1]))
            }
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
            Some(end) if end <= vector(x)? => Ok(Shape::Vector(*length)),
            _ => Err(format!("takes {length} elements from {start} of {x}")),
        },
        Operator::Normalize { .. } => match x {
            Shape::Map { .. } => Err(format!("needs a vector or rows, not {x}")),
            _ => Ok(x),
        },
        Operator::Reshape(shape) => {
            length("elements", x.len(), shape.len())?;
            Ok(*shape)
        }
        Operator::Affine(affine) => infer_affine(affine, x),
        Operator::Convolution(convolution) => infer_convolution(convolution, x, false),
        Operator::TransposedConvolution(convolution) => infer_convolution(convolution, x, true),
        Operator::Fir(fir) => infer_fir(fir, x),
        Operator::SeparableMap(separable) => {
            let [channels, height, width] = map(x)?;
            length("rows of pixels", height, separable.vertical.columns())?;
            length("pixels in a row", width, separable.horizontal.columns())?;
            Ok(Shape::map(channels, separable.vertical.rows(), separable.horizontal.rows()))
        }
        Operator::InstanceNorm { .. } => map(x).map(|_| x),
        Operator::FourierFeatures(features) => infer_fourier(features, x),
        _ => Ok(x),
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

fn infer_convolution(convolution: &Convolution, x: Shape, transposed: bool) -> Result<Shape, String> {
    let &Convolution { out_channels, in_channels, kernel: [kh, kw], stride, padding, .. } = convolution;
    let [channels, height, width] = map(x)?;
    length("channels", channels, in_channels)?;
    length("weights", convolution.weight.len(), product(&[out_channels, in_channels, kh, kw])?)?;
    if let Some(bias) = &convolution.bias {
        length("biases", bias.len(), out_channels)?;
    }
    if stride == 0 {
        return Err("has stride 0".into());
    }
    let size = |n: usize, k: usize| {
        let size = if transposed {
            ((n - 1) * stride + k).checked_sub(2 * padding)
        } else {
            (n + 2 * padding).checked_sub(k).map(|room| room / stride + 1)
        };
        size.filter(|&size| size > 0).ok_or_else(|| format!("has a kernel of {kh}x{kw} that leaves nothing of {x}"))
    };
    Ok(Shape::map(out_channels, size(height, kh)?, size(width, kw)?))
}

fn infer_fir(fir: &Fir, x: Shape) -> Result<Shape, String> {
    let [channels, height, width] = map(x)?;
    let [taps_y, taps_x] = fir.taps.size();
    if let super::FirTaps::Full { height, width, taps } = &fir.taps {
        length("taps", taps.len(), product(&[*height, *width])?)?;
    }
    if fir.up == 0 || fir.down == 0 || taps_y == 0 || taps_x == 0 {
        return Err("needs factors and taps above zero".into());
    }
    let size = |n: usize, taps: usize, padding: [isize; 2]| {
        let room = (n * fir.up) as isize + padding[0] + padding[1] - taps as isize;
        usize::try_from(room).map(|room| room / fir.down + 1).map_err(|_| format!("leaves nothing of {x}"))
    };
    Ok(Shape::map(channels, size(height, taps_y, fir.padding_y)?, size(width, taps_x, fir.padding_x)?))
}

fn infer_fourier(features: &FourierFeatures, x: Shape) -> Result<Shape, String> {
    length("elements of the transform", vector(x)?, 4)?;
    let channels = features.phases.len();
    length("frequencies", features.frequencies.len(), 2 * channels)?;
    Ok(Shape::map(channels, features.height, features.width))
}
