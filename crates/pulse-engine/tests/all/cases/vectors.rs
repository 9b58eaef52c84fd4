//! Operators on vectors and rows.

use pulse_engine::{Dense, Operator, Shape};

use super::{Case, single};
use crate::random::Random;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (inner, outer) in [(1, 1), (3, 5), (17, 1), (1, 17), (32, 48), (100, 33), (512, 512)] {
        cases.push(single(&format!("to {outer}"), dense(inner, outer, true), &[Shape::Vector(inner)]));
    }
    cases.push(single("without bias", dense(19, 7, false), &[Shape::Vector(19)]));
    for (rows, inner, outer) in [(1, 5, 3), (7, 16, 17), (18, 32, 32)] {
        let shape = Shape::Rows { rows, width: inner };
        cases.push(single(&format!("of rows to {outer}"), dense(inner, outer, rows > 1), &[shape]));
    }

    for (row, rows, width) in [(0, 1, 1), (0, 3, 17), (2, 3, 17), (9, 18, 32)] {
        cases.push(single(&format!("{row}"), Operator::Row(row), &[Shape::Rows { rows, width }]));
    }
    for (rows, width) in [(1, 5), (3, 1), (18, 33)] {
        cases.push(single(&format!("{rows}"), Operator::RepeatRows(rows), &[Shape::Vector(width)]));
    }
    for (start, length, n) in [(0, 1, 1), (0, 5, 5), (3, 17, 33), (32, 1, 33)] {
        let slice = Operator::Slice { start, length };
        cases.push(single(&format!("{start}+{length}"), slice, &[Shape::Vector(n)]));
    }
    for lengths in [&[5][..], &[1, 3], &[17, 1, 32]] {
        let shapes: Vec<_> = lengths.iter().map(|&n| Shape::Vector(n)).collect();
        cases.push(single("", Operator::Concatenate, &shapes));
    }

    for shape in [Shape::Vector(1), Shape::Vector(5), Shape::Vector(512), Shape::Rows { rows: 3, width: 17 }] {
        cases.push(single("", Operator::Normalize { epsilon: 1e-8 }, &[shape]));
    }
    cases.push(single("with a large epsilon", Operator::Normalize { epsilon: 0.5 }, &[Shape::Vector(33)]));

    let map = Shape::map(3, 5, 7);
    cases.push(single("to a map", Operator::Reshape(map), &[Shape::Vector(105)]));
    cases.push(single("to a vector", Operator::Reshape(Shape::Vector(105)), &[map]));
    cases.push(single("to rows", Operator::Reshape(Shape::Rows { rows: 7, width: 15 }), &[map]));
    cases
}

pub(super) fn dense(in_features: usize, out_features: usize, bias: bool) -> Operator {
    let mut random = Random::named(&format!("dense {in_features} {out_features}"));
    Operator::Dense(Dense {
        weight: random.weight(in_features, in_features * out_features),
        bias: bias.then(|| random.around(0.0, 0.5, out_features)),
        out_features,
        in_features,
    })
}
