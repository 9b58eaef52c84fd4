//! Sums, products and functions of one number, with ONNX's rules for shapes that differ.

use pulse_engine::{Curve, Gather, Operator, Shape, Value, Weights};

use super::array::{Array, broadcast};
use super::lower::{Lower, Outcome};
use super::tensor::{Live, Looks, Scaled, Tensor};
use super::view::View;

/// An operation on two numbers.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Binary {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
        }
    }
}

impl Lower<'_> {
    pub(super) fn binary(&mut self, operation: Binary, a: &Tensor, b: &Tensor) -> Outcome {
        if let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) {
            return Ok(Tensor::Constant(a.zip(b, |a, b| operation.of(a, b))?));
        }
        if let Some(lazy) = self.lazy(operation, a, b)? {
            return Ok(lazy);
        }
        match (operation, a, b) {
            (Binary::Add, Tensor::Constant(array), other) | (Binary::Add, other, Tensor::Constant(array)) => {
                self.affine(other, None, Some(array))
            }
            (Binary::Subtract, other, Tensor::Constant(array)) => {
                self.affine(other, None, Some(&array.map(|number| -number)))
            }
            (Binary::Subtract, Tensor::Constant(array), other) => {
                let negative = self.scale(other, -1.0)?;
                self.affine(&negative, None, Some(array))
            }
            (Binary::Multiply, Tensor::Constant(array), other) | (Binary::Multiply, other, Tensor::Constant(array)) => {
                self.affine(other, Some(array), None)
            }
            (Binary::Divide, other, Tensor::Constant(array)) => {
                let inverse =
                    Array::real(array.shape.clone(), array.reals().iter().map(|x| x.recip()).collect::<Vec<_>>());
                self.affine(other, Some(&inverse), None)
            }
            (Binary::Divide, numerator, denominator) => {
                let inverse = self.curve(denominator, Curve::Reciprocal)?;
                self.binary(Binary::Multiply, numerator, &inverse)
            }
            (Binary::Subtract, a, b) => {
                let negative = self.scale(b, -1.0)?;
                self.binary(Binary::Add, a, &negative)
            }
            (operation, a, b) => {
                let (a, b) = (self.live(a)?, self.live(b)?);
                let operator = if operation == Binary::Add { Operator::Add } else { Operator::Multiply };
                self.joined(operator, &a, &b)
            }
        }
    }

    /// What need not be computed yet: scaled weights, and scaled products of queries and keys.
    fn lazy(&mut self, operation: Binary, a: &Tensor, b: &Tensor) -> Result<Option<Tensor>, String> {
        let factor = |tensor: &Tensor| match tensor {
            Tensor::Constant(array) => array.uniform().map(f64::from),
            _ => None,
        };
        match (operation, a, b) {
            (Binary::Multiply | Binary::Divide, Tensor::Looks(looks), other)
            | (Binary::Multiply, other, Tensor::Looks(looks))
                if !looks.weights =>
            {
                let Some(factor) = factor(other) else { return Ok(None) };
                let factor = if operation == Binary::Divide { factor.recip() } else { factor };
                Ok(Some(Tensor::Looks(Box::new(Looks { scale: looks.scale * factor, ..(**looks).clone() }))))
            }
            (Binary::Multiply, Tensor::Scaled(scaled), Tensor::Constant(array))
            | (Binary::Multiply, Tensor::Constant(array), Tensor::Scaled(scaled)) => {
                let constant = scaled.constant.zip(array, |a, b| a * b)?;
                let same = constant.shape == scaled.constant.shape;
                Ok(same.then(|| Tensor::Scaled(Scaled { constant, factors: scaled.factors.clone() })))
            }
            (Binary::Multiply | Binary::Divide, Tensor::Scaled(scaled), other)
            | (Binary::Multiply, other, Tensor::Scaled(scaled)) => {
                let inverse =
                    if operation == Binary::Divide { Some(self.curve(other, Curve::Reciprocal)?) } else { None };
                self.scaled(scaled, inverse.as_ref().unwrap_or(other))
            }
            (Binary::Multiply, Tensor::Constant(array), other) | (Binary::Multiply, other, Tensor::Constant(array)) => {
                // A vector that scales an axis of a larger constant.
                let scaled = Scaled { constant: array.clone(), factors: vec![] };
                if array.shape.len() < 4 { Ok(None) } else { self.scaled(&scaled, other) }
            }
            _ => Ok(None),
        }
    }

    /// One more factor for an axis of a scaled constant, where `other` is one.
    fn scaled(&mut self, scaled: &Scaled, other: &Tensor) -> Result<Option<Tensor>, String> {
        let (Tensor::Live(live), shape) = (other, &scaled.constant.shape) else { return Ok(None) };
        if live.shape().len() > shape.len() || live.view.len() >= scaled.constant.len() {
            return Ok(None);
        }
        let Some(axis) = live.view.only_axis() else { return Ok(None) };
        let place = axis + shape.len() - live.shape().len();
        if shape[place] != live.shape()[axis] || scaled.factors.iter().any(|(axis, _)| *axis == place) {
            return Ok(None);
        }
        let mut scaled = scaled.clone();
        scaled.factors.push((place, self.emit.vector(live)?));
        Ok(Some(Tensor::Scaled(scaled)))
    }

    /// A number times a value.
    pub(super) fn scale(&mut self, tensor: &Tensor, factor: f32) -> Outcome {
        self.affine(tensor, Some(&Array::scalar(factor)), None)
    }

    /// `scale x + shift`, with constants that are broadcast.
    pub(super) fn affine(&mut self, x: &Tensor, scale: Option<&Array>, shift: Option<&Array>) -> Outcome {
        let mut live = self.live(x)?;
        for array in [scale, shift].into_iter().flatten() {
            let shape = broadcast(live.shape(), &array.shape)?;
            if shape != live.shape() {
                let value = live.value;
                live = self.emit.whole(&Live { value, view: live.view.expanded(&shape)? })?;
            }
        }
        let live = self.emit.whole(&live)?;
        if let (None, Some(shift)) = (scale, shift)
            && let Some(value) = self.same_in_every_channel(&live, shift)?
        {
            return Ok(Tensor::Live(Live { value, view: live.view }));
        }
        let [scale, shift] =
            [scale, shift].map(|array| array.map_or(Ok(Weights::from(vec![])), |array| self.aligned(array, &live)));
        let value = self.emit.add(Operator::affine(scale?, shift?), &[live.value])?;
        Ok(Tensor::Live(Live { value, view: live.view }))
    }

    /// A sum with a constant map that is added to every channel alike: noise that came with the file.
    fn same_in_every_channel(&mut self, live: &Live, shift: &Array) -> Result<Option<Value>, String> {
        let Shape::Map { channels, height, width } = self.emit.shape(live.value) else { return Ok(None) };
        if channels == 1 || shift.len() != height * width || shift.len() == 1 || !live.view.is_plain(live.view.len()) {
            return Ok(None);
        }
        let own = View::of(&shift.shape).expanded(live.shape())?;
        let trailing = own.places().take(height * width).eq(0..height * width);
        if !trailing || own.places().nth(height * width) != Some(0) {
            return Ok(None);
        }
        let map = Shape::map(1, height, width);
        let noise = self.emit.add(Operator::Constant(map, shift.reals().into()), &[])?;
        Ok(Some(self.emit.add(Operator::AddNoise(vec![1.0].into()), &[live.value, noise])?))
    }

    /// A constant as coefficients of the value of a whole view: one, one a channel, or one an element.
    fn aligned(&self, array: &Array, live: &Live) -> Result<Weights, String> {
        if let Some(number) = array.single() {
            return Ok(vec![number].into());
        }
        let view = View::of(&array.shape).expanded(live.shape())?;
        let shape = self.emit.shape(live.value);
        let numbers = array.reals();
        if let Some(axis) = View::of(&array.shape).only_axis() {
            let axis = axis + live.shape().len() - array.shape.len();
            if live.view.strides[axis] == channel_stride(shape) && live.shape()[axis] == shape.channels() {
                return Ok(numbers.into());
            }
        }
        let mut aligned = vec![0.0; shape.len()];
        for (to, from) in live.view.places().zip(view.places()) {
            aligned[to] = numbers[from];
        }
        Ok(aligned.into())
    }

    /// A sum or a product of two values of the network.
    fn joined(&mut self, operator: Operator, a: &Live, b: &Live) -> Outcome {
        let shape = broadcast(a.shape(), b.shape())?;
        let (a, b) = if a.shape() == shape { (a, b) } else { (b, a) };
        if a.shape() != shape {
            let a = Live { value: a.value, view: a.view.expanded(&shape)? };
            let a = self.emit.whole(&a)?;
            return self.joined(operator, &a, b);
        }
        let a = &self.emit.whole(a)?;
        if b.shape() != shape
            && let Some(live) = self.by_channel(&operator, a, b)?
        {
            return Ok(Tensor::Live(live));
        }
        let to = self.emit.shape(a.value);
        let other = if b.shape() == shape && b.view == a.view && self.emit.shape(b.value).len() == to.len() {
            self.emit.add(Operator::Reshape(to), &[b.value])?
        } else {
            self.in_order_of(a, b, &shape)?
        };
        let value = self.emit.add(operator, &[a.value, other])?;
        Ok(Tensor::Live(Live { value, view: a.view.clone() }))
    }

    /// The numbers of `b`, broadcast to the shape of `a`, in the order and shape of `a`'s value.
    fn in_order_of(&mut self, a: &Live, b: &Live, shape: &[usize]) -> Result<Value, String> {
        let (to, from) = (self.emit.shape(a.value), b.view.expanded(shape)?);
        if a.view.is_plain(to.len()) && from.is_run() {
            return self.emit.shaped(&Live { value: b.value, view: from }, to);
        }
        let mut index = vec![0; to.len()];
        for (to, from) in a.view.places().zip(from.places()) {
            index[to] = from as u32;
        }
        self.emit.add(Operator::Gather(Gather { index: index.into(), shape: to }), &[b.value])
    }

    /// A sum or product with a vector of a number for each channel, or a sum with a map that every channel gets.
    fn by_channel(&mut self, operator: &Operator, a: &Live, b: &Live) -> Result<Option<Live>, String> {
        let shift = a.shape().len() - b.shape().len();
        let Some(axis) = b.view.only_axis().map(|axis| axis + shift) else { return self.by_pixel(operator, a, b) };
        let mut map = self.emit.shape(a.value);
        let fits = |map: Shape| matches!(map, Shape::Map { .. }) && a.view.strides[axis] == channel_stride(map);
        if !(fits(map) && map.channels() == a.shape()[axis]) {
            // The same numbers as a map of such channels.
            let before: usize = a.shape()[..axis].iter().product();
            if before != 1 || !a.view.is_plain(map.len()) {
                return self.by_pixel(operator, a, b);
            }
            map = Shape::map(a.shape()[axis], 1, map.len() / a.shape()[axis]);
        }
        let x = self.emit.add(Operator::Reshape(map), &[a.value])?;
        let vector = self.emit.vector(b)?;
        let operator = if matches!(operator, Operator::Add) { Operator::Add } else { Operator::Modulate };
        let value = self.emit.add(operator, &[x, vector])?;
        Ok(Some(Live { value, view: a.view.clone() }))
    }

    fn by_pixel(&mut self, operator: &Operator, a: &Live, b: &Live) -> Result<Option<Live>, String> {
        let Shape::Map { height, width, .. } = self.emit.shape(a.value) else { return Ok(None) };
        let pixels = height * width;
        let same = b.view.len() == pixels && a.view.is_plain(a.view.len());
        let trailing = |live: &Live| {
            live.shape()
                .iter()
                .rev()
                .scan(1, |product, &length| {
                    *product *= length;
                    Some(*product)
                })
                .any(|product| product == pixels)
        };
        if !matches!(operator, Operator::Add) || !same || !trailing(a) || pixels == 1 {
            return Ok(None);
        }
        let expanded = b.view.expanded(a.shape())?;
        if expanded.places().nth(pixels) != expanded.places().next() {
            return Ok(None);
        }
        let noise = self.emit.shaped(b, Shape::map(1, height, width))?;
        let (strength, noise) = match self.emit.made(noise) {
            (Operator::Affine(affine), of) if affine.scale.len() == 1 && affine.shift.is_empty() => {
                (affine.scale[0], of[0])
            }
            _ => (1.0, noise),
        };
        let value = self.emit.add(Operator::AddNoise(vec![strength].into()), &[a.value, noise])?;
        Ok(Some(Live { value, view: a.view.clone() }))
    }

    /// A function of each number.
    pub(super) fn each(&mut self, x: &Tensor, operator: Operator) -> Outcome {
        let live = self.live(x)?;
        let live = self.emit.whole(&live)?;
        let value = self.emit.add(operator, &[live.value])?;
        Ok(Tensor::Live(Live { value, view: live.view }))
    }

    /// A curve of each number, computed here where they are known.
    pub(super) fn curve(&mut self, x: &Tensor, curve: Curve) -> Outcome {
        match x {
            Tensor::Constant(array) => {
                let numbers = array.reals().iter().map(|&x| curve.at(x.into()) as f32).collect::<Vec<_>>();
                Ok(Tensor::Constant(Array::real(array.shape.clone(), numbers)))
            }
            x => self.each(x, Operator::Curve(curve)),
        }
    }

    /// `xⁿ`.
    pub(super) fn power(&mut self, x: &Tensor, exponent: &Tensor) -> Outcome {
        let (Tensor::Constant(x), Tensor::Constant(exponent)) = (x, exponent) else {
            let Tensor::Constant(exponent) = exponent else { return Err("has an exponent that is computed".into()) };
            return self.power_of(x, exponent.uniform().ok_or("has several exponents")?);
        };
        Ok(Tensor::Constant(x.zip(exponent, f64::powf)?))
    }

    fn power_of(&mut self, x: &Tensor, exponent: f32) -> Outcome {
        if exponent == 1.0 {
            return Ok(x.clone());
        }
        if exponent == 2.0 {
            return self.square(x);
        }
        if exponent == 3.0 {
            let square = self.square(x)?;
            return self.binary(Binary::Multiply, &square, x);
        }
        if exponent == 0.5 {
            return self.curve(x, Curve::Root);
        }
        if exponent == -0.5 {
            let root = self.curve(x, Curve::Root)?;
            return self.curve(&root, Curve::Reciprocal);
        }
        self.curve(x, if exponent == -1.0 { Curve::Reciprocal } else { Curve::Power(exponent) })
    }

    fn square(&mut self, x: &Tensor) -> Outcome {
        let Tensor::Scaled(scaled) = x else { return self.each(x, Operator::Square) };
        let constant = scaled.constant.map(|number| number * number);
        let mut factors = scaled.factors.clone();
        for (_, factor) in &mut factors {
            *factor = self.emit.add(Operator::Square, &[*factor])?;
        }
        Ok(Tensor::Scaled(Scaled { constant, factors }))
    }

    /// `max(a, b) = a + relu(b − a)`, or the smaller of the two.
    pub(super) fn extreme(&mut self, a: &Tensor, b: &Tensor, largest: bool) -> Outcome {
        if let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) {
            return Ok(Tensor::Constant(a.zip(b, if largest { f64::max } else { f64::min })?));
        }
        let (a, b) = if matches!(a, Tensor::Constant(_)) { (b, a) } else { (a, b) };
        if let Tensor::Constant(bound) = b
            && let Some(bound) = bound.uniform()
        {
            let (low, high) = if largest { (bound, f32::INFINITY) } else { (f32::NEG_INFINITY, bound) };
            return self.curve(a, Curve::Clip { low, high });
        }
        let difference = self.binary(Binary::Subtract, b, a)?;
        let sign = if largest { 1.0 } else { -1.0 };
        let signed = self.scale(&difference, sign)?;
        let over = self.each(&signed, Operator::relu())?;
        let over = self.scale(&over, sign)?;
        self.binary(Binary::Add, a, &over)
    }
}

/// How far apart two channels of a value lie.
pub(super) fn channel_stride(shape: Shape) -> isize {
    match shape {
        Shape::Map { height, width, .. } => (height * width) as isize,
        _ => 1,
    }
}
