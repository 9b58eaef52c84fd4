//! Norms, sums along axes, and softmax.

use pulse_engine::{Convolution, Curve, Dense, Operator, Shape, SparseMatrix, Value};

use super::arithmetic::channel_stride;
use super::array::{Array, Numbers};
use super::graph::Node;
use super::lengths::axis_of;
use super::lower::{Lower, Outcome};
use super::structure::whole;
use super::tensor::{Live, Scaled, Tensor};
use super::view::View;

/// What is taken of the numbers along axes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reduction {
    Sum,
    Mean,
    /// The root of the sum of squares.
    Norm,
    SumOfSquares,
    Product,
    Largest,
    Smallest,
}

impl Lower<'_> {
    pub(super) fn reduce(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>], reduction: Reduction) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let rank = x.shape().len();
        let given = match inputs.get(1) {
            Some(Some(axes)) => Some(whole(axes)?.to_vec()),
            _ => node.integers("axes"),
        };
        let axes: Vec<usize> = match given.filter(|axes| !axes.is_empty()) {
            Some(axes) => axes.into_iter().map(|axis| axis_of(axis, rank)).collect::<Result<_, _>>()?,
            None if node.integer("noop_with_empty_axes", 0) != 0 => return Ok(x.clone()),
            None => (0..rank).collect(),
        };
        let mut kept = x.shape();
        for &axis in &axes {
            kept[axis] = 1;
        }
        let reduced = self.reduced(x, &axes, &kept, reduction)?;
        if node.integer("keepdims", 1) != 0 {
            return Ok(reduced);
        }
        let shape: Vec<_> = (0..rank).filter(|axis| !axes.contains(axis)).map(|axis| kept[axis]).collect();
        self.reshape(&reduced, &shape)
    }

    fn reduced(&mut self, x: &Tensor, axes: &[usize], kept: &[usize], reduction: Reduction) -> Outcome {
        let shape = x.shape();
        let count: usize = axes.iter().map(|&axis| shape[axis]).product();
        match (reduction, x) {
            (_, Tensor::Constant(array)) => {
                return Ok(Tensor::Constant(constant(array, axes, kept, reduction)?));
            }
            (Reduction::Norm, x) => {
                let squares = self.reduced(x, axes, kept, Reduction::SumOfSquares)?;
                return self.curve(&squares, Curve::Root);
            }
            (Reduction::SumOfSquares, x) => {
                let two = Tensor::Constant(Array::scalar(2.0));
                let squares = self.power(x, &two)?;
                return self.reduced(&squares, axes, kept, Reduction::Sum);
            }
            (Reduction::Sum, Tensor::Scaled(scaled)) => {
                if let Some(sum) = self.sum_of_scaled(scaled, axes, kept)? {
                    return Ok(sum);
                }
            }
            (Reduction::Sum | Reduction::Mean, _) => {}
            _ => return Err("takes a product or an extreme of what is computed".into()),
        }
        let factor = if reduction == Reduction::Mean { (count as f32).recip() } else { 1.0 };
        let live = self.live(x)?;
        let axes: Vec<usize> = axes.iter().copied().filter(|&axis| shape[axis] > 1).collect();
        if axes.is_empty() {
            return Ok(Tensor::Live(live));
        }
        if let Some(value) = self.reduced_in_place(&live, &axes, factor)? {
            return Ok(Tensor::Live(Live::new(value, kept)));
        }
        let others = (0..shape.len()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = others.chain(axes.iter().copied()).collect();
        let last = Live { value: live.value, view: live.view.transposed(&order)? };
        let rows = live.view.len() / count;
        let argument = if rows == 1 { Shape::Vector(count) } else { Shape::Rows { rows, width: count } };
        let argument = self.emit.shaped(&last, argument)?;
        let dense = Dense { weight: vec![factor; count].into(), bias: None, out_features: 1, in_features: count };
        let value = self.emit.add(Operator::Dense(dense), &[argument])?;
        Ok(Tensor::Live(Live::new(value, kept)))
    }

    /// Sums over the channels of a map, or over its pixels, without moving a number.
    fn reduced_in_place(&mut self, live: &Live, axes: &[usize], factor: f32) -> Result<Option<Value>, String> {
        let map = self.emit.shape(live.value);
        let Shape::Map { channels, height, width } = map else { return Ok(None) };
        if !live.view.is_plain(map.len()) {
            return Ok(None);
        }
        if let &[axis] = axes
            && live.view.strides[axis] == channel_stride(map)
            && live.shape()[axis] == channels
        {
            let convolution = Convolution {
                weight: vec![factor; channels].into(),
                bias: None,
                out_channels: 1,
                in_channels: channels,
                kernel: [1, 1],
                stride: 1,
                padding: 0,
            };
            return self.emit.add(Operator::Convolution(convolution), &[live.value]).map(Some);
        }
        let count: usize = axes.iter().map(|&axis| live.shape()[axis]).product();
        let trailing = axes.iter().all(|&axis| live.view.strides[axis] < channel_stride(map));
        if !trailing || count != height * width {
            return Ok(None);
        }
        let mean = |length: usize, factor: f64| {
            SparseMatrix::from_rows(length, [(0..length).map(|place| (place, factor)).collect()])
        };
        let map = pulse_engine::SeparableMap {
            vertical: mean(height, factor.into()).into(),
            horizontal: mean(width, 1.0).into(),
        };
        self.emit.add(Operator::SeparableMap(map), &[live.value]).map(Some)
    }

    /// The sum of a scaled constant over axes one of which is scaled: a product with the sums of the constant.
    fn sum_of_scaled(&mut self, scaled: &Scaled, axes: &[usize], kept: &[usize]) -> Result<Option<Tensor>, String> {
        let &[(axis, factor)] = &scaled.factors[..] else { return Ok(None) };
        if !axes.contains(&axis) {
            return Ok(None);
        }
        let others: Vec<usize> = axes.iter().copied().filter(|&other| other != axis).collect();
        let mut shape = scaled.constant.shape.clone();
        for &other in &others {
            shape[other] = 1;
        }
        let sums = constant(&scaled.constant, &others, &shape, Reduction::Sum)?;
        let order: Vec<usize> = (0..shape.len()).filter(|&other| other != axis).chain([axis]).collect();
        let weight = sums.viewed(&View::of(&shape).transposed(&order)?)?.reals();
        let in_features = shape[axis];
        let out_features = weight.len() / in_features;
        let dense = Dense { weight: weight.into(), bias: None, out_features, in_features };
        let value = self.emit.add(Operator::Dense(dense), &[factor])?;
        Ok(Some(Tensor::Live(Live::new(value, kept))))
    }

    /// `(x − mean) / sqrt(variance + ε)` over each of so many groups of channels, and a scale and a shift behind it.
    pub(super) fn group_norm(
        &mut self,
        x: &Tensor,
        groups: usize,
        epsilon: f32,
        [scale, shift]: [Option<&Array>; 2],
    ) -> Outcome {
        let live = self.live(x)?;
        let run = self.emit.run(&live)?;
        let shape = self.emit.shape(run);
        let batch = live.shape().first().copied().unwrap_or(1);
        let groups = groups.checked_mul(batch).ok_or("has too many groups")?;
        if groups == 0 || !shape.len().is_multiple_of(groups) {
            return Err(format!("has {groups} groups for {:?}", live.shape()));
        }
        let (value, operator) = match shape {
            Shape::Map { channels, .. } if channels == groups => (run, Operator::InstanceNorm { epsilon }),
            Shape::Map { channels, .. } if channels.is_multiple_of(groups) => {
                (run, Operator::GroupNorm { groups, epsilon })
            }
            _ => {
                let map = Shape::map(groups, 1, shape.len() / groups);
                (self.emit.add(Operator::Reshape(map), &[run])?, Operator::InstanceNorm { epsilon })
            }
        };
        let value = self.emit.add(operator, &[value])?;
        let normed = Tensor::Live(Live::new(value, live.shape()));
        // One number for each channel, or for each group of them.
        let rank = live.shape().len();
        let channels = live.shape().get(1).copied().unwrap_or(1);
        let beside = |array: &Array| {
            if array.len() == 0 || !channels.is_multiple_of(array.len()) {
                return Err(format!("has {} numbers for {channels} channels", array.len()));
            }
            let each = channels / array.len();
            let numbers: Vec<f32> = array.reals().iter().flat_map(|&number| vec![number; each]).collect();
            let mut shape = vec![1; rank];
            shape[1] = channels;
            Ok(Array::real(shape, numbers))
        };
        let [scale, shift] = [scale.map(beside).transpose()?, shift.map(beside).transpose()?];
        let scale = scale.filter(|scale| scale.uniform() != Some(1.0));
        let shift = shift.filter(|shift| shift.uniform() != Some(0.0));
        if scale.is_none() && shift.is_none() {
            return Ok(normed);
        }
        self.affine(&normed, scale.as_ref(), shift.as_ref())
    }

    /// The same over all axes from one on.
    pub(super) fn layer_norm(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let shape = x.shape();
        let axis = axis_of(node.integer("axis", -1), shape.len())?;
        let live = self.live(x)?;
        let run = self.emit.run(&live)?;
        let rows: usize = shape[..axis].iter().product();
        let map = self.emit.add(Operator::Reshape(Shape::map(rows, 1, live.view.len() / rows)), &[run])?;
        let epsilon = node.float("epsilon", 1e-5) as f32;
        let value = self.emit.add(Operator::InstanceNorm { epsilon }, &[map])?;
        let mut normed = Tensor::Live(Live::new(value, &shape));
        for (at, is_scale) in [(1, true), (2, false)] {
            if let Some(Some(other)) = inputs.get(at) {
                let operation =
                    if is_scale { super::arithmetic::Binary::Multiply } else { super::arithmetic::Binary::Add };
                normed = self.binary(operation, &normed, other)?;
            }
        }
        Ok(normed)
    }

    /// `x / sqrt(mean(x²) + ε)` over all axes from one on, and a scale behind it.
    pub(super) fn root_mean_square_norm(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let shape = x.shape();
        let axis = axis_of(node.integer("axis", -1), shape.len())?;
        let live = self.live(x)?;
        let width: usize = shape[axis..].iter().product();
        let rows = live.view.len() / width;
        let argument = if rows == 1 { Shape::Vector(width) } else { Shape::Rows { rows, width } };
        let value = self.emit.shaped(&live, argument)?;
        let epsilon = node.float("epsilon", 1e-5) as f32;
        let value = self.emit.add(Operator::Normalize { epsilon }, &[value])?;
        let normed = Tensor::Live(Live::new(value, &shape));
        match inputs.get(1) {
            Some(Some(scale)) => self.binary(super::arithmetic::Binary::Multiply, &normed, scale),
            _ => Ok(normed),
        }
    }

    /// `x / |x|` along an axis.
    pub(super) fn length_norm(&mut self, node: &Node<'_>, x: &Tensor) -> Outcome {
        let mut kept = x.shape();
        let axis = axis_of(node.integer("axis", -1), kept.len())?;
        kept[axis] = 1;
        let length = if node.integer("p", 2) == 1 {
            let magnitudes = self.curve(x, Curve::Absolute)?;
            self.reduced(&magnitudes, &[axis], &kept, Reduction::Sum)?
        } else {
            self.reduced(x, &[axis], &kept, Reduction::Norm)?
        };
        self.binary(super::arithmetic::Binary::Divide, x, &length)
    }

    /// `γ (x − mean) / sqrt(variance + ε) + β`, all of them constant.
    pub(super) fn batch_norm(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        if node.integer("training_mode", 0) != 0 {
            return Err("is in training mode: call .eval() before the export".into());
        }
        let arrays = (1..5).map(|at| match inputs.get(at) {
            Some(Some(Tensor::Constant(array))) => Ok(array.reals()),
            _ => Err("has numbers that are computed"),
        });
        let [gamma, beta, mean, variance] =
            <[_; 4]>::try_from(arrays.collect::<Result<Vec<_>, _>>()?).map_err(|_| "lacks numbers")?;
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let channels = gamma.len();
        if [beta.len(), mean.len(), variance.len()] != [channels; 3] || x.shape().len() < 2 {
            return Err("has numbers of unequal lengths".into());
        }
        let epsilon = node.float("epsilon", 1e-5);
        let scale = |channel: usize| f64::from(gamma[channel]) / (f64::from(variance[channel]) + epsilon).sqrt();
        let mut shape = vec![1; x.shape().len()];
        shape[1] = channels;
        let scales: Vec<f32> = (0..channels).map(|channel| scale(channel) as f32).collect();
        let shifts =
            (0..channels).map(|at| (f64::from(beta[at]) - f64::from(mean[at]) * scale(at)) as f32).collect::<Vec<_>>();
        self.affine(x, Some(&Array::real(shape.clone(), scales)), Some(&Array::real(shape, shifts)))
    }

    pub(super) fn softmax(&mut self, node: &Node<'_>, x: &Tensor) -> Outcome {
        let shape = x.shape();
        let old = self.opset < 13;
        let axis = axis_of(node.integer("axis", if old { 1 } else { -1 }), shape.len())?;
        if let Tensor::Looks(looks) = x
            && axis + 1 == shape.len()
            && !looks.weights
        {
            let mut looks = looks.clone();
            looks.weights = true;
            return Ok(Tensor::Looks(looks));
        }
        // Before version 13, all axes from this one on were one.
        let together = if old { shape.len() - axis } else { 1 };
        if together == 1 && axis + 1 != shape.len() {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            order.swap(axis, shape.len() - 1);
            let turned = self.transpose(x, &order)?;
            let weights = self.softmax_of(&turned, 1)?;
            return self.transpose(&weights, &order);
        }
        self.softmax_of(x, together)
    }

    /// Over so many of the last axes.
    pub(super) fn softmax_of(&mut self, x: &Tensor, axes: usize) -> Outcome {
        let shape = x.shape();
        let width: usize = shape[shape.len() - axes..].iter().product();
        let live = self.live(x)?;
        let rows = live.view.len() / width;
        let argument = if rows == 1 { Shape::Vector(width) } else { Shape::Rows { rows, width } };
        let value = self.emit.shaped(&live, argument)?;
        let value = self.emit.add(Operator::Softmax, &[value])?;
        Ok(Tensor::Live(Live::new(value, &shape)))
    }
}

/// What is taken of a constant along axes.
fn constant(array: &Array, axes: &[usize], kept: &[usize], reduction: Reduction) -> Result<Array, String> {
    let count: usize = kept.iter().product();
    let start = match reduction {
        Reduction::Product => 1.0,
        Reduction::Largest => f64::NEG_INFINITY,
        Reduction::Smallest => f64::INFINITY,
        _ => 0.0,
    };
    let mut sums = vec![start; count];
    let order: Vec<usize> =
        (0..array.shape.len()).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect();
    let turned = array.viewed(&View::of(&array.shape).transposed(&order)?)?;
    let numbers = turned.reals();
    let run = (numbers.len() / count.max(1)).max(1);
    for (place, &number) in numbers.iter().enumerate() {
        let (sum, number) = (&mut sums[place / run], f64::from(number));
        *sum = match reduction {
            Reduction::Sum | Reduction::Mean => *sum + number,
            Reduction::Norm | Reduction::SumOfSquares => *sum + number * number,
            Reduction::Product => *sum * number,
            Reduction::Largest => sum.max(number),
            Reduction::Smallest => sum.min(number),
        };
    }
    let finished = |sum: f64| match reduction {
        Reduction::Mean => sum / run as f64,
        Reduction::Norm => sum.sqrt(),
        _ => sum,
    };
    let is_whole = matches!(array.numbers, Numbers::Whole(_));
    let numbers: Vec<f32> = sums.into_iter().map(|sum| finished(sum) as f32).collect();
    let reduced = Array::real(kept.to_vec(), numbers);
    Ok(if is_whole { Array::whole(reduced.shape.clone(), reduced.wholes()) } else { reduced })
}
