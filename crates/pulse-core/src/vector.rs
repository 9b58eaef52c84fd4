//! Lists of numbers as vectors, summed in `f64`.

/// `a · b`.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// `|a|²`.
pub(crate) fn square(a: &[f32]) -> f64 {
    a.iter().map(|&a| f64::from(a).powi(2)).sum()
}

/// `α a + β b`.
pub(crate) fn mixed(a: &[f32], b: &[f32], alpha: f64, beta: f64) -> Vec<f32> {
    a.iter().zip(b).map(|(&a, &b)| (alpha * f64::from(a) + beta * f64::from(b)) as f32).collect()
}
