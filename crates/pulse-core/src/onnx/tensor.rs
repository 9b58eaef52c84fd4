//! The values of a graph while it is turned into a network.

use pulse_engine::{Operator, Shape, Value};

use super::array::{Array, MOST};
use super::emit::Emitter;
use super::view::View;

/// A named value.
#[derive(Clone, Debug)]
pub(super) enum Tensor {
    /// Known before the network runs.
    Constant(Array),
    /// Made by the network.
    Live(Live),
    /// A constant, scaled along some of its axes by vectors that the network makes: the weights of a modulated convolution.
    Scaled(Scaled),
    /// How much each of some queries looks at each of some keys, until something other than attention wants to know.
    Looks(Box<Looks>),
    /// Whole numbers that are an input: which class.
    Class {
        /// The name of the input.
        name: String,
        shape: Vec<usize>,
    },
}

/// Numbers of the network, seen in another shape or order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Live {
    pub(super) value: Value,
    /// Over the numbers of the value, in row-major order.
    pub(super) view: View,
}

#[derive(Clone, Debug)]
pub(super) struct Scaled {
    pub(super) constant: Array,
    /// Axes, and a vector for each.
    pub(super) factors: Vec<(usize, Value)>,
}

#[derive(Clone, Debug)]
pub(super) struct Looks {
    /// `[…, N, d]`.
    pub(super) query: Live,
    /// `[…, d, M]`.
    pub(super) key: Live,
    /// What their products are multiplied by.
    pub(super) scale: f64,
    /// Whether their softmax over the last axis is meant.
    pub(super) weights: bool,
}

impl Looks {
    pub(super) fn shape(&self) -> Vec<usize> {
        let mut shape = self.query.view.shape.clone();
        let last = shape.len() - 1;
        shape[last] = self.key.view.shape[self.key.view.shape.len() - 1];
        shape
    }
}

impl Tensor {
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Constant(array) => array.shape.clone(),
            Self::Live(live) => live.view.shape.clone(),
            Self::Scaled(scaled) => scaled.constant.shape.clone(),
            Self::Looks(looks) => looks.shape(),
            Self::Class { shape, .. } => shape.clone(),
        }
    }
}

impl Live {
    /// All of a value, in this shape.
    pub(super) fn new(value: Value, shape: &[usize]) -> Self {
        Self { value, view: View::of(shape) }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.view.shape
    }
}

/// The engine's shape for an array: its first axis is the batch where it is one.
pub(super) fn natural(shape: &[usize]) -> Shape {
    let shape = match shape {
        [1, rest @ ..] if !rest.is_empty() => rest,
        shape => shape,
    };
    match *shape {
        [] => Shape::Vector(1),
        [n] => Shape::Vector(n),
        [rows, width] => Shape::Rows { rows, width },
        [channels, ref between @ .., width] => Shape::map(channels, between.iter().product(), width),
    }
}

impl Emitter {
    /// A value whose numbers are those of a view, one after another, in whatever shape.
    pub(super) fn run(&mut self, live: &Live) -> Result<Value, String> {
        let count = self.shape(live.value).len();
        if live.view.is_plain(count) {
            return Ok(live.value);
        }
        if live.view.is_run()
            && let Some(slice) = self.outer_slice(live)
        {
            return self.add(slice, &[live.value]);
        }
        self.gathered(live, natural(live.shape()))
    }

    /// A run of the outermost axis of a value.
    fn outer_slice(&self, live: &Live) -> Option<Operator> {
        let shape = self.shape(live.value);
        let outermost = match shape {
            Shape::Vector(n) => n,
            Shape::Rows { rows, .. } => rows,
            Shape::Map { channels, .. } => channels,
        };
        let one = shape.len() / outermost;
        let aligned = live.view.offset.is_multiple_of(one) && live.view.len().is_multiple_of(one);
        aligned.then(|| Operator::Slice { start: live.view.offset / one, length: live.view.len() / one })
    }

    /// A value of this shape whose numbers are those of a view, moved one by one.
    fn gathered(&mut self, live: &Live, shape: Shape) -> Result<Value, String> {
        if live.view.len() > MOST {
            return Err(format!("moves {} numbers about, above {MOST}", live.view.len()));
        }
        let index = live.view.places().map(|place| place as u32).collect();
        self.add(Operator::Gather(pulse_engine::Gather { index, shape }), &[live.value])
    }

    /// A value of this shape with the numbers of a view, one after another.
    pub(super) fn shaped(&mut self, live: &Live, shape: Shape) -> Result<Value, String> {
        if live.view.len() != shape.len() {
            return Err(format!("has {:?} where {shape} is needed", live.shape()));
        }
        let value = self.run(live)?;
        self.add(Operator::Reshape(shape), &[value])
    }

    /// A view that is each number of its value once.
    pub(super) fn whole(&mut self, live: &Live) -> Result<Live, String> {
        if live.view.is_whole(self.shape(live.value).len()) {
            return Ok(live.clone());
        }
        let value = self.run(live)?;
        Ok(Live::new(value, live.shape()))
    }

    /// A vector of all numbers of a view.
    pub(super) fn vector(&mut self, live: &Live) -> Result<Value, String> {
        self.shaped(live, Shape::Vector(live.view.len()))
    }

    /// A constant as a value.
    pub(super) fn constant(&mut self, array: &Array) -> Result<Live, String> {
        let shape = natural(&array.shape);
        let value = self.add(Operator::Constant(shape, array.reals().into()), &[])?;
        Ok(Live::new(value, &array.shape))
    }
}
