//! The angles between the rows of a latent.

/// PULSE's constants: under each root, and before the sum.
const EPSILON: f64 = 1e-9;
pub(super) const SCALE: f64 = 512.0 / 8.0;

/// `GEOCROSS` of latents of one size, with its memory.
///
/// With `d = |u − v|² + ε`, `s = |u + v|² + ε`, the angle `θ = 2 atan2(√d, √s)` has the gradient
/// `∂θ/∂u = 2 / (d + s) (√(s/d) (u − v) − √(d/s) (u + v))`, and the like for `v`. So the whole gradient is
/// `M X` with a symmetric matrix `M` of `rows x rows`, found first.
#[derive(Clone, Debug)]
pub(super) struct Geocross {
    rows: usize,
    width: usize,
    /// `|u|²` of each row.
    squares: Vec<f64>,
    /// `M`, row-major.
    matrix: Vec<f64>,
    /// One row of the gradient.
    gradient: Vec<f64>,
}

impl Geocross {
    pub(super) fn new(rows: usize, width: usize) -> Self {
        Self { rows, width, squares: vec![0.0; rows], matrix: vec![0.0; rows * rows], gradient: vec![0.0; width] }
    }

    /// The value; `gradient` is overwritten with `weight` times the gradient.
    pub(super) fn evaluate(&mut self, latent: &[f32], weight: f64, gradient: &mut [f32]) -> f64 {
        assert_eq!(latent.len(), self.rows * self.width, "numbers of the latent");
        assert_eq!(gradient.len(), latent.len(), "numbers of the latent's gradient");
        if self.rows <= 1 {
            gradient.fill(0.0);
            return 0.0;
        }
        let value = self.find_matrix(latent, weight);
        if weight == 0.0 {
            gradient.fill(0.0);
        } else {
            self.apply_matrix(latent, gradient);
        }
        value
    }

    fn find_matrix(&mut self, latent: &[f32], weight: f64) -> f64 {
        let (rows, width) = (self.rows, self.width);
        let row = |i: usize| &latent[i * width..][..width];
        for (i, square) in self.squares.iter_mut().enumerate() {
            *square = row(i).iter().map(|&u| f64::from(u) * f64::from(u)).sum();
        }
        let pair_weight = SCALE / (rows * rows) as f64;
        let mut sum = 0.0;
        self.matrix.fill(0.0);
        for i in 0..rows {
            for j in 0..=i {
                // The rows often start as one and the same: their distance is summed as it is, and |u + v|² follows
                // from the parallelogram, |u − v|² + |u + v|² = 2 |u|² + 2 |v|².
                let distance = square_distance(row(i), row(j));
                let d = distance + EPSILON;
                let s = (2.0 * (self.squares[i] + self.squares[j]) - distance).max(0.0) + EPSILON;
                let theta = 2.0 * d.sqrt().atan2(s.sqrt());
                let times = if i == j { 1.0 } else { 2.0 };
                sum += times * theta * theta;
                let slope = times * weight * pair_weight * 2.0 * theta * 2.0 / (d + s);
                let (apart, together) = (slope * (s / d).sqrt(), slope * (d / s).sqrt());
                self.matrix[i * rows + i] += apart - together;
                self.matrix[j * rows + j] += apart - together;
                self.matrix[i * rows + j] -= apart + together;
                self.matrix[j * rows + i] -= apart + together;
            }
        }
        pair_weight * sum
    }

    fn apply_matrix(&mut self, latent: &[f32], gradient: &mut [f32]) {
        let matrix_rows = self.matrix.chunks_exact(self.rows);
        for (coefficients, gradient) in matrix_rows.zip(gradient.chunks_exact_mut(self.width)) {
            self.gradient.fill(0.0);
            for (coefficient, row) in coefficients.iter().zip(latent.chunks_exact(self.width)) {
                for (sum, &u) in self.gradient.iter_mut().zip(row) {
                    *sum += coefficient * f64::from(u);
                }
            }
            for (gradient, &sum) in gradient.iter_mut().zip(&self.gradient) {
                *gradient = sum as f32;
            }
        }
    }
}

/// `|u − v|²`, in a few independent sums that the processor can run side by side.
fn square_distance(u: &[f32], v: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (u, v) = (u.chunks(LANES), v.chunks(LANES));
    let mut sums = [0.0; LANES];
    for (u, v) in u.zip(v) {
        for ((sum, &u), &v) in sums.iter_mut().zip(u).zip(v) {
            let difference = f64::from(u) - f64::from(v);
            *sum += difference * difference;
        }
    }
    sums.iter().sum()
}
