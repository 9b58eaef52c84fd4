//! Finite impulse responses with zero-stuffing and decimation, and separable maps.

use std::sync::Arc;

use pulse_engine::{Fir, FirTaps, Operator, SeparableMap, Shape, SparseMatrix};

use super::{Case, single};
use crate::random::Random;

/// Taps along the two axes, up, down, padding along the two axes, and the argument's channels, height and width.
type Geometry = ([usize; 2], usize, usize, [isize; 2], [isize; 2], [usize; 3]);

const FILTERS: [Geometry; 27] = [
    ([1, 1], 1, 1, [0, 0], [0, 0], [1, 1, 1]),
    ([3, 3], 1, 1, [1, 1], [1, 1], [3, 5, 7]),
    ([4, 4], 1, 1, [2, 1], [2, 1], [5, 4, 4]),
    // After StyleGAN2's transposed convolution.
    ([4, 4], 1, 1, [1, 1], [1, 1], [17, 9, 9]),
    ([4, 4], 1, 1, [1, 1], [1, 1], [32, 17, 13]),
    ([2, 5], 1, 1, [1, 0], [2, 2], [3, 6, 5]),
    ([1, 3], 1, 1, [0, 0], [1, 1], [16, 1, 9]),
    ([3, 3], 1, 1, [4, 0], [0, 4], [1, 2, 2]),
    // Skip connections of StyleGAN2.
    ([4, 4], 2, 1, [2, 1], [2, 1], [3, 4, 4]),
    ([4, 4], 2, 1, [2, 1], [2, 1], [3, 7, 9]),
    ([3, 4], 2, 1, [1, 1], [2, 1], [5, 3, 5]),
    ([1, 1], 2, 1, [0, 0], [0, 0], [3, 3, 2]),
    ([1, 1], 2, 1, [0, -1], [0, -1], [3, 3, 2]),
    ([12, 12], 2, 1, [6, 5], [6, 5], [16, 8, 8]),
    ([24, 24], 4, 1, [11, 10], [11, 10], [3, 6, 5]),
    ([4, 4], 1, 2, [1, 1], [1, 1], [3, 8, 8]),
    ([3, 3], 1, 2, [1, 1], [1, 1], [5, 7, 9]),
    // StyleGAN3's: twice up, and then half of it.
    ([12, 12], 2, 2, [-3, -2], [-3, -2], [3, 16, 14]),
    ([12, 12], 1, 2, [-4, -3], [5, 6], [17, 20, 22]),
    ([6, 5], 4, 2, [3, 2], [2, 2], [17, 5, 4]),
    ([3, 3], 1, 1, [-2, -1], [-1, -2], [3, 9, 8]),
    ([4, 2], 1, 2, [-1, 3], [2, -1], [1, 6, 7]),
    // Padded far beyond what the taps reach: all or most of the result is zero.
    ([3, 4], 1, 1, [40, -38], [-5, 7], [3, 4, 6]),
    ([3, 4], 1, 1, [3, 2], [50, -48], [17, 4, 6]),
    ([4, 4], 1, 9, [20, 21], [30, 31], [17, 5, 4]),
    ([5, 3], 3, 2, [31, 20], [17, 40], [3, 4, 4]),
    ([2, 2], 4, 7, [9, 30], [30, 9], [16, 3, 5]),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (taps @ [n_y, n_x], up, down, padding_y, padding_x, [channels, height, width]) in FILTERS {
        for (kind, taps) in [("separable", separable_taps(taps)), ("full", full_taps(taps))] {
            let note =
                format!("{kind} of {n_y}x{n_x} taps, up {up}, down {down}, padding {padding_y:?} and {padding_x:?}");
            let fir = Fir { taps, up, down, padding_y, padding_x };
            cases.push(single(&note, Operator::Fir(fir), &[Shape::map(channels, height, width)]));
        }
    }
    for ([channels, height, width], to) in [
        ([1, 1, 1], [1, 1]),
        ([3, 8, 8], [2, 2]),
        ([3, 7, 9], [3, 2]),
        ([5, 3, 2], [7, 9]),
        ([3, 9, 4], [4, 9]),
        ([17, 5, 5], [5, 1]),
        ([3, 64, 48], [16, 12]),
    ] {
        let map = separable_map([height, width], to);
        cases.push(single(&format!("to {}x{}", to[0], to[1]), map, &[Shape::map(channels, height, width)]));
    }
    let identity = Arc::new(SparseMatrix::identity(4));
    let map = SeparableMap { vertical: identity.clone(), horizontal: identity };
    cases.push(single("identity", Operator::SeparableMap(map), &[Shape::map(3, 4, 4)]));
    cases
}

pub(super) fn separable_taps([vertical, horizontal]: [usize; 2]) -> FirTaps {
    let mut random = Random::named(&format!("separable {vertical} {horizontal}"));
    FirTaps::Separable {
        vertical: random.around(0.25, 0.5, vertical),
        horizontal: random.around(0.25, 0.5, horizontal),
    }
}

fn full_taps([height, width]: [usize; 2]) -> FirTaps {
    let taps = Random::named(&format!("full {height} {width}")).around(0.125, 0.25, height * width);
    FirTaps::Full { height, width, taps }
}

/// A map with some rows that are empty, and some that reach far.
pub(super) fn separable_map([height, width]: [usize; 2], [to_height, to_width]: [usize; 2]) -> Operator {
    let matrix = |from: usize, to: usize| {
        let mut random = Random::named(&format!("matrix {from} {to}"));
        let mut row = |i: usize| {
            let centre = i * from / to;
            let reach = [0, 1, 3, from][i % 4];
            let columns = centre.saturating_sub(reach / 2)..(centre + reach).min(from);
            columns.map(|column| (column, f64::from(random.signed()))).collect::<Vec<_>>()
        };
        // The first row must not be the empty one, or a map to one pixel would be nothing but zero.
        Arc::new(SparseMatrix::from_rows(from, (0..to).map(|i| row(i + 1)).collect::<Vec<_>>()))
    };
    Operator::SeparableMap(SeparableMap { vertical: matrix(height, to_height), horizontal: matrix(width, to_width) })
}
