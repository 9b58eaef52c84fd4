//! The neighbourhood of a candidate.

use crate::generator::draw;
use crate::generator::{InputSpec, Start};
use crate::inputs::Inputs;
use crate::latent::Geometry;
use crate::latent::arc;
use crate::random::Stream;
use crate::vector::dot;
use crate::{Error, ErrorKind, Result};

/// Starts in the neighbourhood of row `candidate` of `inputs`, `count` rows: each group of random numbers `a` (a row of the
/// latent, a noise map) turned towards a random one `b` by a part `t` of the angle `Ω` between them, on its sphere,
///
/// `a(t) = (sin((1 − t) Ω) a + sin(t Ω) |a| b / |b|) / sin Ω` (Shoemake 1985),
///
/// and each offset of a stage, `(1 − t)` times what it was. At 0 it is the candidate itself; at 1, random starts.
///
/// # Errors
/// [`ErrorKind::Setting`] when the amount is not in [0, 1] or the count is 0, [`ErrorKind::Inputs`] when the inputs do not
/// fit, or have no such row.
pub fn neighbours(
    specs: &[InputSpec],
    inputs: &Inputs,
    candidate: usize,
    amount: f64,
    seed: u64,
    count: usize,
) -> Result<Inputs> {
    if !(0.0..=1.0).contains(&amount) || count == 0 {
        let message = format!("{count} neighbours by an amount of {amount}: ask for one or more, by 0 to 1");
        return Err(Error::new(ErrorKind::Setting, message));
    }
    let rows = inputs.check(specs)?;
    if candidate >= rows {
        let message = format!("the inputs have no row {}: there are {rows}", candidate + 1);
        return Err(Error::new(ErrorKind::Inputs, message));
    }
    let mut starts = Inputs::default();
    for (index, spec) in specs.iter().enumerate() {
        let Some(own) = inputs.row(spec, candidate) else { continue };
        let mut all = Vec::with_capacity(count * own.len());
        for neighbour in 0..count {
            let stream = Stream { seed, candidate: neighbour as u32, draw: 0, input: index as u16 };
            all.extend(turned(spec, own, amount, stream));
        }
        starts.insert(&spec.name, count, spec.shape, all);
    }
    Ok(starts)
}

fn turned(spec: &InputSpec, own: &[f32], amount: f64, stream: Stream) -> Vec<f32> {
    match &spec.start {
        Start::Constant(_) => own.to_vec(),
        Start::Zero => own.iter().map(|&v| ((1.0 - amount) * f64::from(v)) as f32).collect(),
        Start::Normal => {
            let mut random = vec![0.0; own.len()];
            draw(&spec.start, stream, &mut random);
            let group = match spec.geometry {
                Geometry::Sphere { group } => group,
                _ => own.len(),
            };
            own.chunks(group).zip(random.chunks(group)).flat_map(|(a, b)| between(a, b, amount)).collect()
        }
    }
}

/// The point on the sphere of `a` that lies at a part `amount` of the way to the direction of `b`; `a` where there is no way.
fn between(a: &[f32], b: &[f32], amount: f64) -> Vec<f32> {
    let scale = (dot(a, a) / dot(b, b)).sqrt();
    if !scale.is_finite() {
        return a.to_vec();
    }
    let on_sphere: Vec<f32> = b.iter().map(|&b| (scale * f64::from(b)) as f32).collect();
    arc(a, &on_sphere, amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_along_the_sphere_at_an_even_pace() {
        let (a, b) = ([3.0, 0.0, 4.0], [0.0, 0.5, 0.0]);
        let norm = |v: &[f32]| v.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert_eq!(between(&a, &b, 0.0), a);
        let points: Vec<_> = [0.0, 0.25, 0.5, 0.75, 1.0].map(|amount| between(&a, &b, amount)).to_vec();
        assert!(points.iter().all(|point| (norm(point) - 5.0).abs() < 1e-5));
        let steps: Vec<_> = points
            .windows(2)
            .map(|pair| norm(&pair[0].iter().zip(&pair[1]).map(|(a, b)| a - b).collect::<Vec<_>>()))
            .collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-5), "{steps:?}");
        assert!((points[4][1] - 5.0).abs() < 1e-5);
    }

    #[test]
    fn nowhere_to_go_is_no_way() {
        assert_eq!(between(&[0.0, 0.0], &[1.0, 0.0], 0.5), [0.0, 0.0]);
        assert_eq!(between(&[2.0, 0.0], &[1.0, 0.0], 0.5), [2.0, 0.0]);
    }
}
