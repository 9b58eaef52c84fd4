//! What each operator of ONNX is here.

use pulse_engine::{Curve, Operator, Shape};

use super::arithmetic::Binary;
use super::array::{Array, Numbers, broadcast, checked_len};
use super::graph::Node;
use super::lengths::{axis_of, cast, compared, range, reshaped, squeezed, unsqueezed};
use super::lower::{Lower, Outcome};
use super::normalize::Reduction;
use super::structure::whole;
use super::tensor::{Live, Tensor};
use super::view::{View, row_major};

impl<'a> Lower<'a> {
    /// What a node makes, one tensor for each of its outputs.
    pub(super) fn operator(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Result<Vec<Tensor>, String> {
        if inputs.first().is_none_or(Option::is_none) && node.operator != "Concat" {
            return Err("lacks its argument".into());
        }
        if node.operator == "Split" {
            return self.split(node, inputs);
        }
        self.single(node, inputs).map(|tensor| vec![tensor])
    }

    fn single(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = || inputs.first().and_then(Option::as_ref).ok_or_else(|| "lacks its argument".to_owned());
        let second = || inputs.get(1).and_then(Option::as_ref).ok_or_else(|| "lacks its second argument".to_owned());
        let curve = |lower: &mut Self, curve| lower.curve(x()?, curve);
        match node.operator {
            "Conv" => self.convolution(node, inputs, false),
            "ConvTranspose" => {
                if let Tensor::Live(live) = x()?
                    && let [_, channels, height, width] = *live.shape()
                    && let Ok(map) = self.emit.shaped(live, Shape::map(channels, height, width))
                {
                    self.stages.push(map);
                    let shape = live.shape().to_vec();
                    let mut inputs = inputs.to_vec();
                    inputs[0] = Some(Tensor::Live(Live::new(map, &shape)));
                    return self.convolution(node, &inputs, true);
                }
                self.convolution(node, inputs, true)
            }
            "Gemm" => self.general(node, inputs),
            "MatMul" => self.product(x()?, second()?),
            "Einsum" if inputs.len() == 2 => self.einsum(node.text("equation", ""), x()?, second()?),
            "Einsum" => Err(format!("has {} arguments", inputs.len())),
            "Add" => self.binary(Binary::Add, x()?, second()?),
            "Sub" => self.binary(Binary::Subtract, x()?, second()?),
            "Mul" => self.gated(x()?, second()?),
            "Div" => self.divided(x()?, second()?),
            "Pow" => self.power(x()?, second()?),
            "Max" | "Min" => {
                let mut parts = inputs.iter().flatten();
                let first = parts.next().ok_or("lacks its arguments")?.clone();
                parts.try_fold(first, |a, b| self.extreme(&a, b, node.operator == "Max"))
            }
            "Sum" => {
                let mut parts = inputs.iter().flatten();
                let first = parts.next().ok_or("lacks its arguments")?.clone();
                parts.try_fold(first, |a, b| self.binary(Binary::Add, &a, b))
            }
            "Sqrt" => curve(self, Curve::Root),
            "Reciprocal" => curve(self, Curve::Reciprocal),
            "Exp" => curve(self, Curve::Exponential),
            "Log" => curve(self, Curve::Logarithm),
            "Sin" => curve(self, Curve::Sine),
            "Cos" => curve(self, Curve::Cosine),
            "Erf" => curve(self, Curve::Erf),
            "Abs" => curve(self, Curve::Absolute),
            "Neg" => match x()? {
                Tensor::Constant(array) => Ok(Tensor::Constant(array.map(|x| -x))),
                x => self.scale(x, -1.0),
            },
            "Floor" | "Ceil" | "Round" | "Not" | "Sign" => rounded(node.operator, x()?),
            "Clip" => self.clip(node, inputs),
            "Relu" | "LeakyRelu" | "Sigmoid" | "Tanh" | "Softplus" | "Elu" | "Selu" | "PRelu" | "HardSigmoid"
            | "HardSwish" | "Gelu" | "Mish" | "Softsign" | "ThresholdedRelu" | "Celu" => self.activation(node, inputs),
            "Swish" => {
                let scaled = self.scale(x()?, node.float("alpha", 1.0) as f32)?;
                let gate = self.each(&scaled, Operator::Sigmoid)?;
                self.binary(Binary::Multiply, x()?, &gate)
            }
            "Softmax" => self.softmax(node, x()?),
            "InstanceNormalization" => {
                let [scale, shift] = [1, 2].map(|at| match inputs.get(at) {
                    Some(Some(Tensor::Constant(array))) => Ok(array),
                    _ => Err("has a scale that is computed"),
                });
                let channels = x()?.shape().get(1).copied().unwrap_or(1);
                self.group_norm(x()?, channels, node.float("epsilon", 1e-5) as f32, [Some(scale?), Some(shift?)])
            }
            "GroupNormalization" => {
                let groups = usize::try_from(node.integer("num_groups", 0)).map_err(|_| "has no groups")?;
                let [scale, shift] = [1, 2].map(|at| match inputs.get(at) {
                    Some(Some(Tensor::Constant(array))) => Ok(array),
                    _ => Err("has a scale that is computed"),
                });
                self.group_norm(x()?, groups, node.float("epsilon", 1e-5) as f32, [Some(scale?), Some(shift?)])
            }
            "LayerNormalization" => self.layer_norm(node, inputs),
            "RMSNormalization" => self.root_mean_square_norm(node, inputs),
            "LpNormalization" => self.length_norm(node, x()?),
            "Attention" => self.attention_of(node, inputs),
            "LogSoftmax" => {
                let weights = self.softmax(node, x()?)?;
                self.curve(&weights, Curve::Logarithm)
            }
            "BatchNormalization" => self.batch_norm(node, inputs),
            "ReduceSum" => self.reduce(node, inputs, Reduction::Sum),
            "ReduceMean" => self.reduce(node, inputs, Reduction::Mean),
            "ReduceL1" => {
                let magnitudes = self.curve(x()?, Curve::Absolute)?;
                let axes = inputs.get(1).cloned().flatten();
                self.reduce(node, &[Some(magnitudes), axes], Reduction::Sum)
            }
            "ReduceL2" => self.reduce(node, inputs, Reduction::Norm),
            "ReduceSumSquare" => self.reduce(node, inputs, Reduction::SumOfSquares),
            "ReduceProd" => self.reduce(node, inputs, Reduction::Product),
            "ReduceMax" => self.reduce(node, inputs, Reduction::Largest),
            "ReduceMin" => self.reduce(node, inputs, Reduction::Smallest),
            "GlobalAveragePool" => {
                let axes: Vec<i64> = (2..x()?.shape().len() as i64).collect();
                if axes.is_empty() {
                    return Err("pools no map".into());
                }
                let axes = Tensor::Constant(Array::whole(vec![axes.len()], axes));
                self.reduce(node, &[Some(x()?.clone()), Some(axes)], Reduction::Mean)
            }
            "AveragePool" => self.pool(node, x()?, false),
            "MaxPool" => self.pool(node, x()?, true),
            "Resize" | "Upsample" => self.resize(node, inputs),
            "DepthToSpace" => self.depth_to_space(node, x()?, false),
            "SpaceToDepth" => self.depth_to_space(node, x()?, true),
            "Where" => {
                let third = inputs.get(2).and_then(Option::as_ref).ok_or("lacks its third argument")?;
                self.chosen(x()?, second()?, third)
            }
            _ => self.moved(node, inputs),
        }
    }

    /// Operators that only move numbers, or count them.
    fn moved(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs.first().and_then(Option::as_ref).ok_or("lacks its argument")?;
        let second = || inputs.get(1).and_then(Option::as_ref).ok_or_else(|| "lacks its second argument".to_owned());
        let shape = x.shape();
        match node.operator {
            "Dropout" if matches!(inputs.get(2), Some(Some(Tensor::Constant(mode))) if mode.uniform() != Some(0.0)) => {
                Err("is in training mode: call .eval() before the export".into())
            }
            "Identity" | "Dropout" => Ok(x.clone()),
            "Cast" => cast(x, node.integer("to", 1)),
            "CastLike" => cast(
                x,
                i64::from(if matches!(second()?, Tensor::Constant(Array { numbers: Numbers::Whole(_), .. })) {
                    7
                } else {
                    1
                }),
            ),
            "Reshape" => {
                let wanted = reshaped(&shape, &whole(second()?)?, node.integer("allowzero", 0) != 0)?;
                self.reshape(x, &wanted)
            }
            "Flatten" => {
                let axis = node.integer("axis", 1);
                let axis = usize::try_from(if axis < 0 { axis + shape.len() as i64 } else { axis })
                    .map_err(|_| "has no such axis")?;
                let (outer, inner) = shape.split_at_checked(axis).ok_or("has no such axis")?;
                self.reshape(x, &[outer.iter().product(), inner.iter().product()])
            }
            "Unsqueeze" | "Squeeze" => {
                let given = match inputs.get(1) {
                    Some(Some(axes)) => Some(whole(axes)?.to_vec()),
                    _ => node.integers("axes"),
                };
                let wanted =
                    if node.operator == "Squeeze" { squeezed(&shape, given)? } else { unsqueezed(&shape, given)? };
                self.reshape(x, &wanted)
            }
            "Transpose" => {
                let order = node.integers("perm").unwrap_or_else(|| (0..shape.len() as i64).rev().collect());
                let order: Vec<_> = order.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Result<_, _>>()?;
                self.transpose(x, &order)
            }
            "Slice" => self.slice(node, inputs),
            "Gather" => self.gather(x, second()?, node.integer("axis", 0)),
            "Concat" => {
                let parts: Vec<Tensor> = inputs.iter().flatten().cloned().collect();
                self.concatenate(&parts, node.integer("axis", 0))
            }
            "Expand" => {
                let wanted: Vec<usize> = whole(second()?)?
                    .iter()
                    .map(|&n| usize::try_from(n))
                    .collect::<Result<_, _>>()
                    .map_err(|_| "has a negative length")?;
                let wanted = broadcast(&shape, &wanted)?;
                self.viewed(x, |view| view.expanded(&wanted))
            }
            "Tile" => self.repeat(x, second()?),
            "Pad" => self.padded(node, inputs),
            "Shape" => {
                let lengths: Vec<i64> = shape.iter().map(|&length| length as i64).collect();
                let place = |at: i64| {
                    (if at < 0 { at + lengths.len() as i64 } else { at }).clamp(0, lengths.len() as i64) as usize
                };
                let (start, end) = (place(node.integer("start", 0)), place(node.integer("end", i64::MAX)));
                let part = lengths.get(start..end.max(start)).unwrap_or_default().to_vec();
                Ok(Tensor::Constant(Array::whole(vec![part.len()], part)))
            }
            "Size" => Ok(Tensor::Constant(Array::whole(vec![], [checked_len(&shape).unwrap_or(0) as i64]))),
            "ConstantOfShape" => {
                let lengths: Vec<usize> = whole(x)?
                    .iter()
                    .map(|&n| usize::try_from(n))
                    .collect::<Result<_, _>>()
                    .map_err(|_| "has a negative length")?;
                let value = node.array("value").unwrap_or_else(|| Array::real(vec![1], [0.0]));
                let one = Array { shape: vec![], ..value };
                let view = View::of(&[]).expanded(&lengths)?;
                Ok(Tensor::Constant(one.viewed(&view)?))
            }
            "Range" => range(inputs),
            "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or" | "Mod" => {
                compared(node.operator, x, second()?)
            }
            "OneHot" => self.one_hot(x, second()?),
            "ScatterND" | "ScatterElements" => self.scattered(node, inputs),
            _ => Err(unknown(node.operator).into()),
        }
    }

    /// A product, of which one factor may be the other's own gate.
    fn gated(&mut self, a: &Tensor, b: &Tensor) -> Outcome {
        if let (Tensor::Live(x), Tensor::Live(y)) = (a, b)
            && x == y
        {
            return self.power(a, &Tensor::Constant(Array::scalar(2.0)));
        }
        if let (Tensor::Scaled(x), Tensor::Scaled(y)) = (a, b)
            && x.factors == y.factors
            && x.constant.shape == y.constant.shape
            && x.constant.reals() == y.constant.reals()
        {
            return self.power(a, &Tensor::Constant(Array::scalar(2.0)));
        }
        self.binary(Binary::Multiply, a, b)
    }

    /// A quotient; of a constant one and what is computed, a reciprocal.
    fn divided(&mut self, a: &Tensor, b: &Tensor) -> Outcome {
        let (Tensor::Constant(one), false) = (a, matches!(b, Tensor::Constant(_))) else {
            return self.binary(Binary::Divide, a, b);
        };
        let inverse = self.curve(b, Curve::Reciprocal)?;
        if one.single() == Some(1.0) && one.shape.len() <= inverse.shape().len() {
            return Ok(inverse);
        }
        self.binary(Binary::Multiply, &inverse, a)
    }

    fn split(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Result<Vec<Tensor>, String> {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let shape = x.shape();
        let axis = axis_of(node.integer("axis", 0), shape.len())?;
        let count = node.outputs.len();
        let given = match inputs.get(1) {
            Some(Some(lengths)) => Some(whole(lengths)?.to_vec()),
            _ => node.integers("split"),
        };
        let each = shape[axis].div_ceil(count.max(1));
        let lengths = match given {
            Some(lengths) => lengths
                .iter()
                .map(|&n| usize::try_from(n))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| "has a negative length")?,
            None => (0..count).map(|part| each.min(shape[axis].saturating_sub(part * each))).collect(),
        };
        if lengths.len() != count
            || lengths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)) != Some(shape[axis])
            || lengths.contains(&0)
        {
            return Err(format!("splits {} into {lengths:?}", shape[axis]));
        }
        let mut start = 0;
        let mut parts = Vec::new();
        for length in lengths {
            parts.push(self.parts(x, &[(axis, start, 1, length)])?);
            start += length;
        }
        Ok(parts)
    }

    fn clip(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let bound = |at: usize, key: &str, absent: f32| match inputs.get(at) {
            Some(Some(Tensor::Constant(array))) => array.single().ok_or("has several bounds"),
            Some(Some(_)) => Err("has a bound that is computed"),
            _ => Ok(node.float(key, f64::from(absent)) as f32),
        };
        // The largest float stands for no bound.
        let open = |bound: f32| if bound.abs() >= 3.4e38 { f32::INFINITY.copysign(bound) } else { bound };
        let (low, high) = (open(bound(1, "min", f32::NEG_INFINITY)?), open(bound(2, "max", f32::INFINITY)?));
        self.curve(x, Curve::Clip { low, high })
    }

    fn padded(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let rank = x.shape().len();
        let pads = match inputs.get(1) {
            Some(Some(pads)) => whole(pads)?.to_vec(),
            _ => node.integers("pads").or_else(|| node.integers("paddings")).ok_or("has no borders")?,
        };
        let number = match inputs.get(2) {
            Some(Some(Tensor::Constant(array))) => array.single().ok_or("has several numbers to pad with")?,
            Some(Some(_)) => return Err("pads with what is computed".into()),
            _ => node.float("value", 0.0) as f32,
        };
        let axes: Vec<usize> = match inputs.get(3) {
            Some(Some(axes)) => whole(axes)?.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?,
            _ => (0..rank).collect(),
        };
        if pads.len() != 2 * axes.len() {
            return Err(format!("has {} borders for {} axes", pads.len(), axes.len()));
        }
        let mut borders = vec![[0, 0]; rank];
        for (at, &axis) in axes.iter().enumerate() {
            borders[axis] = [pads[at], pads[at + axes.len()]];
        }
        if borders.iter().flatten().all(|&border| border == 0) {
            return Ok(x.clone());
        }
        self.pad(x, &borders, node.text("mode", "constant"), number)
    }

    fn one_hot(&mut self, x: &Tensor, depth: &Tensor) -> Outcome {
        let depth = whole(depth)?;
        let Tensor::Class { name, shape } = x else { return Err("is made of what is no class".into()) };
        let classes = depth.first().and_then(|&n| usize::try_from(n).ok()).filter(|n| (1..1 << 20).contains(n));
        let classes = classes.ok_or("has no classes")?;
        let (name, shape) = (name.clone(), shape.clone());
        let value = self.class(&name, classes)?;
        Ok(Tensor::Live(Live::new(value, &[&shape[..], &[classes]].concat())))
    }

    fn scattered(&mut self, node: &Node<'a>, inputs: &[Option<Tensor>]) -> Outcome {
        let [Some(base), Some(indices), Some(updates)] = inputs else { return Err("lacks an argument".into()) };
        if !matches!(node.text("reduction", "none"), "none") {
            return Err("adds to what it writes over".into());
        }
        let (shape, of) = (base.shape(), indices.shape());
        let strides = row_major(&shape);
        let indices = whole(indices)?;
        let at = |index: i64, axis: usize| {
            let index = if index < 0 { index + shape[axis] as i64 } else { index };
            usize::try_from(index).ok().filter(|&index| index < shape[axis]).map(|index| index * strides[axis] as usize)
        };
        let places: Option<Vec<usize>> = if node.operator == "ScatterElements" {
            let axis = axis_of(node.integer("axis", 0), shape.len())?;
            if of.len() != shape.len() || updates.shape() != of {
                return Err("writes arrays of unequal shapes".into());
            }
            let inner = row_major(&of);
            let other = |place: usize, axis: usize| place / inner[axis] as usize % of[axis];
            let place = |(place, &index): (usize, &i64)| {
                let others = (0..shape.len())
                    .filter(|&other| other != axis)
                    .map(|axis| other(place, axis) * strides[axis] as usize);
                Some(others.sum::<usize>() + at(index, axis)?)
            };
            indices.iter().enumerate().map(place).collect()
        } else {
            let depth =
                of.last().copied().filter(|&depth| (1..=shape.len()).contains(&depth)).ok_or("writes nowhere")?;
            let run: usize = shape[depth..].iter().product();
            let start =
                |index: &[i64]| index.iter().enumerate().map(|(axis, &index)| at(index, axis)).sum::<Option<usize>>();
            let starts: Option<Vec<usize>> = indices.chunks(depth).map(start).collect();
            starts.map(|starts| starts.into_iter().flat_map(|start| start..start + run).collect())
        };
        self.scatter(base, &places.ok_or("writes outside")?, updates)
    }
}

fn rounded(operator: &str, x: &Tensor) -> Outcome {
    let Tensor::Constant(array) = x else { return Err("has no gradient where it is computed".into()) };
    Ok(Tensor::Constant(array.map(|x| match operator {
        "Floor" => x.floor(),
        "Ceil" => x.ceil(),
        "Round" => x.round_ties_even(),
        "Not" => f64::from(u8::from(x == 0.0)),
        _ if x == 0.0 => 0.0,
        _ => x.signum(),
    })))
}

/// Why an operator is not among those that are read.
pub(super) fn unknown(operator: &str) -> &'static str {
    match operator {
        operator if operator.starts_with("Random") => {
            "its noise is drawn anew in every run: export the model with its noise as an input, or fixed"
        }
        "Bernoulli" | "Multinomial" => "it draws at random: export the model so that it does not",
        operator if operator.contains("Quantize") || operator.contains("Integer") => {
            "its numbers are quantised: export the model in 32 bits"
        }
        "If" | "Loop" | "Scan" => "it has a graph of its own: export a model whose steps do not depend on its input",
        _ => "it is not among the operators that are read",
    }
}

/// The operators that are read, with a space between them.
pub(super) const KNOWN: &str = "\
    Abs Add And Attention AveragePool BatchNormalization Cast CastLike Ceil Celu Clip Concat ConstantOfShape Conv \
    ConvTranspose Cos DepthToSpace Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm \
    GlobalAveragePool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity \
    InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul Max \
    MaxPool Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow RMSNormalization Range Reciprocal ReduceL1 ReduceL2 \
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements \
    ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze \
    Sub Sum Swish Tanh ThresholdedRelu Tile Transpose Unsqueeze Upsample Where";
