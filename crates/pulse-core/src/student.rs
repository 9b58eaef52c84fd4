//! Student's distribution.

/// The 95th percentile of Student's distribution (Abramowitz and Stegun, 26.7.5): within 2 % from two degrees of freedom on.
pub(crate) fn student_95(freedom: usize) -> f64 {
    if freedom == 1 {
        return (0.45 * std::f64::consts::PI).tan();
    }
    let (v, z) = (freedom as f64, 1.644_854_f64);
    let terms = [
        z.powi(3) + z,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 24.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 96.0,
    ];
    z + terms.iter().enumerate().map(|(k, term)| term / (4.0 * v.powi(k as i32 + 1))).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_is_as_in_tables() {
        for (freedom, expected) in [(1, 6.3138), (2, 2.9200), (5, 2.0150), (15, 1.7531), (31, 1.6955), (1000, 1.6464)] {
            let found = student_95(freedom);
            assert!((found / expected - 1.0).abs() < 0.02, "{freedom}: {found}");
        }
    }
}
