//! Pictures of another size, and pools.

use std::sync::Arc;

use pulse_engine::{DepthwiseConvolution, Fir, FirTaps, Operator, SeparableMap, Shape, SparseMatrix};

use super::array::Array;
use super::graph::Node;
use super::lower::{Lower, Outcome};
use super::structure::whole;
use super::tensor::{Live, Tensor};

/// How one axis is resized.
struct Axis<'a> {
    from: usize,
    to: usize,
    scale: f64,
    mode: &'a str,
    coordinates: &'a str,
    nearest: &'a str,
    cubic: f64,
    outside: bool,
}

impl Axis<'_> {
    /// Where in the argument a pixel of the result lies.
    fn place(&self, at: usize) -> Result<f64, String> {
        let (at, from, to) = (at as f64, self.from as f64, self.to as f64);
        Ok(match self.coordinates {
            "asymmetric" => at / self.scale,
            "pytorch_half_pixel" | "align_corners" if self.to == 1 => 0.0,
            "half_pixel" | "pytorch_half_pixel" => (at + 0.5) / self.scale - 0.5,
            "half_pixel_symmetric" => {
                let adjusted = to / (self.scale * from);
                (from / 2.0) * (1.0 - adjusted) + (at + 0.5) / self.scale - 0.5
            }
            "align_corners" => at * (from - 1.0) / (to - 1.0),
            other => return Err(format!("places pixels by `{}`", other.escape_debug())),
        })
    }

    /// The pixels that one of the result is made of.
    fn row(&self, at: usize) -> Result<Vec<(usize, f64)>, String> {
        let place = self.place(at)?;
        let last = self.from as f64 - 1.0;
        let within = |place: f64| place.clamp(0.0, last) as usize;
        if self.mode == "nearest" {
            let place = match self.nearest {
                "floor" => place.floor(),
                "ceil" => place.ceil(),
                "round_prefer_ceil" => (place + 0.5).floor(),
                "round_prefer_floor" => (place - 0.5).ceil(),
                other => return Err(format!("rounds by `{}`", other.escape_debug())),
            };
            return Ok(vec![(within(place), 1.0)]);
        }
        let low = place.floor();
        let t = place - low;
        let terms: Vec<(f64, f64)> = match self.mode {
            "linear" => vec![(low, 1.0 - t), (low + 1.0, t)],
            "cubic" => (-1..=2).map(|k| (low + f64::from(k), keys(f64::from(k) - t, self.cubic))).collect(),
            other => return Err(format!("resizes by `{}`", other.escape_debug())),
        };
        let inside = |place: f64| (0.0..=last).contains(&place);
        let kept: Vec<_> = terms.into_iter().filter(|(place, _)| !self.outside || inside(*place)).collect();
        let sum: f64 = if self.outside { kept.iter().map(|(_, weight)| weight).sum() } else { 1.0 };
        Ok(kept.into_iter().map(|(place, weight)| (within(place), weight / sum)).collect())
    }

    fn matrix(&self) -> Result<Arc<SparseMatrix>, String> {
        let rows = (0..self.to).map(|at| self.row(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(SparseMatrix::from_rows(self.from, rows)))
    }
}

/// The cubic of Keys (1981) with this slope at 1.
fn keys(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

impl Lower<'_> {
    pub(super) fn resize(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let shape = x.shape();
        let old = node.operator == "Upsample" || self.opset < 11;
        let given = |at: usize| match inputs.get(at) {
            Some(Some(Tensor::Constant(array))) if array.len() > 0 => Some(array.clone()),
            _ => None,
        };
        let (scales, sizes) = if old { (given(1), None) } else { (given(2), given(3)) };
        let axes: Vec<usize> = match node.integers("axes") {
            Some(axes) => {
                axes.into_iter().map(|axis| super::lengths::axis_of(axis, shape.len())).collect::<Result<_, _>>()?
            }
            None => (0..shape.len()).collect(),
        };
        let mut factors: Vec<f64> = vec![1.0; shape.len()];
        let mut target = shape.clone();
        let listed = scales
            .as_ref()
            .map(|scales| scales.reals().to_vec())
            .or_else(|| Some(node.floats("scales")?.into_iter().map(|scale| scale as f32).collect()));
        match (listed, sizes) {
            (Some(scales), None) if scales.len() == axes.len() => {
                for (&axis, &scale) in axes.iter().zip(&scales) {
                    factors[axis] = f64::from(scale);
                    target[axis] = (shape[axis] as f64 * f64::from(scale)).floor() as usize;
                }
            }
            (_, Some(sizes)) if sizes.len() == axes.len() => {
                if !matches!(node.text("keep_aspect_ratio_policy", "stretch"), "stretch") {
                    return Err("keeps the aspect ratio by a policy".into());
                }
                for (&axis, &size) in axes.iter().zip(sizes.wholes().iter()) {
                    target[axis] = usize::try_from(size).map_err(|_| "has a size below zero")?;
                    factors[axis] = target[axis] as f64 / shape[axis] as f64;
                }
            }
            _ => return Err("has neither scales nor sizes that are known".into()),
        }
        if target.iter().any(|length| !(1..1 << 20).contains(length)) {
            return Err(format!("makes {target:?} of {shape:?}"));
        }
        let [outer @ .., height, width] = &shape[..] else { return Err(format!("resizes {shape:?}")) };
        let rank = shape.len();
        if target[..rank - 2] != *outer {
            return Err("resizes other axes than the two of pictures".into());
        }
        let channels = outer.iter().product();
        let shrinks = target.iter().zip(&shape).any(|(to, from)| to < from);
        if node.integer("antialias", 0) != 0 && shrinks {
            return Err("shrinks with a filter of its own (antialias)".into());
        }
        let live = self.live(x)?;
        let map = self.emit.shaped(&live, Shape::map(channels, *height, *width))?;
        let mode = node.text("mode", "nearest");
        let axis = |at: usize| Axis {
            from: shape[at],
            to: target[at],
            scale: factors[at],
            mode,
            coordinates: node.text("coordinate_transformation_mode", if old { "asymmetric" } else { "half_pixel" }),
            nearest: node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" }),
            cubic: node.float("cubic_coeff_a", -0.75),
            outside: node.integer("exclude_outside", 0) != 0,
        };
        let (vertical, horizontal) = (axis(rank - 2).matrix()?, axis(rank - 1).matrix()?);
        self.stages.push(map);
        let operator = if repeats(&vertical) && repeats(&horizontal) {
            let taps = || vec![1.0; 2].into();
            let taps = FirTaps::Separable { vertical: taps(), horizontal: taps() };
            Operator::Fir(Fir { taps, up: 2, down: 1, padding_y: [1, 0], padding_x: [1, 0] })
        } else {
            Operator::SeparableMap(SeparableMap { vertical, horizontal })
        };
        let value = self.emit.add(operator, &[map])?;
        Ok(Tensor::Live(Live::new(value, &target)))
    }

    /// Averages or largest numbers of windows.
    pub(super) fn pool(&mut self, node: &Node<'_>, x: &Tensor, largest: bool) -> Outcome {
        let &[batch, channels, height, width] = &x.shape()[..] else { return Err("pools no map of two axes".into()) };
        let two = |key: &str, absent: usize| -> Result<[usize; 2], String> {
            match node.integers(key).as_deref() {
                None => Ok([absent; 2]),
                Some(&[a, b]) if (1..1 << 16).contains(&a) && (1..1 << 16).contains(&b) => Ok([a as usize, b as usize]),
                Some(_) => Err(format!("has {key} that do not fit")),
            }
        };
        let (kernel, stride, dilation) = (two("kernel_shape", 1)?, two("strides", 1)?, two("dilations", 1)?);
        let padded = node.integers("pads").is_some_and(|pads| pads.iter().any(|&pad| pad != 0));
        let auto = !matches!(node.text("auto_pad", "NOTSET"), "NOTSET" | "VALID" | "");
        if padded || auto || dilation != [1, 1] || node.integer("ceil_mode", 0) != 0 || stride[0] != stride[1] {
            return Err("pools windows with borders, gaps or different steps".into());
        }
        let live = self.live(x)?;
        let channels = batch * channels;
        let map = self.emit.shaped(&live, Shape::map(channels, height, width))?;
        let operator = if largest {
            if kernel != stride {
                return Err("takes the largest of windows that overlap".into());
            }
            Operator::MaxPool { window: kernel[0] }
        } else {
            let count = kernel[0] * kernel[1];
            let weight = vec![(count as f32).recip(); channels * count].into();
            Operator::DepthwiseConvolution(DepthwiseConvolution {
                weight,
                bias: None,
                kernel,
                stride: stride[0],
                padding: [0; 2],
            })
        };
        let value = self.emit.add(operator, &[map])?;
        let Shape::Map { height, width, .. } = self.emit.shape(value) else { return Err("makes no map".into()) };
        Ok(Tensor::Live(Live::new(value, &[batch, channels / batch, height, width])))
    }

    /// Channels laid out as pixels, or the other way round.
    pub(super) fn depth_to_space(&mut self, node: &Node<'_>, x: &Tensor, back: bool) -> Outcome {
        let &[batch, channels, height, width] = &x.shape()[..] else {
            return Err("rearranges no map of two axes".into());
        };
        let block = usize::try_from(node.integer("blocksize", 0)).ok().filter(|block| (1..1 << 10).contains(block));
        let block = block.ok_or("has no block size")?;
        if back {
            if !height.is_multiple_of(block) || !width.is_multiple_of(block) {
                return Err(format!("cuts {height}x{width} into blocks of {block}"));
            }
            let (rows, columns) = (height / block, width / block);
            let apart = self.reshape(x, &[batch, channels, rows, block, columns, block])?;
            let turned = self.transpose(&apart, &[0, 3, 5, 1, 2, 4])?;
            return self.reshape(&turned, &[batch, channels * block * block, rows, columns]);
        }
        if !channels.is_multiple_of(block * block) {
            return Err(format!("cuts {channels} channels into blocks of {block}"));
        }
        let fewer = channels / (block * block);
        let (apart, order) = match node.text("mode", "DCR") {
            "CRD" => ([batch, fewer, block, block, height, width], [0, 1, 4, 2, 5, 3]),
            _ => ([batch, block, block, fewer, height, width], [0, 3, 4, 1, 5, 2]),
        };
        let apart = self.reshape(x, &apart)?;
        let turned = self.transpose(&apart, &order)?;
        self.reshape(&turned, &[batch, fewer, height * block, width * block])
    }

    /// `(1 − w) a + w b` with a constant mask of ones and zeros: what `Where` gives.
    pub(super) fn chosen(&mut self, condition: &Tensor, a: &Tensor, b: &Tensor) -> Outcome {
        let Tensor::Constant(mask) = condition else { return Err("chooses by what is computed".into()) };
        let mask = Array::real(
            mask.shape.clone(),
            mask.reals().iter().map(|&x| f32::from(u8::from(x != 0.0))).collect::<Vec<_>>(),
        );
        if let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) {
            // Without products, in which an infinity that is not chosen would be heard.
            let of = |mask: f64, number: f64| if mask == 0.0 { 0.0 } else { number };
            let (a, rest) = (mask.zip(a, of)?, mask.map(|x| 1.0 - x));
            return Ok(Tensor::Constant(a.zip(&rest.zip(b, of)?, |a, b| a + b)?));
        }
        match mask.uniform() {
            Some(1.0) => return Ok(a.clone()),
            Some(_) => return Ok(b.clone()),
            None => {}
        }
        let rest = Tensor::Constant(mask.map(|x| 1.0 - x));
        let a = self.binary(super::arithmetic::Binary::Multiply, a, &Tensor::Constant(mask))?;
        let b = self.binary(super::arithmetic::Binary::Multiply, b, &rest)?;
        self.binary(super::arithmetic::Binary::Add, &a, &b)
    }

    pub(super) fn repeat(&mut self, x: &Tensor, times: &Tensor) -> Outcome {
        let (shape, times) = (x.shape(), whole(times)?);
        if times.len() != shape.len() {
            return Err("repeats other axes than there are".into());
        }
        let times = times.iter().map(|&n| usize::try_from(n).ok().filter(|n| (1..1 << 20).contains(n)));
        let times: Vec<usize> = times.collect::<Option<_>>().ok_or("repeats by what is no number")?;
        let apart: Vec<usize> = shape.iter().flat_map(|&length| [1, length]).collect();
        let wide: Vec<usize> = shape.iter().zip(&times).flat_map(|(&length, &n)| [n, length]).collect();
        let whole: Vec<usize> = shape.iter().zip(&times).map(|(&length, &n)| length * n).collect();
        let apart = self.reshape(x, &apart)?;
        let repeated = self.viewed(&apart, |view| view.expanded(&wide))?;
        self.reshape(&repeated, &whole)
    }
}

/// Whether a matrix makes every number two.
fn repeats(matrix: &SparseMatrix) -> bool {
    matrix.rows() == 2 * matrix.columns() && (0..matrix.rows()).all(|row| matrix.row(row).eq([(row / 2, 1.0)]))
}
