//! Discriminators against numbers that `scripts/discriminator_reference.py` computes from the papers.

use std::path::PathBuf;

use pulse::ErrorKind;
use pulse::candidate::{Candidate, Outcome};
use pulse::generator::{self, Architecture, Discriminator};
use pulse::image::Image;
use pulse::judge::Critic;
use pulse_checkpoint::{Checkpoint, Configuration, OpenOptions, Tensor, Value};
use pulse_engine::{Cpu, Engine, NetworkBuilder, Reference, Shape};

use crate::fixture::Fixture;

/// The script computes in f64, and a logit is the outcome of ten layers that round numbers of about 1 to f32: 1e-7 each. Errors
/// are of layers, not of logits, some of which cancel to a thousandth: so it is absolute.
const LOGIT: f64 = 5e-7;

/// Each file, its architecture and its classes.
const FILES: [(&str, Architecture, usize); 7] = [
    ("discriminator_orig.pkl", Architecture::Orig, 0),
    ("discriminator_skip.pkl", Architecture::Skip, 0),
    ("discriminator_resnet.pkl", Architecture::Resnet, 0),
    ("discriminator_pair.pkl", Architecture::Resnet, 5),
    ("discriminator_rosinality.pt", Architecture::Resnet, 0),
    ("discriminator_stylegan2_tf.pkl", Architecture::Resnet, 0),
    ("discriminator_stylegan1_tf.pkl", Architecture::Orig, 5),
];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn checkpoint(file: &str) -> Checkpoint {
    let name = if file == "discriminator_rosinality.pt" { "d" } else { "D" };
    OpenOptions::new().network(name).open(fixture(file)).unwrap()
}

/// The logit of a picture in [-1, 1], as one of class `class`.
fn logit(discriminator: &Discriminator, engine: &dyn Engine, picture: &[f32], class: usize) -> f64 {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("picture", discriminator.picture()).unwrap();
    let judged = discriminator.append(&mut builder, input).unwrap();
    assert_eq!(builder.shape(judged), Shape::Vector(1));
    builder.output("logit", judged).unwrap();
    let network = builder.build().unwrap();
    let mut program = engine.compile(&network, 1).unwrap();
    program.input_mut(network.input("picture").unwrap()).copy_from_slice(picture);
    if discriminator.classes() > 0 {
        program.input_mut(network.input("c").unwrap())[class] = 1.0;
    }
    let logit = network.output("logit").unwrap();
    program.forward(1, &[logit]);
    f64::from(program.output(logit)[0])
}

#[test]
fn logits_are_those_of_the_papers() {
    let case = Fixture::open("discriminator_case");
    let pictures = case.f32("pictures");
    for (file, architecture, classes) in FILES {
        let discriminator = Discriminator::from_checkpoint(&checkpoint(file)).unwrap();
        assert_eq!((discriminator.architecture(), discriminator.classes()), (architecture, classes), "{file}");
        assert_eq!(discriminator.picture(), Shape::map(3, 16, 16), "{file}");
        let name = file.strip_prefix("discriminator_").unwrap().split_once('.').unwrap().0;
        for class in 0..classes.max(1) {
            let wanted = case.f32(&if classes > 0 { format!("{name}.{class}") } else { name.to_owned() });
            for (picture, &wanted) in pictures.chunks_exact(3 * 16 * 16).zip(&wanted) {
                for engine in [&Reference as &dyn Engine, &Cpu::default()] {
                    let error = (logit(&discriminator, engine, picture, class) - f64::from(wanted)).abs();
                    println!("{name} as {class}: {wanted:.6} {error:.1e}");
                    assert!(error < LOGIT, "{name} as {class}: {error:e}");
                }
            }
        }
    }
}

#[test]
fn the_clamp_of_a_file_is_kept() {
    let mut checkpoint = checkpoint("discriminator_resnet.pkl");
    let picture = vec![1.0; 3 * 16 * 16];
    let clamped = logit(&Discriminator::from_checkpoint(&checkpoint).unwrap(), &Reference, &picture, 0);
    checkpoint.configuration = Configuration::new();
    let free = logit(&Discriminator::from_checkpoint(&checkpoint).unwrap(), &Reference, &picture, 0);
    assert!((clamped - free).abs() > 1e-3, "{clamped} {free}");
}

/// A candidate with a picture in [0, 1], of some class.
fn candidate(picture: &[f32], class: Option<usize>) -> Candidate {
    let image = Image::new(3, 16, 16, picture.iter().map(|x| f32::midpoint(*x, 1.0)).collect()).unwrap();
    let one_hot = |class: usize| ("c".to_owned(), (0..5).map(|c| f32::from(u8::from(c == class))).collect());
    Candidate {
        index: 0,
        start: 0,
        restarts: 0,
        outcome: Outcome::Reached,
        measured: image.clone(),
        image,
        db: 50.0,
        searched_db: 50.0,
        moved: 0.01,
        latent_db: 50.0,
        losses: Vec::new(),
        total: 0.0,
        steps: 1,
        inputs: class.map(one_hot).into_iter().collect(),
    }
}

#[test]
fn candidates_are_judged_one_at_a_time_as_what_they_are() {
    let case = Fixture::open("discriminator_case");
    let pictures = case.f32("pictures");
    let (first, second) = pictures.split_at(3 * 16 * 16);
    let pair = generator::pair(&fixture("discriminator_pair.pkl"), None).unwrap();
    let discriminator = Discriminator::from_checkpoint(&pair.discriminator.unwrap().unwrap()).unwrap();
    discriminator.check(generator::from_checkpoint(&pair.generator).unwrap().spec()).unwrap();
    let mut critic = Critic::new(&discriminator, &Cpu::default()).unwrap();
    let near = |logit: Option<f64>, wanted: f32| (logit.unwrap() - f64::from(wanted)).abs() < LOGIT;
    let third = case.f32("pair.3");
    assert!(near(critic.logit(&candidate(first, Some(3))), third[0]));
    assert!(near(critic.logit(&candidate(second, Some(3))), third[1]));
    assert!(
        near(critic.logit(&candidate(first, None)), case.f32("pair.0")[0]),
        "the first class where nobody says which"
    );
    assert!(near(critic.logit(&candidate(first, Some(3))), third[0]), "whatever was judged before");
}

#[test]
fn a_logit_that_is_no_number_is_no_score() {
    let mut checkpoint = checkpoint("discriminator_orig.pkl");
    for name in ["b4.fc.weight", "b4.out.weight"] {
        let shape = checkpoint.tensors[name].shape().to_vec();
        let numbers = vec![1e38; shape.iter().product()];
        checkpoint.tensors.insert(name.to_owned(), Tensor::new(shape, numbers).unwrap());
    }
    let discriminator = Discriminator::from_checkpoint(&checkpoint).unwrap();
    let mut critic = Critic::new(&discriminator, &Cpu::default()).unwrap();
    assert_eq!(critic.logit(&candidate(&[0.25; 3 * 16 * 16], None)), None);
}

#[test]
fn a_discriminator_of_other_pictures_is_refused() {
    let discriminator = Discriminator::from_checkpoint(&checkpoint("discriminator_skip.pkl")).unwrap();
    let conditional = generator::open(&fixture("stylegan2ada_cond.pkl")).unwrap();
    let error = discriminator.check(conditional.spec()).unwrap_err();
    assert!(error.kind() == ErrorKind::Generator && error.to_string().contains("in 5"), "{error}");
    let larger = generator::open(&fixture("stylegan2ada_skip.pkl")).unwrap();
    assert!(discriminator.check(larger.spec()).is_err());
}

#[test]
fn files_without_a_discriminator_have_none() {
    // The last one has a network of that name whose weights were taken out.
    for file in ["stylegan2ada_cond.pkl", "stylegan3_t.pkl", "rosinality.pt", "pulse_r32", "stylegan1_tf.pkl"] {
        let pair = generator::pair(&fixture(file), None).unwrap();
        let generator = generator::from_checkpoint(&pair.generator).unwrap();
        assert!(Discriminator::of(&pair, generator.spec()).is_none(), "{file}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_never_a_panic() {
    for (file, ..) in FILES {
        let whole = checkpoint(file);
        for name in whole.tensors.keys() {
            let with = |tensor: Option<Tensor>| {
                let mut other = whole.clone();
                other.tensors.remove(name);
                other.tensors.extend(tensor.map(|tensor| (name.clone(), tensor)));
                Discriminator::from_checkpoint(&other)
            };
            let refused = |what: &str, tensor| {
                if let Err(error) = with(tensor) {
                    assert_eq!(error.kind(), ErrorKind::Generator, "{file} {what} {name}: {error}");
                }
            };
            refused("without", None);
            let tensor = &whole.tensors[name];
            for shape in [vec![], vec![0], vec![1], vec![3, 5], vec![2, 3, 3, 3], vec![1, 1, 1, 1, 2]] {
                let count = shape.iter().product();
                refused("with another", Some(Tensor::new(shape, vec![0.5; count]).unwrap()));
            }
            let mut numbers = tensor.data().to_vec();
            numbers[0] = f32::NAN;
            refused("not finite", Some(Tensor::new(tensor.shape(), numbers).unwrap()));
        }
        for needed in ["b8.conv1.weight", "b4.fc.bias", "8x8/Conv0/bias", "4x4/Conv/weight", "final_linear.1.weight"] {
            let mut less = whole.clone();
            if less.tensors.remove(needed).is_some() {
                assert!(Discriminator::from_checkpoint(&less).is_err(), "{file} without {needed}");
            }
        }
    }
}

#[test]
fn a_clamp_that_is_no_number_is_none() {
    let mut checkpoint = checkpoint("discriminator_resnet.pkl");
    checkpoint.configuration.insert("modules".into(), Value::String("none".into()));
    assert!(Discriminator::from_checkpoint(&checkpoint).is_ok());
}
