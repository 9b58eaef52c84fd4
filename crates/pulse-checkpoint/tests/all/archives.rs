//! Archives of `torch.save`, built by hand: what PyTorch may write, and what nobody should.

use pulse_checkpoint::{Checkpoint, ErrorKind, Tensor};

use crate::build::{
    Entry, MATRIX, Program, View, deflated, dictionary_of, numbers, torch_legacy, torch_zip, zip, zip_of,
};
use crate::refusal;

fn weight(file: &[u8]) -> Tensor {
    Checkpoint::from_bytes(file).unwrap().tensor("weight").unwrap().clone()
}

fn zipped(view: &View<'_>, storage: &[u8]) -> Vec<u8> {
    torch_zip(&dictionary_of(view), storage)
}

#[test]
fn views_of_a_storage() {
    let storage = numbers(6);
    let view = |offset, shape, strides| weight(&zipped(&View { offset, shape, strides, ..MATRIX }, &storage));
    assert_eq!(view(0, &[2, 3], &[3, 1]), Tensor::new([2, 3], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap());
    // Transposed, shifted, overlapping, repeated, and without elements or axes.
    assert_eq!(view(0, &[3, 2], &[1, 3]), Tensor::new([3, 2], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]).unwrap());
    assert_eq!(view(4, &[2], &[1]), Tensor::new([2], [4.0, 5.0]).unwrap());
    assert_eq!(view(1, &[2, 2], &[1, 1]), Tensor::new([2, 2], [1.0, 2.0, 2.0, 3.0]).unwrap());
    assert_eq!(view(5, &[3, 1], &[0, 9]), Tensor::new([3, 1], [5.0, 5.0, 5.0]).unwrap());
    assert_eq!(view(99, &[0, 7], &[7, 1]), Tensor::new([0, 7], []).unwrap());
    assert_eq!(view(3, &[], &[]), Tensor::new([], [3.0]).unwrap());
}

#[test]
fn views_beyond_their_storage_are_refused() {
    let storage = numbers(6);
    let (far, most) = (1 << 40, i64::MAX);
    let refused: [(i64, &[i64], &[i64], ErrorKind); 10] = [
        (1, &[2, 3], &[3, 1], ErrorKind::Corrupt),
        (6, &[1], &[1], ErrorKind::Corrupt),
        (most, &[1], &[1], ErrorKind::Corrupt),
        (0, &[2, 2], &[most, 1], ErrorKind::Corrupt),
        (0, &[2], &[-1], ErrorKind::Corrupt),
        (-1, &[2], &[1], ErrorKind::Corrupt),
        (0, &[-2], &[1], ErrorKind::Corrupt),
        (0, &[2, 3], &[1], ErrorKind::Corrupt),
        // A row of one number, repeated: no file of this size has so many.
        (0, &[far], &[0], ErrorKind::TooLarge),
        (0, &[far, far], &[0, 0], ErrorKind::TooLarge),
    ];
    for (offset, shape, strides, kind) in refused {
        let file = zipped(&View { offset, shape, strides, ..MATRIX }, &storage);
        let (told, message) = refusal(&file);
        assert_eq!(told, kind, "{message}");
        assert!(message.contains("`weight`"), "{message}");
    }
    let ones = [1; 100];
    assert_eq!(refusal(&zipped(&View { shape: &ones, strides: &ones, ..MATRIX }, &storage)).0, ErrorKind::TooLarge);
}

#[test]
fn number_types() {
    let types: [(&str, &[u8]); 9] = [
        ("DoubleStorage", &1.0f64.to_le_bytes()),
        ("FloatStorage", &1.0f32.to_le_bytes()),
        ("HalfStorage", &[0x00, 0x3c]),
        ("BFloat16Storage", &[0x80, 0x3f]),
        ("LongStorage", &1i64.to_le_bytes()),
        ("IntStorage", &1i32.to_le_bytes()),
        ("ShortStorage", &1i16.to_le_bytes()),
        ("ByteStorage", &[1]),
        ("BoolStorage", &[1]),
    ];
    for (class, bytes) in types {
        let view = View { class, length: 1, shape: &[1], strides: &[1], ..MATRIX };
        assert_eq!(weight(&zipped(&view, bytes)).data()[..], [1.0], "{class}");
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        let pickle = dictionary_of(&view);
        let big = zip(&[("a/data.pkl", &pickle), ("a/byteorder", b"big"), ("a/data/0", &reversed)]);
        assert_eq!(weight(&big).data()[..], [1.0], "{class} in the other byte order");
        let legacy = torch_legacy(&pickle, &[("0", 1, bytes)]);
        assert_eq!(weight(&legacy).data()[..], [1.0], "{class} in a legacy archive");
    }
    let (kind, message) = refusal(&zipped(&View { class: "ComplexFloatStorage", ..MATRIX }, &numbers(12)));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("torch.ComplexFloatStorage"), "{message}");
}

#[test]
fn storages_shorter_than_the_pickle_says_are_refused() {
    assert_eq!(refusal(&zipped(&MATRIX, &numbers(5))).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&zipped(&View { length: i64::MAX, ..MATRIX }, &numbers(6))).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&zipped(&View { length: -1, ..MATRIX }, &numbers(6))).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&zipped(&View { key: "1", ..MATRIX }, &numbers(6))).0, ErrorKind::Corrupt);
}

#[test]
fn legacy_storages_follow_in_the_order_of_their_list() {
    let second = View { key: "second", ..MATRIX };
    let pickle = Program::new().raw(b"}(").text("a").tensor(&MATRIX).text("b").tensor(&second).raw(b"u").end();
    let doubled: Vec<u8> = (0..6u8).flat_map(|number| (2.0 * f32::from(number)).to_le_bytes()).collect();
    let file = torch_legacy(&pickle, &[("second", 6, &doubled), ("0", 6, &numbers(6))]);
    let checkpoint = Checkpoint::from_bytes(&file).unwrap();
    assert_eq!(checkpoint.tensor("a").unwrap().data()[..], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(checkpoint.tensor("b").unwrap().data()[..], [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);

    let pickle = dictionary_of(&MATRIX);
    assert_eq!(refusal(&torch_legacy(&pickle, &[("0", -1, &numbers(6))])).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&torch_legacy(&pickle, &[("0", i64::MAX, &numbers(6))])).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&torch_legacy(&pickle, &[("0", 1 << 40, &numbers(6))])).0, ErrorKind::Truncated);
    assert_eq!(refusal(&torch_legacy(&pickle, &[("9", 6, &numbers(6))])).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&torch_legacy(&pickle, &[])).0, ErrorKind::Corrupt);
}

#[test]
fn legacy_storages_can_be_parts_of_others() {
    let pickle = Program::new()
        .raw(b"}")
        .text("weight")
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw(b"((")
        .text("storage")
        .global("torch", "FloatStorage")
        .text("root")
        .text("cpu")
        .integer(6)
        .raw(b"(")
        .text("part")
        .integer(2)
        .integer(3)
        .raw(b"ttQ")
        .integer(1)
        .integers(&[2])
        .integers(&[1])
        .raw(b"\x89NtRs")
        .end();
    let file = torch_legacy(&pickle, &[("root", 6, &numbers(6))]);
    assert_eq!(weight(&file).data()[..], [3.0, 4.0]);
}

#[test]
fn parameters_wrap_tensors() {
    let parameter = |depth| {
        let program = Program::new().raw(b"}").text("weight").global("torch._utils", "_rebuild_parameter");
        let wrap = b"(ctorch._utils\n_rebuild_parameter\n";
        let program = program.repeat(wrap, depth).raw(b"(").tensor(&MATRIX);
        torch_zip(&program.repeat(b"\x88NtR", depth + 1).raw(b"s").end(), &numbers(6))
    };
    assert_eq!(weight(&parameter(0)).shape(), [2, 3]);
    assert_eq!(refusal(&parameter(1000)).0, ErrorKind::Corrupt);
}

#[test]
fn names_of_entries_are_only_names() {
    let pickle = dictionary_of(&MATRIX);
    let storage = numbers(6);
    let file = zip(&[
        ("../../../../etc/passwd", b"root"),
        ("/absolute", b""),
        ("archive/data/../../0", &storage),
        ("archive/data.pkl", &pickle),
        ("archive/data/0", &storage),
    ]);
    assert_eq!(weight(&file).shape(), [2, 3]);
    assert_eq!(weight(&zip(&[("data.pkl", &pickle), ("data/0", &storage)])).shape(), [2, 3]);
}

#[test]
fn zip_archives_that_lie_are_refused() {
    let (pickle, storage) = (dictionary_of(&MATRIX), numbers(6));
    let data = Entry::stored("a/data.pkl", &pickle);
    let numbers = Entry::stored("a/data/0", &storage);

    assert_eq!(refusal(&zip_of(&[data.clone(), numbers.clone(), numbers.clone()])).0, ErrorKind::Corrupt);
    // Larger than the file, as a zip bomb is; nothing is reserved for it.
    let bomb = Entry { declared: u32::MAX - 1, ..numbers.clone() };
    assert_eq!(refusal(&zip_of(&[data.clone(), bomb])).0, ErrorKind::Truncated);
    let compressed = Entry { method: 12, ..numbers.clone() };
    assert_eq!(refusal(&zip_of(&[data.clone(), compressed])).0, ErrorKind::Unsupported);
    let encrypted = Entry { flags: 1, ..numbers.clone() };
    assert_eq!(refusal(&zip_of(&[data.clone(), encrypted])).0, ErrorKind::Unsupported);
    let (kind, message) = refusal(&zip_of(std::slice::from_ref(&numbers)));
    assert_eq!(kind, ErrorKind::Format);
    assert!(message.contains("data.pkl"), "{message}");

    // Offsets of the directory and of an entry that lead elsewhere.
    let sound = zip_of(&[data, numbers]);
    for back in [6, 10] {
        let mut file = sound.clone();
        let at = file.len() - back;
        file[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        Checkpoint::from_bytes(&file).expect_err("the directory is not there");
    }
}

#[test]
fn deflated_entries() {
    let (pickle, storage) = (dictionary_of(&MATRIX), numbers(6));
    let packed = [deflated(&pickle), deflated(&storage), deflated(b"little")];
    let file = zip_of(&[
        Entry::deflated("a/data.pkl", &packed[0], pickle.len()),
        Entry::deflated("a/data/0", &packed[1], storage.len()),
        Entry::deflated("a/byteorder", &packed[2], 6),
    ]);
    let plain = weight(&torch_zip(&pickle, &storage));
    assert_eq!(weight(&file), plain);
    // Beside stored ones.
    let file = zip_of(&[Entry::stored("data.pkl", &pickle), Entry::deflated("data/0", &packed[1], storage.len())]);
    assert_eq!(weight(&file), plain);
    // A whole matrix of zeros deflates to a thousandth, and is no bomb for that.
    let (side, zeros) = (1024, vec![0; 4 << 20]);
    let view = View { length: side * side, shape: &[side, side], strides: &[side, 1], ..MATRIX };
    let (pickle, packed) = (dictionary_of(&view), deflated(&zeros));
    assert!(packed.len() < 10_000);
    let file = zip_of(&[Entry::stored("a/data.pkl", &pickle), Entry::deflated("a/data/0", &packed, zeros.len())]);
    assert_eq!(weight(&file).data().len(), 1 << 20);
}

#[test]
fn deflated_entries_that_lie_are_refused() {
    let (pickle, storage) = (dictionary_of(&MATRIX), numbers(6));
    let packed = deflated(&storage);
    let data = Entry::stored("a/data.pkl", &pickle);
    let refused = |entries: &[Entry<'_>]| refusal(&zip_of(&[std::slice::from_ref(&data), entries].concat()));
    // More and less than the directory says, cut short, and no deflated bytes at all.
    for (bytes, length) in [
        (&*packed, storage.len() - 1),
        (&packed, 0),
        (&packed, storage.len() + 1),
        (&packed[..packed.len() - 2], storage.len()),
        (&[], storage.len()),
        (&[0xff; 40], storage.len()),
    ] {
        let (kind, message) = refused(&[Entry::deflated("a/data/0", bytes, length)]);
        assert_eq!(kind, ErrorKind::Corrupt, "{length}: {message}");
        assert!(message.contains("`a/data/0`"), "{message}");
    }
    // A bomb, in one entry and in many: what they are said to become is counted before anything is inflated.
    let zeros = deflated(&vec![0; 8 << 20]);
    let names: Vec<_> = (0..10).map(|key| format!("a/data/{key}")).collect();
    let bombs: Vec<_> = names.iter().map(|name| Entry::deflated(name, &zeros, 8 << 20)).collect();
    assert_eq!(refused(&bombs).0, ErrorKind::TooLarge);
    assert_eq!(refused(&[Entry::deflated("a/data/0", &zeros, u32::MAX as usize - 1)]).0, ErrorKind::TooLarge);
    // One that hides its size, in a pickle too.
    assert_eq!(refused(&[Entry::deflated("a/data/0", &zeros, 24)]).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&zip_of(&[Entry::deflated("a/data.pkl", &zeros, 100)])).0, ErrorKind::Corrupt);
    // Entries beside those of PyTorch are not inflated.
    let beside = zip_of(&[
        data.clone(),
        Entry::stored("a/data/0", &storage),
        Entry::deflated("a/.data/bomb", &zeros, u32::MAX as usize - 1),
    ]);
    assert_eq!(weight(&beside).shape(), [2, 3]);
}

#[test]
fn deflated_entries_that_share_their_bytes_are_refused() {
    // Empty blocks: they cost time and become nothing.
    let blocks = [[0, 0, 0, 0xff, 0xff].repeat(10_000), vec![1, 0, 0, 0xff, 0xff]].concat();
    let pickle = dictionary_of(&MATRIX);
    let names: Vec<_> = (0..3).map(|key| format!("a/data/{key}")).collect();
    let shared: Vec<_> = names.iter().map(|name| Entry::deflated(name, &blocks, 0)).collect();
    let mut file = zip_of(&[&[Entry::stored("a/data.pkl", &pickle)], &*shared].concat());
    assert_eq!(refusal(&file).0, ErrorKind::Corrupt, "its storage has no numbers");
    // Every entry's header is the first one's.
    let header = file.windows(4).position(|window| window == b"PK\x03\x04").unwrap();
    assert_eq!(header, 0);
    let first = 30 + "a/data.pkl".len() + pickle.len();
    let directory: Vec<_> =
        file.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
    for &at in &directory[1..] {
        file[at + 42..at + 46].copy_from_slice(&u32::try_from(first).unwrap().to_le_bytes());
    }
    // Without the others' own bytes the archive is shorter than what is inflated.
    let removed = 2 * (30 + "a/data/0".len() + blocks.len());
    let cut = first + 30 + "a/data/0".len() + blocks.len();
    file.drain(cut..cut + removed);
    let end = file.len() - 6;
    let offset = u32::from_le_bytes(file[end..end + 4].try_into().unwrap());
    file[end..end + 4].copy_from_slice(&(offset - u32::try_from(removed).unwrap()).to_le_bytes());
    let (kind, message) = refusal(&file);
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(message.contains("overlap"), "{message}");
}

#[test]
fn storages_nested_in_the_pickle() {
    // torch.storage._load_from_bytes(archive of a bare storage), as a tensor's storage.
    let bare = Program(vec![0x80, 2])
        .raw(b"(")
        .text("storage")
        .global("torch", "FloatStorage")
        .text("7")
        .text("cpu")
        .integer(6)
        .raw(b"NtQ")
        .end();
    let inner = torch_legacy(&bare, &[("7", 6, &numbers(6))]);
    let file = |protocol_2: bool| {
        let program = Program::new().raw(b"}").text("weight").global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
        let program = program.global("torch.storage", "_load_from_bytes").raw(b"(");
        let program = if protocol_2 {
            let text: String = inner.iter().map(|&byte| char::from(byte)).collect();
            program.global("_codecs", "encode").raw(b"(").text(&text).text("latin1").raw(b"tR")
        } else {
            program.raw(b"B").raw(&u32::try_from(inner.len()).unwrap().to_le_bytes()).raw(&inner)
        };
        program.raw(b"tR").integer(0).integers(&[3, 2]).integers(&[1, 3]).raw(b"\x89NtRs").end()
    };
    for protocol_2 in [false, true] {
        assert_eq!(weight(&file(protocol_2)), Tensor::new([3, 2], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]).unwrap());
    }
}
