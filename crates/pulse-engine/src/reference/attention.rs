//! Every pixel looks at every other.

use crate::Shape;

/// `y[c,p] = Σ_q weight[p,q] value[c,q]` in each head.
pub(super) fn forward(heads: usize, shape: Shape, arguments: &[&[f64]]) -> Vec<f64> {
    let (pixels, depth) = sizes(heads, shape);
    let mut y = vec![0.0; shape.len()];
    for (head, y) in y.chunks_exact_mut(depth * pixels).enumerate() {
        let [query, key, value] = parts(arguments, head, depth * pixels);
        let weights = weights(query, key, pixels, depth);
        for c in 0..depth {
            for p in 0..pixels {
                y[c * pixels + p] = (0..pixels).map(|q| weights[p * pixels + q] * value[c * pixels + q]).sum();
            }
        }
    }
    y
}

/// With weights `w`, scores `s` and `g` the cotangent of `y`: `dw[p,q] = Σ_c g[c,p] value[c,q]`,
/// `ds[p,q] = w[p,q] (dw[p,q] − Σ_r w[p,r] dw[p,r])`.
pub(super) fn pull_back(heads: usize, shape: Shape, arguments: &[&[f64]], cotangent: &[f64]) -> Vec<Vec<f64>> {
    let (pixels, depth) = sizes(heads, shape);
    let scale = 1.0 / (depth as f64).sqrt();
    let mut gradients = vec![vec![0.0; shape.len()]; 3];
    for head in 0..heads {
        let [query, key, value] = parts(arguments, head, depth * pixels);
        let g = &cotangent[head * depth * pixels..][..depth * pixels];
        let weights = weights(query, key, pixels, depth);
        let at = |c: usize, p: usize| (head * depth + c) * pixels + p;
        for p in 0..pixels {
            let w = &weights[p * pixels..][..pixels];
            let dot = |q: usize| (0..depth).map(|c| g[c * pixels + p] * value[c * pixels + q]).sum::<f64>();
            let dw: Vec<f64> = (0..pixels).map(dot).collect();
            let mean: f64 = w.iter().zip(&dw).map(|(w, dw)| w * dw).sum();
            for q in 0..pixels {
                let ds = w[q] * (dw[q] - mean) * scale;
                for c in 0..depth {
                    gradients[0][at(c, p)] += ds * key[c * pixels + q];
                    gradients[1][at(c, q)] += ds * query[c * pixels + p];
                    gradients[2][at(c, q)] += w[q] * g[c * pixels + p];
                }
            }
        }
    }
    gradients
}

/// Pixels, and channels of a head.
fn sizes(heads: usize, shape: Shape) -> (usize, usize) {
    (shape.len() / shape.channels(), shape.channels() / heads)
}

/// Queries, keys and values of one head.
fn parts<'a>(arguments: &[&'a [f64]], head: usize, length: usize) -> [&'a [f64]; 3] {
    [0, 1, 2].map(|which: usize| &arguments[which][head * length..][..length])
}

/// `weight[p,q] = softmax_q(Σ_i query[i,p] key[i,q] / sqrt(d))`.
fn weights(query: &[f64], key: &[f64], pixels: usize, depth: usize) -> Vec<f64> {
    let scale = 1.0 / (depth as f64).sqrt();
    let mut weights = Vec::with_capacity(pixels * pixels);
    for p in 0..pixels {
        let dot = |q: usize| (0..depth).map(|i| query[i * pixels + p] * key[i * pixels + q]).sum::<f64>();
        let scores: Vec<f64> = (0..pixels).map(|q| scale * dot(q)).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        weights.extend(powers.iter().map(|power| power / sum));
    }
    weights
}
