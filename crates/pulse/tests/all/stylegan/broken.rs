//! Files with a tensor missing, of another shape, or that is not finite.

use pulse::ErrorKind;
use pulse::generator::{LatentInput, Space, from_checkpoint};
use pulse_checkpoint::{Checkpoint, Configuration, Tensor};
use pulse_engine::NetworkBuilder;

use super::fixture;

const FILES: [&str; 8] = [
    "pulse_r32/synthesis.pt",
    "stylegan1_tf.pkl",
    "stylegan2ada_skip.pkl",
    "stylegan2ada_cond.pkl",
    "stylegan2ada_resnet.pkl",
    "stylegan3_t.pkl",
    "stylegan3_r.pkl",
    "rosinality.pt",
];

/// It ends in a generator whose operators fit each other, or in an error that says what is wrong.
fn ends_well(what: &str, checkpoint: &Checkpoint) {
    match from_checkpoint(checkpoint) {
        Ok(generator) => {
            let appended = generator.append(&mut NetworkBuilder::new(), LatentInput::WS, &Space::default());
            assert!(appended.is_ok(), "{what}: {}", appended.unwrap_err());
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Generator | ErrorKind::Network), "{what}: {error}");
        }
    }
}

#[test]
fn every_tensor_may_be_missing_or_wrong() {
    for file in FILES {
        let whole = Checkpoint::open(fixture(file)).unwrap();
        for (name, tensor) in &whole.tensors {
            let with = |tensor: Option<Tensor>| {
                let mut broken = whole.clone();
                broken.tensors.remove(name);
                broken.tensors.extend(tensor.map(|tensor| (name.clone(), tensor)));
                broken
            };
            ends_well(&format!("{file} without {name}"), &with(None));
            let longer: Vec<usize> = tensor.shape().iter().map(|length| length + 1).collect();
            let count = longer.iter().product();
            for (shape, count) in [(vec![], 1), (vec![1, 1], 1), (vec![0, 3], 0), (longer, count)] {
                let other = Tensor::new(shape.clone(), vec![0.5; count]).unwrap();
                ends_well(&format!("{file} with {name} of {shape:?}"), &with(Some(other)));
            }
            let mut numbers = tensor.data().to_vec();
            numbers[0] = f32::NAN;
            ends_well(
                &format!("{file} with {name} not finite"),
                &with(Some(Tensor::new(tensor.shape(), numbers).unwrap())),
            );
        }
    }
}

#[test]
fn stylegan3_needs_its_configuration() {
    let whole = Checkpoint::open(fixture("stylegan3_t.pkl")).unwrap();
    let bare = Checkpoint { configuration: Configuration::new(), ..whole };
    let error = from_checkpoint(&bare).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Generator);
    assert!(error.to_string().contains("configuration"), "{error}");
}
