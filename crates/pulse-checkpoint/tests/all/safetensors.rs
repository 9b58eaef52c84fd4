//! safetensors, read and written.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pulse_checkpoint::{
    Checkpoint, Configuration, ErrorKind, Tensor, Value, nearest_half, safetensors_to_vec, short_safetensors_to_vec,
    write_safetensors,
};

use crate::{fixture, refusal};

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn number_types() {
    let types: [(&str, &[u8]); 13] = [
        ("F64", &1.0f64.to_le_bytes()),
        ("F32", &1.0f32.to_le_bytes()),
        ("F16", &[0x00, 0x3c]),
        ("BF16", &[0x80, 0x3f]),
        ("F8_E4M3", &[0x38]),
        ("F8_E5M2", &[0x3c]),
        ("I64", &1i64.to_le_bytes()),
        ("U64", &1i64.to_le_bytes()),
        ("I32", &1i32.to_le_bytes()),
        ("U16", &1i16.to_le_bytes()),
        ("I8", &[1]),
        ("U8", &[1]),
        ("BOOL", &[1]),
    ];
    for (dtype, bytes) in types {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{}]}}}}"#, bytes.len());
        let checkpoint = Checkpoint::from_bytes(&file(&header, bytes)).unwrap();
        assert_eq!(checkpoint.tensor("w").unwrap().data()[..], [1.0], "{dtype}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let most = u64::MAX;
    let refused = [
        (r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#.to_owned(), ErrorKind::Truncated),
        (r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.to_owned(), ErrorKind::Corrupt),
        (format!(r#"{{"w":{{"dtype":"U8","shape":[{most}],"data_offsets":[0,{most}]}}}}"#), ErrorKind::Truncated),
        (format!(r#"{{"w":{{"dtype":"F32","shape":[{most},2],"data_offsets":[0,8]}}}}"#), ErrorKind::Corrupt),
        (r#"{"w":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#.to_owned(), ErrorKind::Unsupported),
        (r#"{"w":{"dtype":"F32"}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w":3}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"__metadata__":{"a":1}}"#.to_owned(), ErrorKind::Corrupt),
        (r#"{"w""#.to_owned(), ErrorKind::Corrupt),
        ("{".repeat(1000), ErrorKind::Corrupt),
    ];
    for (header, kind) in refused {
        let (told, message) = refusal(&file(&header, &[0; 8]));
        assert_eq!(told, kind, "{header}: {message}");
    }
    assert_eq!(refusal(b"\xff\xff\xff\xff\0\0\0\0{").0, ErrorKind::TooLarge);
    assert_eq!(refusal(b"\xff\xff\0\0\0\0\0\0{").0, ErrorKind::Truncated);
}

#[test]
fn what_is_written_is_read_by_others() {
    let checkpoint = Checkpoint::from_bytes(&fixture("rosinality.pt")).unwrap();
    let bytes = safetensors_to_vec(&checkpoint.tensors, &checkpoint.configuration).unwrap();
    let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.len(), checkpoint.tensors.len());
    for (name, tensor) in &checkpoint.tensors {
        let view = read.tensor(name).unwrap();
        let numbers: Vec<u8> = tensor.data().iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!((view.shape(), view.data()), (tensor.shape(), &numbers[..]));
    }
}

#[test]
fn every_network_survives_being_written() {
    for name in ["stylegan1_tf.pkl", "stylegan2ada_cond.pkl", "stylegan3_t.pkl", "pulse_r32_mapping_legacy.pt"] {
        let checkpoint = Checkpoint::from_bytes(&fixture(name)).unwrap();
        let bytes = safetensors_to_vec(&checkpoint.tensors, &checkpoint.configuration).unwrap();
        let read = Checkpoint::from_bytes(&bytes).unwrap();
        assert_eq!((read.tensors, read.configuration), (checkpoint.tensors, checkpoint.configuration), "{name}");
    }
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("pulse-checkpoint-write-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("network.safetensors");
    let tensors = BTreeMap::from([("w".to_owned(), Tensor::new([2], [1.0, f32::MIN_POSITIVE]).unwrap())]);
    std::fs::write(&path, "old").unwrap();
    write_safetensors(&path, &tensors, &Configuration::new()).unwrap();
    assert_eq!(Checkpoint::open(&path).unwrap().tensors, tensors);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let error = write_safetensors(folder.join("none/w"), &tensors, &Configuration::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let tensor = Tensor::new([], [1.0]).unwrap();
    let write = |name: &str, configuration| {
        safetensors_to_vec(&BTreeMap::from([(name.to_owned(), tensor.clone())]), &configuration).unwrap_err().kind()
    };
    assert_eq!(write("__metadata__", Configuration::new()), ErrorKind::Argument);
    let infinite = Configuration::from([("x".to_owned(), Value::Float(f64::INFINITY))]);
    assert_eq!(write("w", infinite), ErrorKind::Argument);
    let deep = (0..40).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    assert_eq!(write("w", Configuration::from([("x".to_owned(), deep)])), ErrorKind::Argument);
    assert_eq!(Tensor::new([3], [1.0]).unwrap_err().kind(), ErrorKind::Argument);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        (proptest::num::f64::NORMAL | proptest::num::f64::ZERO).prop_map(Value::Float),
        ".*".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map(".*", inner, 0..4).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn everything_written_is_read_as_the_same(
        lengths in prop::collection::btree_map("[a-z./0-9]{1,12}", prop::collection::vec(0usize..4, 0..4), 0..4),
        configuration in prop::collection::btree_map(".{0,8}", value(), 0..4),
        seed in any::<u32>(),
    ) {
        let tensor = |shape: Vec<usize>| {
            let count = shape.iter().product::<usize>() as u32;
            // Any bits but those of a NaN, which is not equal to itself.
            let number = |index: u32| f32::from_bits(seed.wrapping_mul(2_654_435_761).wrapping_add(index) & 0x7f7f_ffff);
            let data = (0..count).map(number).collect::<Vec<_>>();
            Tensor::new(shape, data).unwrap()
        };
        let tensors: BTreeMap<String, Tensor> =
            lengths.into_iter().map(|(name, shape)| (name, tensor(shape))).collect();
        let read = Checkpoint::from_bytes(&safetensors_to_vec(&tensors, &configuration).unwrap()).unwrap();
        prop_assert_eq!(read.tensors, tensors);
        prop_assert_eq!(read.configuration, configuration);
    }
}

#[test]
fn what_16_bits_hold_takes_half_the_room_and_is_the_same() {
    let numbers = [0.1f32, -0.0, 3e-6, 65504.0, 1.0 / 3.0].map(nearest_half);
    assert_eq!(nearest_half(1e9), 1e9, "there is none that is near");
    let tensors = BTreeMap::from([
        ("a.short".to_owned(), Tensor::new([5], numbers).unwrap()),
        ("b.long".to_owned(), Tensor::new([2], [0.1, 1e9]).unwrap()),
    ]);
    let bytes = short_safetensors_to_vec(&tensors).unwrap();
    let read = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(read.tensors, tensors);
    assert!(read.tensors["a.short"].data()[1].is_sign_negative());
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let [short, long] = ["a.short", "b.long"].map(|name| theirs.tensor(name).unwrap());
    assert_eq!([short.data().len(), long.data().len()], [10, 8]);
}
