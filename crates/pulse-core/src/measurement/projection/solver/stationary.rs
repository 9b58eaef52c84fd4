//! What the equations would be if the measurement did the same at every place.

use std::f64::consts::PI;
use std::sync::Arc;

use pulse_engine::{Engine, InputId, NetworkBuilder, Operator, OutputId, Program, SeparableMap, Shape, SparseMatrix};

use crate::Result;

/// `(A Aᵀ + δ I)⁻¹`, roughly: `Tᵀ (λ + δ)⁻¹ T`.
///
/// A measurement that does the same at every place, and whose pictures are mirrored at the middles of their outermost pixels, has the
/// cosines `cos(π k p / (n − 1))` along each axis for eigenvectors (the DCT-I; Strang 1999). They are orthogonal when the outermost
/// pixels count half, and so `T` holds them with weights there. The eigenvalues of `A Aᵀ` follow from what it makes of a single pixel:
/// `λ_k = Σ_q r(q) cos(π k₁ q₁ / (n₁ − 1)) cos(π k₂ q₂ / (n₂ − 1))`, `q` counted from that pixel. What is only rough is the border, and
/// whatever does not do the same everywhere.
pub(super) struct Stationary {
    program: Box<dyn Program>,
    place: InputId,
    wave: OutputId,
    /// `λ`, at least 0, `[channels, height, width]`.
    eigenvalues: Vec<f64>,
    /// The sums over the cosines.
    waves: Vec<f32>,
}

impl Stationary {
    /// For up to `batch` rows. `response` is what `A Aᵀ` makes of a 1 at the pixel `centre` of each channel.
    pub(super) fn new(
        engine: &dyn Engine,
        [channels, height, width]: [usize; 3],
        batch: usize,
        response: &[f64],
        centre: [usize; 2],
    ) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        let place = builder.input("place", Shape::map(channels, height, width))?;
        let [vertical, horizontal] = [height, width].map(|length| Arc::new(cosines(length)));
        let wave = builder.add(Operator::SeparableMap(SeparableMap { vertical, horizontal }), &[place])?;
        builder.output("wave", wave)?;
        let network = builder.build()?;
        let eigenvalues = response.chunks_exact(height * width).flat_map(|plane| eigenvalues(plane, width, centre));
        Ok(Self {
            program: engine.compile(&network, batch)?,
            place: network.input("place")?,
            wave: network.output("wave")?,
            eigenvalues: eigenvalues.collect(),
            waves: vec![0.0; batch * channels * height * width],
        })
    }

    /// `solved ← (A Aᵀ + δ I)⁻¹ rows`, roughly, with the damping `δ` of each row.
    pub(super) fn solve(&mut self, rows: &[f64], dampings: &[f64], solved: &mut [f64]) {
        let place = &mut self.program.input_mut(self.place)[..rows.len()];
        place.iter_mut().zip(rows).for_each(|(place, &number)| *place = number as f32);
        self.program.forward(dampings.len(), &[self.wave]);
        self.waves.copy_from_slice(self.program.output(self.wave));
        let waves = self.waves.chunks_exact(self.eigenvalues.len());
        let scaled = self.program.cotangent_mut(self.wave).chunks_exact_mut(self.eigenvalues.len());
        for ((scaled, waves), damping) in scaled.zip(waves).zip(dampings) {
            for ((scaled, &wave), eigenvalue) in scaled.iter_mut().zip(waves).zip(&self.eigenvalues) {
                *scaled = (f64::from(wave) / (eigenvalue + damping)) as f32;
            }
        }
        self.program.backward(dampings.len(), &[self.place]);
        let gradient = self.program.gradient(self.place);
        solved.iter_mut().zip(gradient).for_each(|(solved, &number)| *solved = f64::from(number));
    }
}

/// `T` for an axis of `n` pixels: the orthonormal DCT-I behind the root of the weights.
fn cosines(n: usize) -> SparseMatrix {
    let last = (n - 1).max(1) as f64;
    let end = |k: usize| if n > 1 && (k == 0 || k == n - 1) { 0.5f64.sqrt() } else { 1.0 };
    let scale = if n > 1 { (2.0 / last).sqrt() } else { 1.0 };
    let cosine = |k: usize, p: usize| scale * end(k) * end(p).powi(2) * (PI * (k * p) as f64 / last).cos();
    SparseMatrix::from_rows(n, (0..n).map(|k| (0..n).map(|p| (p, cosine(k, p))).collect()))
}

/// `λ` of one channel.
fn eigenvalues(response: &[f64], width: usize, [row, column]: [usize; 2]) -> Vec<f64> {
    let height = response.len() / width;
    let table = |length: usize, centre: usize| -> Vec<f64> {
        let last = (length - 1).max(1) as f64;
        let cosine = |k: usize, p: usize| (PI * k as f64 * (p as f64 - centre as f64) / last).cos();
        (0..length).flat_map(|k| (0..length).map(move |p| cosine(k, p))).collect()
    };
    let (down, across) = (table(height, row), table(width, column));
    let mut half = vec![0.0; response.len()];
    for (line, half) in response.chunks_exact(width).zip(half.chunks_exact_mut(width)) {
        for (sum, cosines) in half.iter_mut().zip(across.chunks_exact(width)) {
            *sum = line.iter().zip(cosines).map(|(r, c)| r * c).sum();
        }
    }
    let mut all = vec![0.0; response.len()];
    for (all, cosines) in all.chunks_exact_mut(width).zip(down.chunks_exact(height)) {
        for (half, cosine) in half.chunks_exact(width).zip(cosines) {
            all.iter_mut().zip(half).for_each(|(sum, half)| *sum += cosine * half);
        }
    }
    all.into_iter().map(|sum: f64| sum.max(0.0)).collect()
}
