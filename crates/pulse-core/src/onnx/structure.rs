//! Operators that only move numbers: other shapes and orders, parts, joins, borders.

use pulse_engine::{Gather, Operator, Shape};

use super::array::{Array, MOST, Numbers, checked_len};
use super::graph::Node;
use super::lengths::axis_of;
use super::lower::{Lower, Outcome};
use super::tensor::{Live, Scaled, Tensor, natural};
use super::view::{View, row_major};

impl Lower<'_> {
    /// The same tensor through a view of its numbers.
    pub(super) fn viewed(&mut self, x: &Tensor, view: impl Fn(&View) -> Result<View, String>) -> Outcome {
        match x {
            Tensor::Constant(array) => Ok(Tensor::Constant(array.viewed(&view(&View::of(&array.shape))?)?)),
            x => {
                let live = self.live(x)?;
                Ok(Tensor::Live(Live { value: live.value, view: view(&live.view)? }))
            }
        }
    }

    pub(super) fn reshape(&mut self, x: &Tensor, shape: &[usize]) -> Outcome {
        let before = x.shape();
        if shape == before {
            return Ok(x.clone());
        }
        if checked_len(shape) != checked_len(&before) {
            return Err(format!("cannot make {before:?} {shape:?}"));
        }
        match x {
            Tensor::Constant(array) => Ok(Tensor::Constant(Array { shape: shape.to_vec(), ..array.clone() })),
            Tensor::Scaled(scaled) => {
                let Some(factors) = moved_axes(scaled, shape) else {
                    let live = self.live(x)?;
                    return self.reshape(&Tensor::Live(live), shape);
                };
                let constant = Array { shape: shape.to_vec(), ..scaled.constant.clone() };
                Ok(Tensor::Scaled(Scaled { constant, factors }))
            }
            Tensor::Class { name, .. } => Ok(Tensor::Class { name: name.clone(), shape: shape.to_vec() }),
            x => {
                let live = self.live(x)?;
                if let Some(view) = live.view.reshaped(shape) {
                    return Ok(Tensor::Live(Live { value: live.value, view }));
                }
                let value = self.emit.run(&live)?;
                Ok(Tensor::Live(Live::new(value, shape)))
            }
        }
    }

    pub(super) fn transpose(&mut self, x: &Tensor, order: &[usize]) -> Outcome {
        if let Tensor::Scaled(scaled) = x {
            let constant = scaled.constant.viewed(&View::of(&scaled.constant.shape).transposed(order)?)?;
            let place = |axis: usize| order.iter().position(|&from| from == axis).unwrap_or(axis);
            let factors = scaled.factors.iter().map(|&(axis, factor)| (place(axis), factor)).collect();
            return Ok(Tensor::Scaled(Scaled { constant, factors }));
        }
        self.viewed(x, |view| view.transposed(order))
    }

    /// Parts of axes: `(axis, start, step, count)`.
    pub(super) fn parts(&mut self, x: &Tensor, parts: &[(usize, usize, isize, usize)]) -> Outcome {
        let part = |view: &View| {
            Ok(parts
                .iter()
                .fold(view.clone(), |view, &(axis, start, step, count)| view.sliced(axis, start, step, count)))
        };
        match x {
            Tensor::Scaled(scaled)
                if parts.iter().all(|part| scaled.factors.iter().all(|(axis, _)| *axis != part.0)) =>
            {
                let constant = scaled.constant.viewed(&part(&View::of(&scaled.constant.shape))?)?;
                Ok(Tensor::Scaled(Scaled { constant, factors: scaled.factors.clone() }))
            }
            x => self.viewed(x, part),
        }
    }

    pub(super) fn slice(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let shape = x.shape();
        let given = |at: usize, key: &str| -> Result<Option<Vec<i64>>, String> {
            match inputs.get(at) {
                Some(Some(tensor)) => Ok(Some(whole(tensor)?.to_vec())),
                _ => Ok(node.integers(key)),
            }
        };
        let (starts, ends) = (given(1, "starts")?.ok_or("has no starts")?, given(2, "ends")?.ok_or("has no ends")?);
        let axes = given(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = given(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
        if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
            return Err("has starts, ends, axes and steps of unequal lengths".into());
        }
        let mut parts = Vec::new();
        for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
            let axis = axis_of(axis, shape.len())?;
            let length = shape[axis] as i64;
            let place =
                |at: i64, low: i64, high: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(low, high);
            let (start, count) = match step {
                1.. => {
                    let (start, end) = (place(start, 0, length), place(end, 0, length));
                    (start, (end - start).max(0).div_euclid(step) + i64::from((end - start).max(0) % step > 0))
                }
                0 => return Err("has a step of zero".into()),
                _ => {
                    let (start, end) = (place(start, 0, length - 1), place(end, -1, length - 1));
                    let (span, step) = ((start - end).max(0), step.checked_neg().ok_or("has a step that is too long")?);
                    (start, span / step + i64::from(span % step > 0))
                }
            };
            if count == 0 {
                return Err("takes nothing".into());
            }
            // Of a single one, no step leads to another.
            let step = if count == 1 { 1 } else { step as isize };
            parts.push((axis, start as usize, step, count as usize));
        }
        self.parts(x, &parts)
    }

    /// Takes elements of an axis by constant indices.
    pub(super) fn gather(&mut self, x: &Tensor, indices: &Tensor, axis: i64) -> Outcome {
        let shape = x.shape();
        let axis = axis_of(axis, shape.len())?;
        if let (Tensor::Constant(table), Tensor::Class { name, shape: of }) = (x, indices) {
            return self.row_of_class(table, axis, name, of);
        }
        let Tensor::Constant(array) = indices else { return Err("takes elements by indices that are computed".into()) };
        let length = shape[axis] as i64;
        let wrapped = |index: &i64| {
            let index = if *index < 0 { index + length } else { *index };
            usize::try_from(index).ok().filter(|&index| index < shape[axis])
        };
        let places: Vec<usize> =
            array.wholes().iter().map(wrapped).collect::<Option<_>>().ok_or("takes elements that are not there")?;
        let joined: Vec<usize> = [&shape[..axis], &array.shape, &shape[axis + 1..]].concat();
        let taken = match *places {
            [] => return Err("takes nothing".into()),
            [start] => self.parts(x, &[(axis, start, 1, 1)])?,
            [start, next, ..] if places.windows(2).all(|pair| pair[0] + next == pair[1] + start) && next != start => {
                self.parts(x, &[(axis, start, next as isize - start as isize, places.len())])?
            }
            _ => self.picked(x, axis, &places)?,
        };
        self.reshape(&taken, &joined)
    }

    /// Elements of an axis in any order.
    fn picked(&mut self, x: &Tensor, axis: usize, places: &[usize]) -> Outcome {
        let mut taken = x.shape();
        taken[axis] = places.len();
        if checked_len(&taken).is_none_or(|count| count > MOST) {
            return Err("takes too many elements".into());
        }
        let picked = |view: &View| {
            let mut first = view.clone();
            (first.shape[axis], first.strides[axis]) = (places.len(), 0);
            let run: usize = first.shape[axis + 1..].iter().product();
            let along = |at: usize| places[at / run % places.len()] as isize * view.strides[axis];
            let index = first.places().enumerate().map(|(at, place)| (place as isize + along(at)) as usize);
            index.collect::<Vec<_>>()
        };
        match x {
            Tensor::Constant(array) => Ok(Tensor::Constant(by_index(array, taken, &picked(&View::of(&array.shape))))),
            x => {
                let live = self.live(x)?;
                let index = picked(&live.view).into_iter().map(|place| place as u32).collect();
                let value = self.emit.add(Operator::Gather(Gather { index, shape: natural(&taken) }), &[live.value])?;
                Ok(Tensor::Live(Live::new(value, &taken)))
            }
        }
    }

    /// The row of a table that belongs to a class, as a product with a vector that is one at the class and zero elsewhere.
    fn row_of_class(&mut self, table: &Array, axis: usize, name: &str, of: &[usize]) -> Outcome {
        let &[classes, ref rest @ ..] = &*table.shape else { return Err("takes a class from one number".into()) };
        if axis != 0 || checked_len(of) != Some(1) {
            return Err("takes several classes at once".into());
        }
        let class = self.class(name, classes)?;
        let width: usize = rest.iter().product();
        let weight = table.viewed(&View::of(&[classes, width]).transposed(&[1, 0])?)?.reals().into();
        let dense = pulse_engine::Dense { weight, bias: None, out_features: width, in_features: classes };
        let value = self.emit.add(Operator::Dense(dense), &[class])?;
        Ok(Tensor::Live(Live::new(value, &[of, rest].concat())))
    }

    pub(super) fn concatenate(&mut self, parts: &[Tensor], axis: i64) -> Outcome {
        let first = parts.first().ok_or("joins nothing")?.shape();
        let axis = axis_of(axis, first.len())?;
        let mut shape = first.clone();
        shape[axis] = 0;
        for part in parts {
            let other = part.shape();
            if other.len() != first.len() || (0..first.len()).any(|at| at != axis && other[at] != first[at]) {
                return Err(format!("cannot join {first:?} and {other:?}"));
            }
            shape[axis] += other[axis];
        }
        if let Some(arrays) = constants(parts) {
            return Ok(Tensor::Constant(joined(&arrays, shape, axis)));
        }
        // The axis is brought to the front, and afterwards to where it was.
        let order: Vec<usize> = [axis].into_iter().chain((0..shape.len()).filter(|&at| at != axis)).collect();
        let front: Vec<usize> = order.iter().map(|&at| shape[at]).collect();
        let rest: Vec<usize> = front[1..].iter().copied().filter(|&length| length != 1).collect();
        let with = |length: usize| match *rest {
            [] => Shape::Vector(length),
            [width] => Shape::Rows { rows: length, width },
            [ref between @ .., width] => Shape::map(length, between.iter().product(), width),
        };
        let mut values = Vec::new();
        for part in parts {
            let live = self.live(part)?;
            let length = live.shape()[axis];
            let live = Live { value: live.value, view: live.view.transposed(&order)? };
            // A map keeps its height where it can.
            let own = self.emit.shape(live.value);
            let same =
                matches!(own, Shape::Map { channels, .. } if channels == length && live.view.is_plain(own.len()));
            values.push((live, if same { own } else { with(length) }));
        }
        let alike = |shape: Shape| match shape {
            Shape::Map { height, width, .. } => Some([height, width]),
            _ => None,
        };
        let one = alike(values[0].1).filter(|one| values.iter().all(|(_, shape)| alike(*shape) == Some(*one)));
        let mut shaped = Vec::new();
        for (live, own) in values {
            let length = live.shape()[0];
            let to = if one.is_some() { own } else { with(length) };
            shaped.push(self.emit.shaped(&live, to)?);
        }
        let value = self.emit.add(Operator::Concatenate, &shaped)?;
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
        Ok(Tensor::Live(Live { value, view: View::of(&front).transposed(&back)? }))
    }

    /// Borders `[before, after]` for each axis.
    pub(super) fn pad(&mut self, x: &Tensor, borders: &[[i64; 2]], mode: &str, number: f32) -> Outcome {
        let before = x.shape();
        let mut shape = Vec::new();
        for (&length, &[start, end]) in before.iter().zip(borders) {
            let padded = start.checked_add(end).and_then(|more| more.checked_add(length as i64));
            let padded =
                padded.and_then(|padded| usize::try_from(padded).ok()).filter(|padded| (1..1 << 24).contains(padded));
            shape.push(padded.ok_or("has borders that do not fit")?);
        }
        let places = Places { before: &before, borders, mode, shape: &shape }.find()?;
        let fill = |shift: bool| {
            places.iter().map(|place| f32::from(u8::from(place.is_none() == shift)) * number).collect::<Vec<_>>()
        };
        let x = match x {
            Tensor::Constant(array) => {
                let numbers = array.reals();
                let padded =
                    places.iter().map(|place| place.map_or(number, |place| numbers[place])).collect::<Vec<_>>();
                let padded = Array::real(shape, padded);
                let is_whole = matches!(array.numbers, Numbers::Whole(_));
                return Ok(Tensor::Constant(if is_whole {
                    Array::whole(padded.shape.clone(), padded.wholes())
                } else {
                    padded
                }));
            }
            x => self.live(x)?,
        };
        let is_zero = mode == "constant" && number == 0.0;
        if let (true, [outer @ .., vertical, horizontal]) = (is_zero && before.len() >= 3, borders)
            && outer.iter().all(|border| *border == [0, 0])
            && [*vertical, *horizontal].iter().flatten().all(|&border| border >= 0)
        {
            let [.., height, width] = before[..] else { return Err("has borders that do not fit".into()) };
            let map = Shape::map(before[..before.len() - 2].iter().product(), height, width);
            let map = self.emit.shaped(&x, map)?;
            let [vertical, horizontal] = [*vertical, *horizontal].map(|border| border.map(|border| border as usize));
            let value = self.emit.add(Operator::Pad { vertical, horizontal }, &[map])?;
            return Ok(Tensor::Live(Live::new(value, &shape)));
        }
        let run = self.emit.run(&x)?;
        let index = places.iter().map(|place| place.map_or(Gather::NOTHING, |place| place as u32)).collect();
        let mut value = self.emit.add(Operator::Gather(Gather { index, shape: natural(&shape) }), &[run])?;
        if mode == "constant" && number != 0.0 {
            value = self.emit.add(Operator::affine(vec![], fill(true)), &[value])?;
        }
        Ok(Tensor::Live(Live::new(value, &shape)))
    }

    /// Constant numbers with others in some constant places.
    pub(super) fn scatter(&mut self, base: &Tensor, places: &[usize], updates: &Tensor) -> Outcome {
        let Tensor::Constant(base) = base else { return Err("writes into numbers that are computed".into()) };
        let mut index = vec![Gather::NOTHING; base.len()];
        for (update, &place) in places.iter().enumerate() {
            *index.get_mut(place).ok_or("writes outside")? = update as u32;
        }
        let kept = base.reals();
        let kept: Vec<f32> =
            index.iter().zip(kept.iter()).map(|(&at, &x)| if at == Gather::NOTHING { x } else { 0.0 }).collect();
        if let Tensor::Constant(updates) = updates {
            let updates = updates.reals();
            let numbers = index.iter().zip(kept).map(|(&at, kept)| updates.get(at as usize).copied().unwrap_or(kept));
            return Ok(Tensor::Constant(Array::real(base.shape.clone(), numbers.collect::<Vec<_>>())));
        }
        let live = self.live(updates)?;
        let run = self.emit.run(&live)?;
        let mut value =
            self.emit.add(Operator::Gather(Gather { index: index.into(), shape: natural(&base.shape) }), &[run])?;
        value = self.emit.add(Operator::affine(vec![], kept), &[value])?;
        Ok(Tensor::Live(Live::new(value, &base.shape)))
    }
}

/// Where the axes of the factors of a scaled constant are in another shape.
fn moved_axes(scaled: &Scaled, shape: &[usize]) -> Option<Vec<(usize, pulse_engine::Value)>> {
    let (from, to) = (row_major(&scaled.constant.shape), row_major(shape));
    let moved = |&(axis, factor): &(usize, pulse_engine::Value)| {
        let length = scaled.constant.shape[axis];
        let place = (0..shape.len()).find(|&place| shape[place] == length && to[place] == from[axis])?;
        Some((place, factor))
    };
    scaled.factors.iter().map(moved).collect()
}

/// The whole numbers of a tensor that has to be known.
pub(super) fn whole(tensor: &Tensor) -> Result<std::sync::Arc<[i64]>, String> {
    match tensor {
        Tensor::Constant(array) => Ok(array.wholes()),
        _ => Err("has a shape or an index that is computed from the input".into()),
    }
}

fn constants(parts: &[Tensor]) -> Option<Vec<&Array>> {
    parts.iter().map(|part| if let Tensor::Constant(array) = part { Some(array) } else { None }).collect()
}

fn by_index(array: &Array, shape: Vec<usize>, index: &[usize]) -> Array {
    match &array.numbers {
        Numbers::Real(numbers) => Array::real(shape, index.iter().map(|&place| numbers[place]).collect::<Vec<_>>()),
        Numbers::Whole(numbers) => Array::whole(shape, index.iter().map(|&place| numbers[place]).collect::<Vec<_>>()),
    }
}

fn joined(arrays: &[&Array], shape: Vec<usize>, axis: usize) -> Array {
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    if arrays.iter().all(|array| matches!(array.numbers, Numbers::Whole(_))) {
        let parts: Vec<_> = arrays.iter().map(|array| (array.wholes(), array.shape[axis] * inner)).collect();
        let row = |at: usize| parts.iter().flat_map(move |(numbers, run)| numbers[at * run..][..*run].iter().copied());
        return Array::whole(shape, (0..outer).flat_map(row).collect::<Vec<_>>());
    }
    let parts: Vec<_> = arrays.iter().map(|array| (array.reals(), array.shape[axis] * inner)).collect();
    let row = |at: usize| parts.iter().flat_map(move |(numbers, run)| numbers[at * run..][..*run].iter().copied());
    Array::real(shape, (0..outer).flat_map(row).collect::<Vec<_>>())
}

/// Where the numbers of a padded array come from.
struct Places<'a> {
    before: &'a [usize],
    borders: &'a [[i64; 2]],
    mode: &'a str,
    shape: &'a [usize],
}

impl Places<'_> {
    /// For each number of the result its place in the argument; nothing in a border of a constant.
    fn find(&self) -> Result<Vec<Option<usize>>, String> {
        if checked_len(self.shape).is_none_or(|count| count > MOST) {
            return Err(format!("makes more than {MOST} numbers by padding"));
        }
        let along: Vec<Vec<Option<usize>>> =
            (0..self.shape.len()).map(|axis| self.along(axis)).collect::<Result<_, _>>()?;
        let strides = row_major(self.before);
        let place = |at: usize| {
            let mut left = at;
            let mut place = Some(0);
            for axis in (0..self.shape.len()).rev() {
                let from = along[axis][left % self.shape[axis]];
                left /= self.shape[axis];
                place = place.zip(from).map(|(place, from)| place + from * strides[axis] as usize);
            }
            place
        };
        Ok((0..self.shape.iter().product()).map(place).collect())
    }

    fn along(&self, axis: usize) -> Result<Vec<Option<usize>>, String> {
        let length = self.before[axis] as i64;
        let from = |at: usize| {
            let at = at as i64 - self.borders[axis][0];
            let at = match self.mode {
                "constant" => return Ok(usize::try_from(at).ok().filter(|_| at < length)),
                "edge" => at.clamp(0, length - 1),
                "reflect" if length == 1 => 0,
                "reflect" => {
                    let folded = at.rem_euclid(2 * (length - 1));
                    folded.min(2 * (length - 1) - folded)
                }
                "wrap" => at.rem_euclid(length),
                other => return Err(format!("pads in the mode `{}`", other.escape_debug())),
            };
            Ok(usize::try_from(at).ok())
        };
        (0..self.shape[axis]).map(from).collect()
    }
}
