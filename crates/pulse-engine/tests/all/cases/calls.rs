//! Functions of the caller's own, among other operators.

use std::sync::Arc;

use pulse_engine::{Call, Function, Operator, PreparedFunction, Shape};

use super::{Case, add, graph, inputs};

/// `y[k] = Π_arguments x[k mod length]`, row by row.
struct Product {
    lengths: Vec<usize>,
    result: usize,
}

impl Function for Product {
    fn prepare(&self, _: usize, _: bool) -> Box<dyn PreparedFunction> {
        Box::new(Prepared { lengths: self.lengths.clone(), result: self.result, seen: Vec::new() })
    }
}

struct Prepared {
    lengths: Vec<usize>,
    result: usize,
    seen: Vec<Vec<f32>>,
}

impl Prepared {
    /// What argument `which` brings to element `k` of a row.
    fn at(&self, which: usize, row: usize, k: usize) -> f32 {
        let length = self.lengths[which];
        self.seen[which][row * length + k % length]
    }
}

impl PreparedFunction for Prepared {
    fn forward(&mut self, active: usize, arguments: &[&[f32]], result: &mut [f32]) {
        assert_eq!(result.len(), active * self.result);
        self.seen = arguments.iter().map(|rows| rows.to_vec()).collect();
        for (place, y) in result.iter_mut().enumerate() {
            let (row, k) = (place / self.result, place % self.result);
            *y = (0..self.lengths.len()).map(|which| self.at(which, row, k)).product();
        }
    }

    fn backward(&mut self, active: usize, cotangent: &[f32], gradients: &mut [Vec<f32>]) {
        assert_eq!(cotangent.len(), active * self.result);
        for (which, gradient) in gradients.iter_mut().enumerate() {
            assert_eq!(gradient.len(), active * self.lengths[which]);
            gradient.fill(0.0);
            for (place, cotangent) in cotangent.iter().enumerate() {
                let (row, k) = (place / self.result, place % self.result);
                let others = (0..self.lengths.len()).filter(|&other| other != which);
                let factor: f32 = others.map(|other| self.at(other, row, k)).product();
                gradient[row * self.lengths[which] + k % self.lengths[which]] += cotangent * factor;
            }
        }
    }
}

pub(crate) fn product(arguments: &[Shape], result: Shape) -> Operator {
    let lengths = arguments.iter().map(|shape| shape.len()).collect();
    let function = Arc::new(Product { lengths, result: result.len() });
    Operator::Call(Call { name: "product".into(), arguments: arguments.to_vec(), result, function })
}

pub(super) fn cases() -> Vec<Case> {
    let (vector, map) = (Shape::Vector(5), Shape::map(3, 4, 2));
    vec![
        graph("Call of an input alone", |builder| {
            let x = inputs(builder, &[vector])[0];
            vec![add(builder, product(&[vector], map), &[x])]
        }),
        graph("Call between operators, beside a way round it", |builder| {
            let x = inputs(builder, &[vector, map]);
            let bent = add(builder, Operator::Tanh, &[x[0]]);
            let called = add(builder, product(&[vector, map], map), &[bent, x[1]]);
            let sum = add(builder, Operator::Add, &[called, x[1]]);
            let scaled = add(builder, Operator::affine(vec![0.5], vec![0.25]), &[sum]);
            vec![scaled, bent, called]
        }),
        graph("Call of what was called, twice", |builder| {
            let x = inputs(builder, &[vector, map]);
            let first = add(builder, product(&[vector], map), &[x[0]]);
            let squared = add(builder, Operator::Square, &[first]);
            let second = add(builder, product(&[map, vector], vector), &[squared, x[0]]);
            let third = add(builder, product(&[vector, vector], map), &[second, second]);
            let sum = add(builder, Operator::Multiply, &[third, x[1]]);
            vec![sum, second]
        }),
        graph("Call of a constant", |builder| {
            let x = inputs(builder, &[vector])[0];
            let constant = add(builder, Operator::Constant(map, vec![0.5; map.len()].into()), &[]);
            let called = add(builder, product(&[map, vector], map), &[constant, x]);
            vec![add(builder, Operator::Add, &[called, constant])]
        }),
    ]
}
