//! The little linear algebra that a known truth takes: rows of `f64`, and Cholesky's factors.

/// `a · b`, over what both have. In eight sums, which a processor can go on with at the same time.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let (a, b) = (a[..length].chunks_exact(8), b[..length].chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 8];
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `a += times b`.
pub(crate) fn add(a: &mut [f64], times: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += times * b;
    }
}

/// `a /= by`.
pub(crate) fn divide(a: &mut [f64], by: f64) {
    for a in a {
        *a /= by;
    }
}

/// A basis of the whole space whose first rows span what the given ones do (Gram and Schmidt, twice).
pub(crate) fn orthonormal(mut rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for row in 0..rows.len() {
        let (before, rest) = rows.split_at_mut(row);
        let row = &mut rest[0];
        for _ in 0..2 {
            for other in &*before {
                let along = dot(other, row);
                add(row, -along, other);
            }
        }
        let length = dot(row, row).sqrt();
        divide(row, length);
    }
    rows
}

/// `Qᵀ diag(e) Q` for rows `Q`.
pub(crate) fn symmetric(basis: &[Vec<f64>], values: &[f64]) -> Vec<Vec<f64>> {
    let side = basis.len();
    let mut matrix = vec![vec![0.0; side]; side];
    for (vector, value) in basis.iter().zip(values) {
        for (row, along) in matrix.iter_mut().zip(vector) {
            add(row, value * along, vector);
        }
    }
    matrix
}

/// `B C Bᵀ` for rows `B`.
pub(crate) fn seen(basis: &[Vec<f64>], matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let images: Vec<_> = basis.iter().map(|vector| times(matrix, vector)).collect();
    basis.iter().map(|vector| images.iter().map(|image| dot(vector, image)).collect()).collect()
}

/// `C v`.
pub(crate) fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

/// The lower factor `L` of a positive definite `L Lᵀ`.
pub(crate) struct Cholesky(Vec<Vec<f64>>);

impl Cholesky {
    pub(crate) fn of(matrix: &[Vec<f64>]) -> Self {
        let mut lower: Vec<Vec<f64>> = Vec::new();
        for (i, row) in matrix.iter().enumerate() {
            let mut new: Vec<f64> = Vec::new();
            for (j, other) in lower.iter().enumerate() {
                new.push((row[j] - dot(&new, &other[..j])) / other[j]);
            }
            new.push((row[i] - dot(&new, &new)).sqrt());
            lower.push(new);
        }
        Self(lower)
    }

    /// `L⁻¹ v`.
    pub(crate) fn whiten(&self, vector: &[f64]) -> Vec<f64> {
        let mut white: Vec<f64> = Vec::new();
        for (row, number) in self.0.iter().zip(vector) {
            let above = dot(row, &white);
            white.push((number - above) / row[white.len()]);
        }
        white
    }

    /// `L v`.
    pub(crate) fn color(&self, vector: &[f64]) -> Vec<f64> {
        self.0.iter().map(|row| dot(row, vector)).collect()
    }

    /// The logarithm of the determinant of `L Lᵀ`.
    pub(crate) fn log_determinant(&self) -> f64 {
        self.0.iter().enumerate().map(|(at, row)| 2.0 * row[at].ln()).sum()
    }
}

/// Weights that sum to 1, from their logarithms.
pub(crate) fn softmax(logarithms: &mut [f64]) {
    let most = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for number in logarithms.iter_mut() {
        *number = (*number - most).exp();
    }
    let sum = logarithms.iter().sum();
    divide(logarithms, sum);
}
