//! Products of matrices, and attention.

use pulse_engine::{Convolution, Dense, Operator, Shape, Weights};

use super::arithmetic::{Binary, channel_stride};
use super::array::{Array, MOST, broadcast};
use super::graph::Node;
use super::lower::{Lower, Outcome};
use super::tensor::{Live, Looks, Tensor};
use super::view::View;

impl Lower<'_> {
    /// `α a b + β c`.
    pub(super) fn general(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let [Some(a), Some(b)] = [inputs.first().cloned().flatten(), inputs.get(1).cloned().flatten()] else {
            return Err("lacks an argument".into());
        };
        let turned = |lower: &mut Self, tensor: Tensor, key: &str| {
            if node.integer(key, 0) != 0 { lower.transpose(&tensor, &[1, 0]) } else { Ok(tensor) }
        };
        let (a, b) = (turned(self, a, "transA")?, turned(self, b, "transB")?);
        let mut y = self.product(&a, &b)?;
        if node.float("alpha", 1.0) != 1.0 {
            y = self.scale(&y, node.float("alpha", 1.0) as f32)?;
        }
        let Some(Some(c)) = inputs.get(2) else { return Ok(y) };
        let c = if node.float("beta", 1.0) == 1.0 { c.clone() } else { self.scale_any(c, node.float("beta", 1.0))? };
        self.binary(Binary::Add, &y, &c)
    }

    fn scale_any(&mut self, tensor: &Tensor, factor: f64) -> Outcome {
        match tensor {
            Tensor::Constant(array) => Ok(Tensor::Constant(array.map(|number| number * factor))),
            tensor => self.scale(tensor, factor as f32),
        }
    }

    /// The product of two arrays of matrices.
    pub(super) fn product(&mut self, a: &Tensor, b: &Tensor) -> Outcome {
        let (mut left, mut right) = (a.shape(), b.shape());
        // A vector is a row, or a column, for as long as it is multiplied.
        let (row, column) = (left.len() == 1, right.len() == 1);
        if row {
            left.insert(0, 1);
        }
        if column {
            right.push(1);
        }
        let (a, b) = (self.reshape(a, &left)?, self.reshape(b, &right)?);
        let ([.., m, inner], [.., rows, n]) = (&left[..], &right[..]) else { return Err("multiplies a number".into()) };
        if inner != rows {
            return Err(format!("cannot multiply {left:?} by {right:?}"));
        }
        let (m, n) = (*m, *n);
        let batch = broadcast(&left[..left.len() - 2], &right[..right.len() - 2])?;
        let y = match (&a, &b) {
            (Tensor::Constant(a), Tensor::Constant(b)) => Tensor::Constant(constant_product(a, b, &batch)?),
            (a, Tensor::Constant(weight)) if right.len() == 2 => self.times_constant(a, weight)?,
            (Tensor::Looks(looks), b) if looks.weights => self.attention(looks, b)?,
            (Tensor::Live(query), Tensor::Live(key)) if left[..left.len() - 2] == right[..right.len() - 2] => {
                Tensor::Looks(Box::new(Looks { query: query.clone(), key: key.clone(), scale: 1.0, weights: false }))
            }
            (a, b) => {
                let (a, b) = (self.live(a)?, self.live(b)?);
                self.matrices(&a, &b, &batch)?
            }
        };
        let mut shape = batch;
        shape.extend((!row).then_some(m));
        shape.extend((!column).then_some(n));
        self.reshape(&y, &shape)
    }

    /// `x W` for a constant matrix `[K, N]`.
    fn times_constant(&mut self, x: &Tensor, weight: &Array) -> Outcome {
        let &[inner, outer] = &*weight.shape else { return Err("multiplies by no matrix".into()) };
        let mut live = self.live(x)?;
        let last = live.shape().len() - 1;
        let turned: Weights = weight.viewed(&View::of(&weight.shape).transposed(&[1, 0])?)?.reals().into();
        let mut shape = live.shape().to_vec();
        shape[last] = outer;
        let map = self.emit.shape(live.value);
        let pixels = channel_stride(map) as usize;
        if matches!(map, Shape::Map { channels, .. } if channels == inner)
            && live.view.strides[last] == pixels as isize
            && pixels > 1
            && live.view.is_whole(map.len())
        {
            // Pixels are the rows, and channels the columns: a convolution of one pixel, where nothing has to be moved.
            let convolution = Convolution {
                weight: turned,
                bias: None,
                out_channels: outer,
                in_channels: inner,
                kernel: [1, 1],
                stride: 1,
                padding: 0,
            };
            live.value = self.emit.add(Operator::Convolution(convolution), &[live.value])?;
            live.view.shape[last] = outer;
            return Ok(Tensor::Live(live));
        }
        let rows = live.view.len() / inner;
        let argument = if rows == 1 { Shape::Vector(inner) } else { Shape::Rows { rows, width: inner } };
        let value = self.emit.shaped(&live, argument)?;
        let dense = Dense { weight: turned, bias: None, out_features: outer, in_features: inner };
        let value = self.emit.add(Operator::Dense(dense), &[value])?;
        Ok(Tensor::Live(Live::new(value, &shape)))
    }

    /// Products of matrices that are both computed.
    pub(super) fn matrices(&mut self, a: &Live, b: &Live, batch: &[usize]) -> Outcome {
        let size = |live: &Live| {
            let rank = live.shape().len();
            [live.shape()[rank - 2], live.shape()[rank - 1]]
        };
        let ([m, inner], [_, n]) = (size(a), size(b));
        let channels = batch.iter().product();
        let mut map = |live: &Live, size: [usize; 2]| {
            let shape = [batch, &size].concat();
            let live = Live { value: live.value, view: live.view.expanded(&shape)? };
            self.emit.shaped(&live, Shape::map(channels, size[0], size[1]))
        };
        let (a, b) = (map(a, [m, inner])?, map(b, [inner, n])?);
        let value = self.emit.add(Operator::MatrixProduct, &[a, b])?;
        Ok(Tensor::Live(Live::new(value, &[batch, &[m, n]].concat())))
    }

    /// Weights of a softmax times values: attention, where queries, keys and values are alike.
    fn attention(&mut self, looks: &Looks, values: &Tensor) -> Outcome {
        let values = self.live(values)?;
        let (query, key) = (&looks.query, &looks.key);
        let rank = query.shape().len();
        let turned: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
        let back = |live: &Live| Ok::<_, String>(Live { value: live.value, view: live.view.transposed(&turned)? });
        let of = key.shape().to_vec();
        let (query, values) = (back(query)?, back(&values)?);
        if query.shape() != of || values.shape() != of {
            let weights = self.looked(looks)?;
            let (batch, values) = (of[..rank - 2].to_vec(), back(&values)?);
            return self.matrices(&weights, &values, &batch);
        }
        let (width, pixels) = (of[rank - 2], of[rank - 1]);
        let heads: usize = of[..rank - 2].iter().product();
        let own = self.emit.shape(key.value);
        let plain = |live: &Live| live.view.is_plain(own.len());
        let is_map = matches!(own, Shape::Map { channels, .. } if channels == heads * width);
        let map = if is_map && plain(key) { own } else { Shape::map(heads * width, 1, pixels) };
        let [query, key, values] = [&query, key, &values].map(|live| self.emit.shaped(live, map));
        let factor = looks.scale * (width as f64).sqrt();
        let query = self.emit.add(Operator::affine(vec![nearly_one(factor)], vec![]), &[query?])?;
        let value = self.emit.add(Operator::Attention { heads }, &[query, key?, values?])?;
        Ok(Tensor::Live(Live { value, view: View::of(&of).transposed(&turned)? }))
    }

    /// Attention as one operator: queries, keys and values `[batch, heads, N, d]`, or `[batch, N, heads · d]`.
    pub(super) fn attention_of(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let [Some(query), Some(key), Some(value), rest @ ..] = inputs else { return Err("lacks an argument".into()) };
        if rest.iter().any(Option::is_some) || node.integer("is_causal", 0) != 0 || node.float("softcap", 0.0) != 0.0 {
            return Err("has a mask, a cache or a cap".into());
        }
        let flat = query.shape().len() == 3;
        let apart = |lower: &mut Self, x: &Tensor, count: &str| match *x.shape() {
            [batch, rows, width] => {
                let heads = usize::try_from(node.integer(count, 0))
                    .ok()
                    .filter(|&heads| heads > 0 && width.is_multiple_of(heads));
                let heads = heads.ok_or("has heads that do not divide its width")?;
                let apart = lower.reshape(x, &[batch, rows, heads, width / heads])?;
                lower.transpose(&apart, &[0, 2, 1, 3])
            }
            [_, _, _, _] => Ok(x.clone()),
            ref other => Err(format!("looks at {other:?}")),
        };
        let query = apart(self, query, "q_num_heads")?;
        let (key, value) = (apart(self, key, "kv_num_heads")?, apart(self, value, "kv_num_heads")?);
        if query.shape()[1] != key.shape()[1] {
            return Err("has fewer heads for keys than for queries".into());
        }
        let width = query.shape()[3];
        let scale = node.float("scale", (width as f64).sqrt().recip());
        let key = self.transpose(&key, &[0, 1, 3, 2])?;
        let looks = Looks { query: self.live(&query)?, key: self.live(&key)?, scale, weights: true };
        let mixed = self.attention(&looks, &value)?;
        if !flat {
            return Ok(mixed);
        }
        let shape = mixed.shape();
        let turned = self.transpose(&mixed, &[0, 2, 1, 3])?;
        self.reshape(&turned, &[shape[0], shape[2], shape[1] * shape[3]])
    }

    /// How much queries look at keys, computed.
    pub(super) fn looked(&mut self, looks: &Looks) -> Result<Live, String> {
        let rank = looks.query.shape().len();
        let batch = looks.query.shape()[..rank - 2].to_vec();
        let mut products = self.matrices(&looks.query, &looks.key, &batch)?;
        if looks.scale != 1.0 {
            products = self.scale(&products, looks.scale as f32)?;
        }
        if looks.weights {
            products = self.softmax_of(&products, 1)?;
        }
        self.live(&products)
    }
}

/// A factor that roundings alone keep from one is one.
fn nearly_one(factor: f64) -> f32 {
    if (factor - 1.0).abs() < 1e-6 { 1.0 } else { factor as f32 }
}

fn constant_product(a: &Array, b: &Array, batch: &[usize]) -> Result<Array, String> {
    let size = |array: &Array| [array.shape[array.shape.len() - 2], array.shape[array.shape.len() - 1]];
    let ([m, inner], [_, n]) = (size(a), size(b));
    let a = a.viewed(&View::of(&a.shape).expanded(&[batch, &[m, inner]].concat())?)?.reals();
    let b = b.viewed(&View::of(&b.shape).expanded(&[batch, &[inner, n]].concat())?)?.reals();
    let count: usize = batch.iter().product();
    let made = count.saturating_mul(m).saturating_mul(n);
    if made > MOST || made.saturating_mul(inner) > 1 << 30 {
        return Err("multiplies constants that are too large".into());
    }
    let mut product = vec![0.0; count * m * n];
    for (place, sum) in product.iter_mut().enumerate() {
        let (row, j) = (place / n, place % n);
        let matrix = row / m;
        let term = |k: usize| f64::from(a[row * inner + k]) * f64::from(b[(matrix * inner + k) * n + j]);
        *sum = (0..inner).map(term).sum::<f64>() as f32;
    }
    Ok(Array::real([batch, &[m, n]].concat(), product))
}
