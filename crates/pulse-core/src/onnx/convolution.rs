//! Convolutions: plain, transposed, in groups, by filters, with weights that are scaled by styles.

use pulse_engine::{Convolution, DepthwiseConvolution, Fir, FirTaps, Gather, Operator, Shape, Value, Weights};

use super::array::Array;
use super::graph::Node;
use super::lower::{Lower, Outcome};
use super::tensor::{Live, Scaled, Tensor};
use super::view::View;

/// What a convolution's attributes say, for two axes.
struct Sliding {
    stride: [usize; 2],
    /// `[before, after]` of each axis.
    padding: [[usize; 2]; 2],
    dilation: [usize; 2],
    groups: usize,
}

impl Sliding {
    fn read(node: &Node<'_>, kernel: [usize; 2], size: [usize; 2], axes: usize) -> Result<Self, String> {
        let numbers = |key: &str, absent: i64| -> Result<Vec<usize>, String> {
            let given = node.integers(key).unwrap_or_else(|| vec![absent; axes]);
            let number = |n: i64| usize::try_from(n).ok().filter(|n| *n < 1 << 20);
            given.into_iter().map(|n| number(n).ok_or_else(|| format!("has {key} that are no sizes"))).collect()
        };
        let two = |given: Vec<usize>, absent: usize| match *given {
            [width] if axes == 1 => Ok([absent, width]),
            [height, width] if axes == 2 => Ok([height, width]),
            _ => Err(format!("works on {} axes", given.len())),
        };
        let (stride, dilation) = (two(numbers("strides", 1)?, 1)?, two(numbers("dilations", 1)?, 1)?);
        if stride.contains(&0) || dilation.contains(&0) {
            return Err("has a stride or a dilation of zero".into());
        }
        let pads = if node.has("pads") { numbers("pads", 0)? } else { vec![0; 2 * axes] };
        let mut padding = match *pads {
            [left, right] if axes == 1 => [[0, 0], [left, right]],
            [top, left, bottom, right] if axes == 2 => [[top, bottom], [left, right]],
            _ => return Err(format!("has {} borders", pads.len())),
        };
        match node.text("auto_pad", "NOTSET") {
            "NOTSET" | "" => {}
            "VALID" => padding = [[0; 2]; 2],
            same @ ("SAME_UPPER" | "SAME_LOWER") => {
                for axis in 2 - axes..2 {
                    let reach = (kernel[axis] - 1) * dilation[axis] + 1;
                    let whole =
                        ((size[axis].div_ceil(stride[axis]) - 1) * stride[axis] + reach).saturating_sub(size[axis]);
                    padding[axis] = [whole / 2, whole - whole / 2];
                    if same == "SAME_LOWER" {
                        padding[axis].reverse();
                    }
                }
            }
            other => return Err(format!("has the padding {}", other.escape_debug())),
        }
        let groups =
            usize::try_from(node.integer("group", 1)).ok().filter(|&groups| groups > 0).ok_or("has no groups")?;
        Ok(Self { stride, padding, dilation, groups })
    }
}

/// `[batch, channels, height, width]`, with a height of 1 where there is one axis.
fn four(shape: &[usize]) -> Result<[usize; 4], String> {
    match *shape {
        [batch, channels, width] => Ok([batch, channels, 1, width]),
        [batch, channels, height, width] => Ok([batch, channels, height, width]),
        _ => Err(format!("works on {shape:?}, and only maps of one or two axes are known")),
    }
}

/// Pixels that a transposed convolution makes beyond its last.
fn after_the_end(node: &Node<'_>, axes: usize) -> Result<[usize; 2], String> {
    if node.has("output_shape") {
        return Err("says the size of its result".into());
    }
    let more = node.integers("output_padding").unwrap_or_else(|| vec![0; axes]);
    let more = more.into_iter().map(|n| usize::try_from(n).ok().filter(|n| *n < 64)).collect::<Option<Vec<_>>>();
    match more.as_deref() {
        Some(&[width]) => Ok([0, width]),
        Some(&[height, width]) => Ok([height, width]),
        _ => Err("has an output padding that is no size".into()),
    }
}

/// Taps with zeros between them, and `more` zeros at the end of each axis.
fn spread(
    weight: &Array,
    kernel: [usize; 2],
    dilation: [usize; 2],
    more: [usize; 2],
) -> Result<(Weights, [usize; 2]), String> {
    let size = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] + 1 + more[axis]);
    if size == kernel {
        return Ok((weight.reals().into(), size));
    }
    let taps = weight.reals();
    let pairs = taps.len() / (kernel[0] * kernel[1]);
    let count =
        pairs.checked_mul(size[0] * size[1]).filter(|&count| count < 1 << 26).ok_or("has taps too far apart")?;
    let mut wide = vec![0.0; count];
    for pair in 0..pairs {
        for k in 0..kernel[0] {
            for l in 0..kernel[1] {
                wide[(pair * size[0] + k * dilation[0]) * size[1] + l * dilation[1]] =
                    taps[(pair * kernel[0] + k) * kernel[1] + l];
            }
        }
    }
    Ok((wide.into(), size))
}

impl Lower<'_> {
    pub(super) fn convolution(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>], transposed: bool) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let (constant, factors) = match inputs.get(1) {
            Some(Some(Tensor::Constant(weight))) => (weight.clone(), vec![]),
            Some(Some(Tensor::Scaled(Scaled { constant, factors }))) => (constant.clone(), factors.clone()),
            _ => return Err("has weights that are computed, and not as constants scaled by styles".into()),
        };
        let bias = match inputs.get(2) {
            Some(Some(Tensor::Constant(bias))) => Some(bias.reals()),
            Some(Some(_)) => return Err("has a bias that is computed".into()),
            _ => None,
        };
        let ([batch, channels, height, width], [a, b, kh, kw]) = (four(&x.shape())?, four(&constant.shape)?);
        if [kh, kw, a, b].contains(&0) || constant.len() != a * b * kh * kw {
            return Err("has an empty kernel".into());
        }
        let axes = x.shape().len() - 2;
        let sliding = Sliding::read(node, [kh, kw], [height, width], axes)?;
        let one = sliding.groups == 1;
        // Which axis of the weights has the channels that come in, and which those that go out.
        let (into, out) = if transposed { (0, 1) } else { (1, 0) };
        let mut maps = self.live(x)?;
        let mut after = None;
        for (axis, factor) in factors {
            match axis {
                axis if axis == into && one => {
                    let map = self.emit.shaped(&maps, Shape::map(channels, height, width))?;
                    maps = Live::new(self.emit.add(Operator::Modulate, &[map, factor])?, &x.shape());
                }
                axis if axis == out && one => after = Some(factor),
                _ => return Err("has weights that are scaled along their kernels, or in groups".into()),
            }
        }
        if (transposed && channels != a) || (!transposed && channels != b * sliding.groups) || batch == 0 {
            return Err(format!("has {channels} channels for weights of {:?}", constant.shape));
        }
        let is_same = matches!(node.text("auto_pad", "NOTSET"), "SAME_UPPER" | "SAME_LOWER");
        if transposed && is_same {
            return Err("says its borders by the size of its result".into());
        }
        let more = if transposed { after_the_end(node, axes)? } else { [0; 2] };
        let (weight, kernel) = spread(&constant, [kh, kw], sliding.dilation, more)?;
        let weight =
            Kernel { weight, channels: [a, b], size: kernel, bias: if after.is_some() { None } else { bias.clone() } };
        let mut values = Vec::new();
        for row in 0..batch {
            let row = Live { value: maps.value, view: maps.view.sliced(0, row, 1, 1) };
            let map = if batch == 1 || !(channels == 1 && a == 1 && b == 1) {
                self.emit.shaped(&row, Shape::map(channels, height, width))?
            } else {
                // Every row of the batch is a channel with the same filter.
                let map = self.emit.shaped(&maps, Shape::map(batch, height, width))?;
                let value = self.filtered(map, &weight, &sliding, transposed)?;
                let Shape::Map { height, width, .. } = self.emit.shape(value) else {
                    return Err("makes no map".into());
                };
                let shape = if axes == 1 { vec![batch, 1, width] } else { vec![batch, 1, height, width] };
                return Ok(Tensor::Live(Live::new(value, &shape)));
            };
            values.push(if transposed {
                self.transposed(map, &weight, &sliding)?
            } else {
                self.convolved(map, &weight, &sliding)?
            });
        }
        let mut value = if values.len() == 1 { values[0] } else { self.emit.add(Operator::Concatenate, &values)? };
        if let Some(factor) = after {
            value = self.emit.add(Operator::Modulate, &[value, factor])?;
            if let Some(bias) = bias {
                value = self.emit.add(Operator::affine(vec![], Weights::from(bias)), &[value])?;
            }
        }
        let Shape::Map { channels, height, width } = self.emit.shape(value) else { return Err("makes no map".into()) };
        let channels = channels / batch;
        let shape = if axes == 1 { vec![batch, channels, width] } else { vec![batch, channels, height, width] };
        Ok(Tensor::Live(Live::new(value, &shape)))
    }

    /// A filter that every channel has alone, the same for all.
    fn filtered(&mut self, map: Value, weight: &Kernel, sliding: &Sliding, transposed: bool) -> Result<Value, String> {
        if transposed || sliding.stride[0] != sliding.stride[1] {
            return Err("filters a batch in a way that is not known".into());
        }
        let [vertical, horizontal] = sliding.padding.map(|padding| padding.map(|pixels| pixels as isize));
        let fir = Fir {
            taps: separated(&weight.weight, weight.size),
            up: 1,
            down: sliding.stride[0],
            padding_y: vertical,
            padding_x: horizontal,
        };
        let (fir, map) = self.stuffed(fir, map);
        let value = self.emit.add(Operator::Fir(fir), &[map])?;
        match &weight.bias {
            Some(bias) => self.emit.add(Operator::affine(vec![], vec![bias[0]]), &[value]),
            None => Ok(value),
        }
    }

    /// The same filter with the zeros between pixels as its own part, where its argument has been made of pixels and zeros.
    fn stuffed(&self, fir: Fir, map: Value) -> (Fir, Value) {
        let (mut inner, mut of) = self.emit.made(map);
        let (mut before, mut after) = ([0isize; 2], [0isize; 2]);
        if let Operator::Pad { vertical, horizontal } = inner {
            before = [vertical[0] as isize, horizontal[0] as isize];
            after = [vertical[1] as isize, horizontal[1] as isize];
            (inner, of) = self.emit.made(of[0]);
        }
        let (Operator::Gather(gather), &[pixels]) = (inner, of) else { return (fir, map) };
        let Shape::Map { channels, height, width } = gather.shape else { return (fir, map) };
        for up in 2..=4 {
            // The pixels as a map of as many channels, whatever shape they have now.
            if !height.is_multiple_of(up) || !width.is_multiple_of(up) {
                continue;
            }
            let (rows, columns) = (height / up, width / up);
            if self.emit.shape(pixels) != Shape::map(channels, rows, columns) {
                continue;
            }
            let stuffed = |at: usize| {
                let (row, x) = (at / width, at % width);
                let (channel, y) = (row / height, row % height);
                if x % up == 0 && y % up == 0 {
                    ((channel * rows + y / up) * columns + x / up) as u32
                } else {
                    Gather::NOTHING
                }
            };
            if gather.index.iter().enumerate().all(|(at, &index)| index == stuffed(at)) {
                let padding = |own: [isize; 2], axis: usize| [own[0] + before[axis], own[1] + after[axis]];
                let (padding_y, padding_x) = (padding(fir.padding_y, 0), padding(fir.padding_x, 1));
                return (Fir { up, padding_y, padding_x, ..fir }, pixels);
            }
        }
        (fir, map)
    }

    fn convolved(&mut self, map: Value, weight: &Kernel, sliding: &Sliding) -> Result<Value, String> {
        let [out_channels, in_channels] = weight.channels;
        let groups = sliding.groups;
        let each = |numbers: &[f32], count: usize| {
            numbers.chunks(numbers.len() / count).map(<[f32]>::to_vec).collect::<Vec<_>>()
        };
        if groups == out_channels && in_channels == 1 && groups > 1 && sliding.stride[0] == sliding.stride[1] {
            let kernels = each(&weight.weight, groups);
            let alike = kernels.iter().all(|kernel| *kernel == kernels[0]);
            if alike && weight.bias.is_none() {
                return self.filtered(
                    map,
                    &Kernel { weight: kernels[0].clone().into(), ..weight.clone() },
                    sliding,
                    false,
                );
            }
            if sliding.padding[0] == sliding.padding[1] {
                let depthwise = DepthwiseConvolution {
                    weight: weight.weight.clone(),
                    bias: weight.bias.clone().map(Weights::from),
                    kernel: weight.size,
                    stride: sliding.stride[0],
                    padding: sliding.padding[0],
                };
                return self.emit.add(Operator::DepthwiseConvolution(depthwise), &[map]);
            }
        }
        if groups == 1 {
            return self.convolved_whole(map, weight, sliding);
        }
        if !out_channels.is_multiple_of(groups) {
            return Err(format!("has {groups} groups for {out_channels} channels"));
        }
        let kernels = each(&weight.weight, groups);
        let channels = [out_channels / groups, in_channels];
        let mut parts = Vec::new();
        for (group, kernel) in kernels.into_iter().enumerate() {
            let part = self.emit.add(Operator::Slice { start: group * in_channels, length: in_channels }, &[map])?;
            let bias = weight.bias.as_ref().map(|bias| bias[group * channels[0]..][..channels[0]].into());
            let kernel = Kernel { weight: kernel.into(), channels, size: weight.size, bias };
            parts.push(self.convolved_whole(part, &kernel, sliding)?);
        }
        self.emit.add(Operator::Concatenate, &parts)
    }

    fn convolved_whole(&mut self, map: Value, weight: &Kernel, sliding: &Sliding) -> Result<Value, String> {
        let [out_channels, in_channels] = weight.channels;
        let [vertical, horizontal] = sliding.padding;
        let even = vertical == horizontal && vertical[0] == vertical[1];
        let (map, padding) =
            if even { (map, vertical[0]) } else { (self.emit.add(Operator::Pad { vertical, horizontal }, &[map])?, 0) };
        let [down, across] = sliding.stride;
        let stride = if down == across { down } else { 1 };
        let convolution = Convolution {
            weight: weight.weight.clone(),
            bias: weight.bias.clone().map(Weights::from),
            out_channels,
            in_channels,
            kernel: weight.size,
            stride,
            padding,
        };
        let value = self.emit.add(Operator::Convolution(convolution), &[map])?;
        if down == across {
            return Ok(value);
        }
        // Of the results at every pixel, those that are asked for.
        let Shape::Map { channels, height, width } = self.emit.shape(value) else { return Ok(value) };
        let (rows, columns) = (height.div_ceil(down), width.div_ceil(across));
        let view = View::of(&[channels, height, width]).sliced(1, 0, down as isize, rows).sliced(
            2,
            0,
            across as isize,
            columns,
        );
        self.emit.shaped(&Live { value, view }, Shape::map(channels, rows, columns))
    }

    fn transposed(&mut self, map: Value, weight: &Kernel, sliding: &Sliding) -> Result<Value, String> {
        let [in_channels, out_channels] = weight.channels;
        let groups = sliding.groups;
        if groups == 1 {
            return self.transposed_whole(map, weight, sliding);
        }
        if !in_channels.is_multiple_of(groups) || groups > 4096 {
            return Err(format!("has {groups} groups for {in_channels} channels"));
        }
        let (own, one) = (in_channels / groups, weight.weight.len() / groups);
        let mut parts = Vec::new();
        for group in 0..groups {
            let part = self.emit.add(Operator::Slice { start: group * own, length: own }, &[map])?;
            let bias = weight.bias.as_ref().map(|bias| bias[group * out_channels..][..out_channels].into());
            let taps = weight.weight[group * one..][..one].to_vec().into();
            let kernel = Kernel { weight: taps, channels: [own, out_channels], size: weight.size, bias };
            parts.push(self.transposed_whole(part, &kernel, sliding)?);
        }
        self.emit.add(Operator::Concatenate, &parts)
    }

    fn transposed_whole(&mut self, map: Value, weight: &Kernel, sliding: &Sliding) -> Result<Value, String> {
        let [in_channels, out_channels] = weight.channels;
        let [vertical, horizontal] = sliding.padding;
        if sliding.stride[0] != sliding.stride[1] {
            return Err("has different strides along its axes".into());
        }
        let cut = [vertical[0], vertical[1], horizontal[0], horizontal[1]];
        let padding = *cut.iter().min().unwrap_or(&0);
        let convolution = Convolution {
            weight: weight.weight.clone(),
            bias: weight.bias.clone().map(Weights::from),
            out_channels,
            in_channels,
            kernel: weight.size,
            stride: sliding.stride[0],
            padding,
        };
        let value = self.emit.add(Operator::TransposedConvolution(convolution), &[map])?;
        if cut.iter().all(|&pixels| pixels == padding) {
            return Ok(value);
        }
        let Shape::Map { channels, height, width } = self.emit.shape(value) else { return Ok(value) };
        let left = |length: usize, axis: [usize; 2]| {
            length.checked_sub(axis[0] + axis[1] - 2 * padding).filter(|&left| left > 0).ok_or("cuts everything off")
        };
        let (rows, columns) = (left(height, vertical)?, left(width, horizontal)?);
        let view = View::of(&[channels, height, width]).sliced(1, vertical[0] - padding, 1, rows).sliced(
            2,
            horizontal[0] - padding,
            1,
            columns,
        );
        self.emit.shaped(&Live { value, view }, Shape::map(channels, rows, columns))
    }
}

/// The weights of a convolution: `[out, in]` channels, or `[in, out]` of a transposed one, and the size of the kernel.
#[derive(Clone)]
struct Kernel {
    weight: Weights,
    channels: [usize; 2],
    size: [usize; 2],
    bias: Option<std::sync::Arc<[f32]>>,
}

/// A filter as a column times a row, where it is that.
fn separated(taps: &Weights, [height, width]: [usize; 2]) -> FirTaps {
    let at = |k: usize, l: usize| f64::from(taps[k * width + l]);
    let largest = (0..height * width).max_by(|&a, &b| taps[a].abs().total_cmp(&taps[b].abs())).unwrap_or(0);
    let (row, column) = (largest / width, largest % width);
    let center = at(row, column);
    let is_product = center != 0.0
        && (0..height)
            .all(|k| (0..width).all(|l| (at(k, column) * at(row, l) / center - at(k, l)).abs() <= 1e-7 * center.abs()));
    if !is_product {
        return FirTaps::Full { height, width, taps: taps.clone() };
    }
    let root = center.abs().sqrt();
    let vertical: Vec<f32> = (0..height).map(|k| (at(k, column) / center.signum() / root) as f32).collect();
    let horizontal: Vec<f32> = (0..width).map(|l| (at(row, l) / root) as f32).collect();
    FirTaps::Separable { vertical: vertical.into(), horizontal: horizontal.into() }
}
