//! Sparse matrices.

use proptest::{collection::vec, prelude::*};
use pulse_engine::SparseMatrix;

/// The size and the entries `(column, value)` of each row, small integers over four so that sums are exact.
fn matrices() -> impl Strategy<Value = (usize, Vec<Vec<(usize, f64)>>)> {
    (1..9usize).prop_flat_map(|columns| {
        let entry = (0..columns, (-64..64i32).prop_map(|value| f64::from(value) / 4.0));
        (Just(columns), vec(vec(entry, 0..6), 1..9))
    })
}

fn apply(matrix: &SparseMatrix, x: &[f64]) -> Vec<f64> {
    assert_eq!(x.len(), matrix.columns());
    let row = |row| matrix.row(row).map(|(column, value)| f64::from(value) * x[column]).sum();
    (0..matrix.rows()).map(row).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

proptest! {
    #[test]
    fn applies_the_sum_of_its_entries((columns, rows) in matrices(), x in vec(-8..8i32, 8)) {
        let x: Vec<f64> = x[..columns].iter().map(|&x| f64::from(x)).collect();
        let matrix = SparseMatrix::from_rows(columns, rows.clone());
        let dense = |row: &Vec<(usize, f64)>| row.iter().map(|&(column, value)| value * x[column]).sum();
        let expected: Vec<f64> = rows.iter().map(dense).collect();
        prop_assert_eq!(apply(&matrix, &x), expected);
        for row in 0..matrix.rows() {
            let columns: Vec<_> = matrix.row(row).map(|entry| entry.0).collect();
            prop_assert!(columns.is_sorted_by(|a, b| a < b), "{columns:?} is not ascending");
        }
    }

    #[test]
    fn the_transpose_is_the_adjoint((columns, rows) in matrices(), x in vec(-8..8i32, 8), y in vec(-8..8i32, 8)) {
        let matrix = SparseMatrix::from_rows(columns, rows);
        let x: Vec<f64> = x[..columns].iter().map(|&x| f64::from(x)).collect();
        let y: Vec<f64> = y[..matrix.rows()].iter().map(|&y| f64::from(y)).collect();
        let transpose = matrix.transpose();
        prop_assert_eq!((transpose.rows(), transpose.columns()), (matrix.columns(), matrix.rows()));
        // Integers over four, far below 2^53: both sides are exact.
        prop_assert_eq!(dot(&apply(&matrix, &x), &y), dot(&x, &apply(&transpose, &y)));
        prop_assert_eq!(transpose.transpose(), matrix);
    }
}

#[test]
fn the_identity_changes_nothing() {
    assert_eq!(apply(&SparseMatrix::identity(3), &[1.0, -2.0, 3.0]), [1.0, -2.0, 3.0]);
}
