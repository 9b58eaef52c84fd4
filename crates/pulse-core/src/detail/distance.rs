//! How far pictures are apart, and in which order they show most.

use crate::image::mean_squared_error;

/// The distances between all pairs of pictures: `d(a, b) = sqrt(mean (aᵢ − bᵢ)²)`, in units of the value range [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    count: usize,
    /// `[count, count]`, symmetric, zero on the diagonal.
    between: Vec<f64>,
}

impl Distances {
    /// Of pictures, or of anything else that is as many numbers: details, features.
    ///
    /// # Panics
    /// When they are not all of one length.
    pub fn between<N: AsRef<[f32]>>(numbers: &[N]) -> Self {
        let count = numbers.len();
        let mut between = vec![0.0; count * count];
        for a in 0..count {
            for b in a + 1..count {
                let distance = mean_squared_error(numbers[a].as_ref(), numbers[b].as_ref()).sqrt();
                between[a * count + b] = distance;
                between[b * count + a] = distance;
            }
        }
        Self { count, between }
    }

    /// How many pictures there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The distance between two of them.
    ///
    /// # Panics
    /// When there are no such two.
    pub fn get(&self, a: usize, b: usize) -> f64 {
        self.row(a)[b]
    }

    /// The mean over all pairs; 0 for fewer than two pictures.
    pub fn mean(&self) -> f64 {
        let pairs = self.count * self.count.saturating_sub(1);
        if pairs == 0 { 0.0 } else { self.between.iter().sum::<f64>() / pairs as f64 }
    }

    /// The two that are nearest, and their distance, where there are two.
    pub fn nearest_pair(&self) -> Option<(usize, usize, f64)> {
        self.pairs().min_by(|a, b| a.2.total_cmp(&b.2))
    }

    /// The two that are farthest apart, and their distance, where there are two.
    pub fn farthest_pair(&self) -> Option<(usize, usize, f64)> {
        self.pairs().max_by(|a, b| a.2.total_cmp(&b.2))
    }

    /// How far one picture is from the nearest other one; infinite for a single one.
    ///
    /// # Panics
    /// When there is no such picture.
    pub fn distinctness(&self, of: usize) -> f64 {
        let others = self.row(of).iter().enumerate().filter(|&(other, _)| other != of);
        others.map(|(_, &distance)| distance).fold(f64::INFINITY, f64::min)
    }

    /// Every picture once: `first`, then always the one that is farthest from all that stand before it (the greedy
    /// 2-approximation of the k-centre problem, Gonzalez 1985), the earlier one of two that are as far. So any number of them
    /// from the front is a wide view.
    ///
    /// # Panics
    /// When there is no picture `first`.
    pub fn farthest_first(&self, first: usize) -> Vec<usize> {
        let mut order = vec![first];
        let mut nearest = self.row(first).to_vec();
        nearest[first] = f64::NEG_INFINITY;
        while order.len() < self.count {
            let mut next = 0;
            for candidate in 1..self.count {
                if nearest[candidate] > nearest[next] {
                    next = candidate;
                }
            }
            order.push(next);
            for (nearest, &distance) in nearest.iter_mut().zip(self.row(next)) {
                *nearest = nearest.min(distance);
            }
            nearest[next] = f64::NEG_INFINITY;
        }
        order
    }

    fn row(&self, of: usize) -> &[f64] {
        &self.between[of * self.count..][..self.count]
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        (0..self.count).flat_map(move |a| (a + 1..self.count).map(move |b| (a, b, self.get(a, b))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(at: &[f32]) -> Distances {
        Distances::between(&at.iter().map(|&x| [x]).collect::<Vec<_>>())
    }

    #[test]
    fn pairs_are_compared() {
        let distances = on_a_line(&[0.0, 1.0, 0.25]);
        assert!((distances.mean() - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(distances.nearest_pair(), Some((0, 2, 0.25)));
        assert_eq!(distances.farthest_pair(), Some((0, 1, 1.0)));
        assert_eq!([0, 1, 2].map(|of| distances.distinctness(of)), [0.25, 0.75, 0.25]);
    }

    #[test]
    fn the_farthest_come_first_and_none_is_lost() {
        let distances = on_a_line(&[0.0, 0.1, 1.0, 0.6, 0.1]);
        assert_eq!(distances.farthest_first(0), [0, 2, 3, 1, 4]);
        assert_eq!(on_a_line(&[0.5; 4]).farthest_first(2), [2, 0, 1, 3]);
    }

    #[test]
    fn one_picture_has_no_pair() {
        let distances = on_a_line(&[0.5]);
        assert_eq!((distances.mean(), distances.nearest_pair()), (0.0, None));
        assert_eq!(distances.farthest_first(0), [0]);
    }
}
