//! Directions, curves and paths, on a small DCGAN with random weights.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use pulse::ErrorKind;
use pulse::event::Silent;
use pulse::generator::{Dcgan, InputSpec, LatentInput, Space, append_whole};
use pulse::image::Image;
use pulse::measurement::{Measurement, MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse::walk::{
    Coordinates, Cotangent, Derivatives, DirectionSettings, End, Explorer, Extent, Frame, MORE_OFFSETS, Point,
};
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
    let settings = DirectionSettings { count: 3, frames: 5, extent: Extent::Length(2.0), seed: 0 };
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
            assert_eq!(at.length, index as f64 - 2.0);
            // The part where it changes most has changed by no less than the whole.
            assert!(at.most >= at.change && at.most < 4.001 * at.change + 1e-12);
            // Steps on the sphere stay on it.
            assert!((latent.radius(&at.frame.point) / latent.radius(point) - 1.0).abs() < 1e-4);
        }
        assert!(is_same(&curve.frames[2].frame, point, image));
        assert_eq!(curve.ends, [End::Length; 2]);
        assert_eq!((curve.part.width, curve.part.height), (4, 4));
        // They lead somewhere, and farther the farther they go.
        assert!(curve.frames[0].change > curve.frames[1].change && curve.frames[4].change > curve.frames[3].change);
        assert!(curve.frames[1].change > 0.003, "{}", curve.frames[1].change);
        assert!((dot(&curve.direction.vector, &curve.direction.vector) - 1.0).abs() < 1e-5);
    }
    assert!(curves.windows(2).all(|pair| pair[0].direction.gain >= pair[1].direction.gain));
}

#[test]
fn a_curve_goes_on_until_one_sees_it_or_it_is_implausible() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let mut derivatives = Derivatives::new(&problem, &world.config.space, &Cpu::default(), 1).unwrap();
    let point = &world.candidates[1].0;
    let mut reach = 0.0;
    for visible in [0.03, 0.06] {
        let settings =
            DirectionSettings { count: 4, frames: 3, extent: Extent::Visible(visible), ..DirectionSettings::default() };
        let curves = explorer.directions(point, &settings, &mut on).unwrap().unwrap();
        let ends = |curve: &pulse::walk::Curve| curve.ends.into_iter().zip([0, 2]).collect::<Vec<_>>();
        for (curve, (end, frame)) in
            curves.iter().flat_map(|curve| ends(curve).into_iter().map(move |end| (curve, end)))
        {
            let at = &curve.frames[frame];
            match end {
                // Between two strides it is taken for even.
                End::Changed => assert!((at.most / visible - 1.0).abs() < 0.4, "{} is not {visible}", at.most),
                End::Implausible => {
                    let both = derivatives.offsets(&[point.clone(), at.frame.point.clone()]);
                    assert!((both[1] - both[0] - MORE_OFFSETS).abs() < 0.3 * MORE_OFFSETS, "{both:?}");
                    assert!(at.most < visible);
                }
                End::Farthest => assert!(at.most < visible),
                End::Length => panic!("no length was asked for"),
            }
        }
        let first = curves[0].frames[2].length - curves[0].frames[0].length;
        assert!(first > reach, "more to see is farther away");
        reach = first;
        let [behind, ahead] = explorer.reach(point, &curves[0].direction, settings.extent, &mut on).unwrap().unwrap();
        assert!((behind.0 - curves[0].frames[0].length).abs() < 1e-6 && behind.1 == curves[0].ends[0]);
        assert!((ahead.0 - curves[0].frames[2].length).abs() < 1e-6 && ahead.1 == curves[0].ends[1]);
    }
}

#[test]
fn a_step_leads_where_the_curve_does() {
    let world = World::new();
    let problem = world.problem();
    let mut explorer = Explorer::new(&problem, &world.specs, &world.config, &Cpu::default()).unwrap();
    let (point, image) = &world.candidates[0];
    let settings = DirectionSettings { count: 2, frames: 5, extent: Extent::Length(1.0), seed: 0 };
    let curves = explorer.directions(point, &settings, &mut on).unwrap().unwrap();
    let found = explorer.find(point, 2, 0, &mut on).unwrap().unwrap();
    for (curve, direction) in curves.iter().zip(&found) {
        assert_eq!(curve.direction, *direction);
        for at in &curve.frames {
            let step = explorer.step(point, direction, at.length).unwrap();
            assert!(step.frame.db >= 45.0 && step.length == at.length);
            let apart = step.frame.image.mean_squared_difference(&at.frame.image).sqrt();
            assert!(apart < 0.004, "{apart} at {}", at.length);
            // The same again, to the bit: a slider that comes back shows what it showed.
            assert_eq!(explorer.step(point, direction, at.length).unwrap().frame.point, step.frame.point);
        }
        let still = explorer.step(point, direction, 0.0).unwrap();
        assert!(is_same(&still.frame, point, image) && still.change == 0.0);
        // From another picture than the candidate it goes on along its sphere.
        let on = explorer.step(&curve.frames[4].frame.point, direction, 0.5).unwrap();
        let latent = Coordinates::latent(&world.specs);
        assert!((latent.radius(&on.frame.point) / latent.radius(point) - 1.0).abs() < 1e-4);
        for far in [f64::NAN, f64::INFINITY, 8.0, -8.0] {
            assert_eq!(explorer.step(point, direction, far).unwrap_err().kind(), ErrorKind::Setting, "{far}");
        }
    }
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
        DirectionSettings { extent: Extent::Length(8.0), ..settings },
        DirectionSettings { extent: Extent::Length(0.0), ..settings },
        DirectionSettings { extent: Extent::Visible(1.5), ..settings },
        DirectionSettings { extent: Extent::Visible(f64::NAN), ..settings },
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
