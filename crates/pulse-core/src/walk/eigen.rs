//! Eigenvalues of small symmetric matrices.

/// A symmetric matrix, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Symmetric {
    side: usize,
    entries: Vec<f64>,
}

/// Eigenvalues, the largest first, with their vectors.
pub(super) type Pairs = Vec<(f64, Vec<f64>)>;

/// Sweeps of rotations after which single rows of any matrix that is met here have long been diagonal.
const MOST_SWEEPS: usize = 30;

impl Symmetric {
    /// `(M + Mᵀ) / 2` for the entries `m(i, j)`.
    pub(super) fn of(side: usize, m: impl Fn(usize, usize) -> f64) -> Self {
        let entries = (0..side * side).map(|at| f64::midpoint(m(at / side, at % side), m(at % side, at / side)));
        Self { side, entries: entries.collect() }
    }

    /// `M v = λ v`, by rotations that zero one pair of entries after the other (Jacobi 1846; Golub, Van Loan, Matrix
    /// Computations, section 8.5).
    pub(super) fn eigen(mut self) -> Pairs {
        let n = self.side;
        let mut vectors = Self::of(n, |i, j| f64::from(u8::from(i == j)));
        let size: f64 = self.entries.iter().map(|entry| entry * entry).sum();
        for _ in 0..MOST_SWEEPS {
            let rest: f64 = (0..n * n).filter(|at| at / n != at % n).map(|at| self.entries[at].powi(2)).sum();
            if rest <= f64::EPSILON.powi(2) * size {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    self.rotate(p, q, &mut vectors);
                }
            }
        }
        let mut pairs: Pairs =
            (0..n).map(|k| (self.get(k, k), (0..n).map(|row| vectors.get(row, k)).collect())).collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        pairs
    }

    /// `M v = λ W v` with a positive definite `W`; the vectors are orthonormal in it, `vᵢ · W vⱼ = δᵢⱼ`.
    pub(super) fn eigen_in(&self, metric: Self) -> Pairs {
        let n = self.side;
        let root: Vec<Vec<f64>> = metric
            .eigen()
            .into_iter()
            .map(|(value, vector)| vector.iter().map(|x| x / value.max(f64::MIN_POSITIVE).sqrt()).collect())
            .collect();
        let times: Vec<Vec<f64>> = root.iter().map(|vector| self.times(vector)).collect();
        let whitened = Self::of(n, |i, j| dot(&root[i], &times[j]));
        let combined = |vector: &[f64]| {
            (0..n).map(|row| vector.iter().zip(&root).map(|(x, root)| x * root[row]).sum()).collect::<Vec<f64>>()
        };
        whitened.eigen().into_iter().map(|(value, vector)| (value, combined(&vector))).collect()
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.entries[row * self.side + column]
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.entries.chunks_exact(self.side).map(|row| dot(row, vector)).collect()
    }

    /// `M ← Jᵀ M J` and `V ← V J`, with the rotation `J` of the axes `p` and `q` that makes the entry (p, q) zero.
    fn rotate(&mut self, p: usize, q: usize, vectors: &mut Self) {
        let n = self.side;
        let off = self.get(p, q);
        if off == 0.0 {
            return;
        }
        let theta = (self.get(q, q) - self.get(p, p)) / (2.0 * off);
        let t = 1.0f64.copysign(theta) / (theta.abs() + theta.hypot(1.0));
        let c = 1.0 / t.hypot(1.0);
        let s = t * c;
        for row in 0..n {
            let (a, b) = (row * n + p, row * n + q);
            turn(&mut self.entries, a, b, c, s);
            turn(&mut vectors.entries, a, b, c, s);
        }
        for column in 0..n {
            turn(&mut self.entries, p * n + column, q * n + column, c, s);
        }
    }
}

fn turn(entries: &mut [f64], a: usize, b: usize, c: f64, s: f64) {
    let (x, y) = (entries[a], entries[b]);
    entries[a] = c * x - s * y;
    entries[b] = s * x + c * y;
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A matrix of `side`, from numbers.
    fn matrix(side: usize, numbers: &[f64]) -> Symmetric {
        Symmetric::of(side, |i, j| numbers[i * side + j])
    }

    #[test]
    fn known_values() {
        let pairs = matrix(2, &[2.0, 1.0, 1.0, 2.0]).eigen();
        assert!((pairs[0].0 - 3.0).abs() < 1e-12 && (pairs[1].0 - 1.0).abs() < 1e-12);
        assert!((pairs[0].1[0] - pairs[0].1[1]).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn solves_its_equation(side in 1usize..9, numbers in prop::collection::vec(-1.0f64..1.0, 128)) {
            let m = matrix(side, &numbers);
            // Gram matrices of whatever numbers are left, and a ridge: positive definite.
            let rows: Vec<&[f64]> = numbers[64..].chunks_exact(8).collect();
            let gram = |i: usize, j: usize| dot(rows[i], rows[j]) + if i == j { 0.1 } else { 0.0 };
            let metric = Symmetric::of(side, gram);
            let pairs = m.eigen_in(metric.clone());
            prop_assert_eq!(pairs.len(), side);
            for (k, (value, vector)) in pairs.iter().enumerate() {
                let (left, right) = (m.times(vector), metric.times(vector));
                for (left, right) in left.iter().zip(&right) {
                    prop_assert!((left - value * right).abs() < 1e-9);
                }
                for (l, (_, other)) in pairs.iter().enumerate() {
                    let expected = f64::from(u8::from(k == l));
                    prop_assert!((dot(other, &right) - expected).abs() < 1e-9);
                }
                prop_assert!(k == 0 || pairs[k - 1].0 >= *value);
            }
        }
    }
}
