//! Directions, curves and paths, on a small DCGAN with random weights.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use pulse::ErrorKind;
use pulse::event::Silent;
use pulse::generator::{Dcgan, InputSpec, LatentInput, Space, append_whole};
use pulse::image::Image;
use pulse::measurement::{Measurement, MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse::walk::{Coordinates, Cotangent, Derivatives, DirectionSettings, Explorer, Frame, Point};
use pulse_checkpoint::Tensor;
use pulse_engine::{Cpu, NetworkBuilder};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

fn normal(random: &mut ChaCha8Rng, count: usize, scale: f32) -> Vec<f32> {
    let mut number = || {
        let normal: f32 = StandardNormal.sample(&mut *random);
        scale * normal
    };
    (0..count).map(|_| number()).collect()
}

/// z of 20 numbers to pictures of 16x16.
fn generator() -> Dcgan {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let tensors = [20, 16, 16, 3].windows(2).enumerate().map(|(index, pair)| {
        // Of a size that keeps the activations near 1 and the pictures off the ends of tanh.
        let data = normal(&mut random, pair[0] * pair[1] * 16, (1.0 / pair[0] as f32).sqrt());
        (format!("{index}.weight"), Tensor::new([pair[0], pair[1], 4, 4], data).unwrap())
    });
    Dcgan::from_tensors(&tensors.collect::<BTreeMap<_, _>>()).unwrap()
}

/// A picture of 2x2, and two candidates for it.
struct World {
    generator: Dcgan,
    measurement: Box<dyn Measurement>,
    target: Image,
    config: SearchConfig,
    specs: Vec<InputSpec>,
    candidates: Vec<(Point, Image)>,
}

impl World {
    fn new() -> Self {
        let generator = generator();
        let target = Image::new(3, 2, 2, (0..12).map(|i| 0.35 + 0.3 * (i * 5 % 12) as f32 / 12.0).collect()).unwrap();
        let measurement = MeasurementKind::default().resolve(3, Size::new(16, 16), target.size()).unwrap();
        let config = SearchConfig { candidates: 2, ..SearchConfig::default() };
        let mut builder = NetworkBuilder::new();
        let specs = append_whole(&generator, &mut builder, LatentInput::Z, &config.space).unwrap().inputs;
        let found =
            search(&Problem::new(&generator, &*measurement, &target), &config, &Cpu::default(), &mut Silent).unwrap();
        let point = |inputs: &BTreeMap<String, Vec<f32>>| specs.iter().map(|spec| inputs[&spec.name].clone()).collect();
        let candidates = found.iter().map(|found| (point(&found.inputs), found.image.clone())).collect();
        Self { generator, measurement, target, config, specs, candidates }
    }

    fn problem(&self) -> Problem<'_> {
        Problem::new(&self.generator, &*self.measurement, &self.target)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// The inputs to the bit, and the picture as they make it again.
fn is_same(frame: &Frame, point: &Point, image: &Image) -> bool {
    frame.point == *point && frame.image.mean_squared_difference(image) < 1e-12
}

fn on(_: f64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn forward_and_backward_are_one_derivative() {
    let world = World::new();
    let problem = world.problem();
    let mut derivatives = Derivatives::new(&problem, &Space::search(), &Cpu::default(), 4).unwrap();
    let (point, mut random) = (&world.candidates[0].0, ChaCha8Rng::seed_from_u64(3));
    let radii = derivatives.radii(point);
    for coordinates in [Coordinates::latent(&world.specs), Coordinates::latent_and_features(&world.specs, &radii)] {
        // More vectors than the batch, to be taken in parts.
        let vectors: Vec<_> = (0..6)
            .map(|_| {
                let mut v = normal(&mut random, coordinates.numbers(), 1.0);
                coordinates.project(point, &mut v);
                v
            })
            .collect();
        let pairs: Vec<_> = vectors.iter().map(|v| (point, v.as_slice())).collect();
        let changes = derivatives.forward(&coordinates, &pairs);
        let (image, measured) = (normal(&mut random, 768, 1.0), normal(&mut random, 12, 1.0));
        derivatives.stand(&[point]);
        let mut gradient =
            |image, measured| derivatives.backward(&coordinates, &[Cotangent { image, measured }]).remove(0);
        let of_image = gradient(Some(&image[..]), None);
        let of_measured = gradient(None, Some(&measured[..]));
        let of_both = gradient(Some(&image[..]), Some(&measured[..]));
        let size = |a: &[f32], b: &[f32]| (dot(a, a) * dot(b, b)).sqrt();
        for (v, change) in vectors.iter().zip(&changes) {
            // Central differences of a small network with kinks: a few parts in a hundred of what it could be.
            let [by_image, by_measured] = [dot(&change.image, &image), dot(&change.measured, &measured)];
            let [image, measured] = [size(&change.image, &image), size(&change.measured, &measured)];
            assert!((by_image - dot(v, &of_image)).abs() < 0.05 * image, "{by_image} {} {image}", dot(v, &of_image));
            let by_backward = dot(v, &of_measured);
            assert!((by_measured - by_backward).abs() < 0.05 * measured, "{by_measured} {by_backward} {measured}");
            // Linear: no tolerance but rounding's.
            let both = dot(v, &of_image) + dot(v, &of_measured);
            assert!((dot(v, &of_both) - both).abs() < 1e-4 * size(v, &of_both));
        }
    }
}

#[test]
fn curves_are_consistent_and_pass_through_the_candidate() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let (point, image) = &world.candidates[1];
    let settings = DirectionSettings { count: 3, frames: 5, ..DirectionSettings::default() };
    let mut shares = Vec::new();
    let mut watch = |share| {
        shares.push(share);
        ControlFlow::Continue(())
    };
    let curves = explorer.directions(point, &settings, &mut watch).unwrap().unwrap();
    assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert_eq!(curves.len(), 3);
    let latent = Coordinates::latent(&world.specs);
    for curve in &curves {
        assert_eq!(curve.frames.len(), 5);
        for (index, at) in curve.frames.iter().enumerate() {
            assert!(at.frame.db >= 45.0, "{} dB", at.frame.db);
            assert_eq!(at.length.total_cmp(&0.0), index.cmp(&2));
            // Steps on the sphere stay on it.
            assert!((latent.radius(&at.frame.point) / latent.radius(point) - 1.0).abs() < 1e-4);
        }
        assert!(is_same(&curve.frames[2].frame, point, image));
        // They lead somewhere, and farther the farther they go.
        assert!(curve.frames[0].change > curve.frames[1].change && curve.frames[4].change > curve.frames[3].change);
        assert!(curve.frames[1].change > 0.003, "{}", curve.frames[1].change);
        assert!((dot(&curve.direction.vector, &curve.direction.vector) - 1.0).abs() < 1e-5);
    }
    assert!(curves.windows(2).all(|pair| pair[0].direction.gain >= pair[1].direction.gain));
}

#[test]
fn a_path_ends_at_its_candidates_and_is_consistent_and_smooth() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let [(from, first), (to, last)] = &world.candidates[..] else { unreachable!("two were asked for") };
    for frames in [2, 9] {
        let path = explorer.path(from, to, frames, &mut on).unwrap().unwrap();
        assert_eq!((path.frames.len(), path.jumps.len()), (frames, frames - 1));
        assert!(is_same(&path.frames[0], from, first) && is_same(&path.frames[frames - 1], to, last));
        assert!(path.worst_db() >= 45.0, "{} dB", path.worst_db());
        // An even pace before the correction leaves no jump of several steps after it.
        assert!(path.roughness() < 2.5, "{}", path.roughness());
    }
}

#[test]
fn walks_can_be_stopped_and_have_limits() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let (point, settings) = (&world.candidates[0].0, DirectionSettings::default());
    let to = &world.candidates[1].0;
    for after in [0, 3] {
        let mut told = 0;
        let mut stop = |_| {
            told += 1;
            if told > after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        assert!(explorer.directions(point, &settings, &mut stop).unwrap().is_none());
    }
    assert!(explorer.path(point, to, 8, &mut |_| ControlFlow::Break(())).unwrap().is_none());

    // z has 20 numbers, and so 19 ways along its sphere.
    for settings in [
        DirectionSettings { count: 20, ..settings },
        DirectionSettings { count: 0, ..settings },
        DirectionSettings { frames: 4, ..settings },
        DirectionSettings { reach: 1.5, ..settings },
    ] {
        assert_eq!(explorer.directions(point, &settings, &mut on).unwrap_err().kind(), ErrorKind::Setting);
    }
    assert_eq!(explorer.path(point, to, 1, &mut on).unwrap_err().kind(), ErrorKind::Setting);
}

#[test]
fn a_slider_meets_the_frames_and_stays_consistent_between_them() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let settings = DirectionSettings { count: 2, frames: 5, ..DirectionSettings::default() };
    let (point, to) = (&world.candidates[0].0, &world.candidates[1].0);
    let curve = explorer.directions(point, &settings, &mut on).unwrap().unwrap().remove(0);
    for (index, at) in [-1.0, -0.5, 0.0, 0.5, 1.0].into_iter().enumerate() {
        let met = explorer.along(&curve, at).unwrap();
        assert!(is_same(&met.frame, &curve.frames[index].frame.point, &curve.frames[index].frame.image), "at {at}");
    }
    let between = explorer.along(&curve, 0.7).unwrap();
    let [near, far] = [&curve.frames[3], &curve.frames[4]];
    assert!(between.frame.db >= 45.0 && near.length < between.length && between.length < far.length);
    let apart = |a: &Image, b: &Image| a.mean_squared_difference(b).sqrt();
    let whole = apart(&near.frame.image, &far.frame.image);
    for end in [near, far] {
        assert!(apart(&between.frame.image, &end.frame.image) < whole, "it lies between the two");
    }
    // Close to a frame it looks like that frame.
    let close = explorer.along(&curve, 0.5 + 1e-4).unwrap();
    assert!(apart(&close.frame.image, &near.frame.image) < 0.05 * whole);
    // What is beyond the ends is the ends.
    assert_eq!(explorer.along(&curve, 7.0).unwrap().length, far.length);

    let passage = explorer.path(point, to, 5, &mut on).unwrap().unwrap();
    assert!(is_same(&explorer.amid(&passage, 0.25).unwrap(), &passage.frames[1].point, &passage.frames[1].image));
    let between = explorer.amid(&passage, 0.4).unwrap();
    assert!(between.db >= 45.0);
    assert!(
        apart(&between.image, &passage.frames[1].image) < apart(&passage.frames[2].image, &passage.frames[1].image)
    );
}
