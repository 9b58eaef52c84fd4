//! What steering promises, on a small DCGAN with random weights.

use pulse::ErrorKind;
use pulse::candidate::Candidate;
use pulse::detail::Detail;
use pulse::event::Silent;
use pulse::generator::{Generator, LatentInput, input_specs};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::measurement::Size;
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search_steered};
use pulse::steering::{Kept, Mask, Steering, Toward, neighbours};
use pulse_engine::Cpu;

use crate::search::{found, generator, measurement, target};

const SIZE: Size = Size::new(16, 16);

fn steered(steering: &Steering, config: &SearchConfig, start: Option<&Inputs>) -> pulse::Result<Vec<Candidate>> {
    let (generator, measurement, target) = (generator(), measurement(), target());
    let problem = Problem { start: start.map(Into::into), ..Problem::new(&generator, &*measurement, &target) };
    search_steered(&problem, steering, config, &Cpu::default(), &mut Silent)
}

fn inputs_of(found: &[Candidate], generator: &dyn Generator) -> Inputs {
    let mut inputs = Inputs::default();
    for spec in input_specs(generator, LatentInput::Z).unwrap() {
        let rows = found.iter().flat_map(|candidate| candidate.inputs[&spec.name].iter().copied());
        inputs.insert(&spec.name, found.len(), spec.shape, rows.collect());
    }
    inputs
}

/// White in the left half, where a grey column leads over.
fn left() -> Mask {
    let value = |pixel: usize| match pixel % 16 {
        0..8 => 1.0,
        8 => 0.5,
        _ => 0.0,
    };
    Mask::of(&Image::new(1, 16, 16, (0..256).map(value).collect()).unwrap(), SIZE).unwrap()
}

fn config() -> SearchConfig {
    SearchConfig { candidates: 3, ..SearchConfig::default() }
}

#[test]
fn what_is_kept_stays_and_the_rest_varies() {
    let base = found(&SearchConfig { candidates: 1, ..SearchConfig::default() }).remove(0);
    let steering = Steering { keep: Some(Kept::new(base.image.clone(), &left())), ..Steering::default() };
    let found = steered(&steering, &SearchConfig { seed: 1, ..config() }, None).unwrap();
    let mut renderer = Renderer::new(&generator(), LatentInput::Z, &Cpu::default()).unwrap();
    let inputs = inputs_of(&found, &generator());
    for (row, candidate) in found.iter().enumerate() {
        assert!(candidate.db >= 45.0, "{}", candidate.db);
        let (mut kept, mut free) = (0.0_f32, 0.0_f32);
        for (pixel, (&old, &new)) in base.image.values().iter().zip(candidate.image.values()).enumerate() {
            let difference = (old - new).abs();
            if pixel % 16 < 8 { kept = kept.max(difference) } else { free = free.max(difference) }
        }
        assert_eq!(kept, 0.0, "a white mask keeps every bit");
        assert!(free > 0.05, "{free}");
        // The inputs alone make it again, the kept part too; single precision, and offsets of a few units.
        let again = renderer.render(&inputs, row).unwrap();
        for (&again, &image) in again.iter().zip(candidate.image.values()) {
            assert!((f32::midpoint(again, 1.0).clamp(0.0, 1.0) - image).abs() < 1e-4);
        }
    }
}

#[test]
fn an_example_draws_candidates_near() {
    let example = found(&SearchConfig { candidates: 1, seed: 7, ..SearchConfig::default() }).remove(0).image;
    let detail = Detail::new(SIZE, Size::new(4, 4)).unwrap();
    let wanted = detail.of(&example);
    let far = |found: &[Candidate]| {
        let squares = found.iter().flat_map(|candidate| {
            detail.of(&candidate.image).into_iter().zip(wanted.clone()).map(|(a, b)| f64::from(a - b).powi(2))
        });
        squares.sum::<f64>()
    };
    let toward = Steering {
        toward: Some(Toward { example: example.clone(), mask: Mask::everywhere(SIZE) }),
        ..Steering::default()
    };
    let (free, drawn) = (found(&config()), steered(&toward, &config(), None).unwrap());
    assert!(drawn.iter().all(|candidate| candidate.db >= 45.0));
    assert!(far(&drawn) < 0.7 * far(&free), "{} and {}", far(&drawn), far(&free));
}

#[test]
fn a_neighbourhood_of_nothing_is_the_candidate_and_a_wider_one_is_farther() {
    let base = found(&SearchConfig { candidates: 2, ..SearchConfig::default() });
    let (generator, specs) = (generator(), input_specs(&generator(), LatentInput::Z).unwrap());
    let inputs = inputs_of(&base, &generator);
    let far = |amount: f64| {
        let starts = neighbours(&specs, &inputs, 1, amount, 3, 4).unwrap();
        let found = steered(&Steering::default(), &config(), Some(&starts)).unwrap();
        assert!(found.len() == 4 && found.iter().all(|candidate| candidate.db >= 45.0));
        found.iter().map(|found| found.image.mean_squared_difference(&base[1].image).sqrt()).sum::<f64>() / 4.0
    };
    let [none, little, much] = [0.0, 0.2, 0.8].map(far);
    // It is rendered again from its inputs, of single precision.
    assert!(none < 1e-5, "{none}");
    assert!(little > 1e-3 && much > 1.5 * little, "{little} and {much}");
}

#[test]
fn what_cannot_be_steered_by_is_named() {
    let specs = input_specs(&generator(), LatentInput::Z).unwrap();
    let inputs = inputs_of(&found(&SearchConfig { candidates: 1, steps: 2, ..config() }), &generator());
    for (candidate, amount, count, kind) in [
        (0, 1.5, 1, ErrorKind::Setting),
        (0, f64::NAN, 1, ErrorKind::Setting),
        (0, 0.5, 0, ErrorKind::Setting),
        (1, 0.5, 1, ErrorKind::Inputs),
    ] {
        assert_eq!(neighbours(&specs, &inputs, candidate, amount, 0, count).unwrap_err().kind(), kind);
    }
    let small = Image::new(3, 4, 4, vec![0.5; 48]).unwrap();
    let keep = Steering { keep: Some(Kept::new(small.clone(), &left())), ..Steering::default() };
    let mask = Mask::everywhere(Size::new(4, 4));
    let whole = Image::new(3, 16, 16, vec![0.5; 768]).unwrap();
    let toward = Steering { toward: Some(Toward { example: whole, mask }), ..Steering::default() };
    for steering in [keep, toward] {
        assert_eq!(steered(&steering, &config(), None).unwrap_err().kind(), ErrorKind::Picture);
    }
}

#[test]
fn an_example_is_cut_and_resized_to_fit() {
    let small = Image::new(3, 4, 4, vec![0.5; 48]).unwrap();
    assert_eq!(Toward::fit(&small, 3, SIZE).unwrap().size(), SIZE);
    // Dark at both sides of a bright middle, which is what is left.
    let wide = Image::new(1, 2, 6, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0].repeat(2)).unwrap();
    assert_eq!(Toward::fit(&wide, 3, Size::new(2, 2)).unwrap().values(), [1.0; 12]);
    let tall = Image::new(1, 4, 1, vec![0.0, 0.5, 0.75, 1.0]).unwrap();
    assert_eq!(Toward::fit(&tall, 1, Size::new(1, 1)).unwrap().values(), [0.5]);
}
