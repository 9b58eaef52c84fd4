//! Whether a small picture is framed and built as the generator's own pictures are.

use pulse_engine::{Dense, Engine, NetworkBuilder, Operator, Shape};

use super::lessons::Lessons;
use super::look::Look;
use crate::Result;
use crate::image::{Image, Size};
use crate::search::{Problem, SearchConfig};

/// `γ` and `λ` of the kernel machine.
const NEARNESS: f32 = 0.5;
const RIDGE: f64 = 0.1;

/// Conjugate gradients: steps at most.
const STEPS: usize = 60;

/// Tells small pictures that are framed as the generator's own from others, learnt from the generator alone.
///
/// Random pictures of the generator are taken as they are and very slightly moved (by up to 5% of the frame, 7% of the size, 5°): these
/// are familiar, `y = 1`. The same pictures in other frames (moved by 15 to 35%, 1.4 to 2.2 times as large or as small, turned by 25 to
/// 180°, or all of it) and sums of three of those are not, `y = −1`. All are measured as the target was, with its noise. To their `x`,
/// the contrast of grey values with their surroundings and the directions of edges, `d` numbers each of a mean square of 1, a kernel machine
/// is fitted by least squares:
///
/// `s(x) = Σⱼ cⱼ k(x, xⱼ)`, `k(a, b) = exp(−|a − b|² / 2 d)`, `(K + 0.1 W⁻¹) c = y`,
///
/// with weights `W` by which both kinds count as much. Its scores of further random pictures, which it has not learnt from, say what is
/// usual: see [`strangeness`](Self::strangeness).
#[derive(Clone, Debug)]
pub struct Familiar {
    look: Look,
    channels: usize,
    /// The `xⱼ`, a row each.
    examples: Vec<f32>,
    /// The `cⱼ`.
    coefficients: Vec<f32>,
    /// The median of the scores of own pictures, and their 5% quantile.
    usual: [f32; 2],
}

impl Familiar {
    /// Learns the generator's pictures as this problem's measurement shows them. The same for every target of that shape. None where
    /// `stop` says so before all are made.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn learnt(
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let target = &problem.target;
        let look = Look::new(target.size())?;
        let channels = target.channels();
        let Some(lessons) = Lessons::of(problem, config, engine, stop)? else { return Ok(None) };
        let Lessons { familiar, mut strange, further, mixtures } = lessons;
        strange.extend(mixtures);
        let further: Vec<Vec<f32>> = further.iter().map(|shot| look.of(channels, shot)).collect();
        let kinds = [familiar.len(), strange.len()];
        let examples: Vec<f32> = familiar.iter().chain(&strange).flat_map(|shot| look.of(channels, shot)).collect();
        let coefficients = fitted(&examples, kinds, look.numbers(), engine)?;
        let mut machine = Self { look, channels, examples, coefficients, usual: [0.0; 2] };
        let mut scores: Vec<f64> = further.iter().map(|look| machine.score(look)).collect();
        scores.sort_by(f64::total_cmp);
        if !scores.is_empty() {
            machine.usual =
                [0.5, 0.05].map(|share| scores[(share * (scores.len() - 1) as f64).round() as usize] as f32);
        }
        Ok(Some(machine))
    }

    /// How much less familiar a target is than the generator's own pictures under the same measurement, in deviations:
    /// `1.645 (median − s) / (median − q₅)`, with the median and the 5% quantile of the scores of own pictures. 0 is usual, and one own
    /// picture in twenty is above 1.645.
    ///
    /// # Panics
    /// When the target is of another size than what was learnt.
    pub fn strangeness(&self, target: &Image) -> f64 {
        assert_eq!(target.channels(), self.channels, "a target of the channels that were learnt");
        let score = self.score(&self.look.of(self.channels, target.values()));
        let [median, low] = self.usual.map(f64::from);
        // Deviations from what are usual where nothing differs are none.
        1.645 * (median - score) / (median - low).max(1e-6)
    }

    /// What was learnt, as arrays that [`from_arrays`](Self::from_arrays) takes back.
    pub(super) fn to_arrays(&self) -> [(&'static str, Vec<usize>, Vec<f32>); 3] {
        let count = self.coefficients.len();
        [
            ("examples", vec![count, self.look.numbers()], self.examples.clone()),
            ("coefficients", vec![count], self.coefficients.clone()),
            ("usual", vec![2], self.usual.to_vec()),
        ]
    }

    /// What was learnt of targets of this size and channels; nothing where the arrays are of another shape.
    pub(super) fn from_arrays(
        size: Size,
        channels: usize,
        [examples, coefficients, usual]: [&[f32]; 3],
    ) -> Option<Self> {
        let look = Look::new(size).ok()?;
        let usual = usual.try_into().ok()?;
        (examples.len() == coefficients.len() * look.numbers()).then(|| Self {
            look,
            channels,
            examples: examples.to_vec(),
            coefficients: coefficients.to_vec(),
            usual,
        })
    }

    fn score(&self, look: &[f32]) -> f64 {
        let examples = self.examples.chunks_exact(look.len().max(1)).zip(&self.coefficients);
        let part = |(example, coefficient): (&[f32], &f32)| {
            let square: f32 = example.iter().zip(look).map(|(a, b)| (a - b) * (a - b)).sum();
            f64::from(*coefficient) * f64::from(nearness(square, look.len()))
        };
        examples.map(part).sum()
    }
}

fn nearness(square: f32, numbers: usize) -> f32 {
    (-NEARNESS * square / numbers.max(1) as f32).exp()
}

/// The coefficients of the kernel machine, by conjugate gradients.
fn fitted(examples: &[f32], kinds: [usize; 2], numbers: usize, engine: &dyn Engine) -> Result<Vec<f32>> {
    let count = kinds[0] + kinds[1];
    if numbers == 0 || count == 0 {
        return Ok(vec![0.0; count]);
    }
    let kernel = kernel(examples, numbers, engine)?;
    let kind = |example: usize| usize::from(example >= kinds[0]);
    let ridge: Vec<f64> = (0..count).map(|i| RIDGE * 2.0 * kinds[kind(i)] as f64 / count as f64).collect();
    let times = |x: &[f64]| -> Vec<f64> {
        let rows = kernel.chunks_exact(count).zip(x.iter().zip(&ridge));
        rows.map(|(row, (own, ridge))| ridge * own + row.iter().zip(x).map(|(&k, x)| f64::from(k) * x).sum::<f64>())
            .collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    // The kernel is 1 on its diagonal.
    let scaled = |x: &[f64]| -> Vec<f64> { x.iter().zip(&ridge).map(|(x, ridge)| x / (1.0 + ridge)).collect() };
    let mut solution = vec![0.0; count];
    let mut left: Vec<f64> = (0..count).map(|i| if kind(i) == 0 { 1.0 } else { -1.0 }).collect();
    let mut along = scaled(&left);
    let mut size = dot(&left, &along);
    let enough = 1e-8 * size;
    for _ in 0..STEPS {
        if size <= enough {
            break;
        }
        let product = times(&along);
        let length = size / dot(&along, &product);
        for i in 0..count {
            solution[i] += length * along[i];
            left[i] -= length * product[i];
        }
        let next = scaled(&left);
        let before = std::mem::replace(&mut size, dot(&left, &next));
        along.iter_mut().zip(next).for_each(|(along, next)| *along = next + size / before * *along);
    }
    Ok(solution.into_iter().map(|coefficient| coefficient as f32).collect())
}

/// `k` of all pairs, `[count, count]`. The inner products are the engine's.
fn kernel(examples: &[f32], numbers: usize, engine: &dyn Engine) -> Result<Vec<f32>> {
    const BATCH: usize = 64;
    let count = examples.len() / numbers;
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::Vector(numbers))?;
    let dense = Dense { weight: examples.into(), bias: None, out_features: count, in_features: numbers };
    let products = builder.add(Operator::Dense(dense), &[x])?;
    builder.output("products", products)?;
    let network = builder.build()?;
    let mut program = engine.compile(&network, BATCH)?;
    let (x, products) = (network.input("x")?, network.output("products")?);
    let squares: Vec<f32> = examples.chunks_exact(numbers).map(|row| row.iter().map(|x| x * x).sum()).collect();
    let mut kernel = Vec::with_capacity(count * count);
    for rows in examples.chunks(BATCH * numbers) {
        program.input_mut(x)[..rows.len()].copy_from_slice(rows);
        let batch = rows.len() / numbers;
        program.forward(batch, &[products]);
        for products in program.output(products).chunks_exact(count).take(batch) {
            let own = squares[kernel.len() / count];
            let near = |(product, other): (&f32, &f32)| nearness((own + other - 2.0 * product).max(0.0), numbers);
            kernel.extend(products.iter().zip(&squares).map(near));
        }
    }
    Ok(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Size;
    use pulse_engine::Cpu;

    #[test]
    fn two_kinds_are_told_apart() {
        let examples: Vec<f32> = (0..40)
            .flat_map(|i| {
                let side = if i < 10 { 1.0 } else { -1.0 };
                [side + 0.1 * (i % 5) as f32, 0.1 * (i % 7) as f32]
            })
            .collect();
        let coefficients = fitted(&examples, [10, 30], 2, &Cpu::default()).unwrap();
        let look = Look::new(Size::new(1, 1)).unwrap();
        let machine = Familiar { look, channels: 1, examples, coefficients, usual: [0.0; 2] };
        assert!(machine.score(&[1.2, 0.3]) > 0.5 && machine.score(&[-0.8, 0.3]) < -0.5);
        assert!(machine.score(&[100.0, 0.0]).abs() < 1e-6, "what is like nothing is neither");
    }
}
