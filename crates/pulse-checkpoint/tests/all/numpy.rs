//! Arrays of NumPy in every protocol: the files were written by NumPy 2, one for each protocol.

use pulse_checkpoint::{Checkpoint, ErrorKind, Format, Value};

use crate::build::Program;
use crate::{fixture, refusal};

#[test]
fn every_protocol_gives_the_same_arrays() {
    for protocol in 0..=5 {
        let checkpoint = Checkpoint::from_bytes(&fixture(&format!("numpy_protocol{protocol}.pkl"))).unwrap();
        assert_eq!(checkpoint.format, Format::Pickle);
        let holds = |name: &str, shape: &[usize], data: &[f32]| {
            let tensor = checkpoint.tensor(name).unwrap();
            assert_eq!((tensor.shape(), &tensor.data()[..]), (shape, data), "{name} in protocol {protocol}");
        };
        for name in ["c_order", "fortran", "big_endian", "half", "double", "integers", "unsigned"] {
            holds(name, &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        }
        holds("truth", &[2, 3], &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        holds("strided", &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        holds("scalar", &[], &[2.5]);
        holds("whole", &[], &[7.0]);
        holds("zero_axes", &[], &[3.5]);
        holds("empty", &[0, 3], &[]);
        assert_eq!(checkpoint.configuration["text"].as_str(), Some("naïve"));
        assert_eq!(checkpoint.configuration["flag"].as_bool(), Some(true));
        assert_eq!(checkpoint.configuration["number"], Value::Integer(-5));
        assert_eq!(checkpoint.configuration["long"], Value::Integer(1 << 40));
    }
}

/// `{"array": …}` as Python 2 and the NumPy of its day wrote it: `str` for names and for bytes.
fn python_2(shape: &str, dtype: &str, bytes: &[u8]) -> Vec<u8> {
    let minus_one = [b'J', 0xff, 0xff, 0xff, 0xff];
    let program = Program(vec![0x80, 2])
        .raw(b"}U\x05arraycnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\x01btR(K\x01")
        .raw(shape.as_bytes())
        .raw(format!("cnumpy\ndtype\n(S'{dtype}'\nK\0K\x01tR(K\x03S'<'\nNNN").as_bytes())
        .repeat(&minus_one, 2)
        .raw(b"K\0tb");
    program.raw(b"I00\nU").raw(&[u8::try_from(bytes.len()).unwrap()]).raw(bytes).raw(b"tbs").end()
}

#[test]
fn python_2_is_read_too() {
    let bytes: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let checkpoint = Checkpoint::from_bytes(&python_2("(K\u{2}t", "f4", &bytes)).unwrap();
    assert_eq!(checkpoint.tensor("array").unwrap().data()[..], [1.5, -2.0]);
}

#[test]
fn arrays_that_contradict_themselves_are_refused() {
    let bytes = [0; 8];
    assert_eq!(refusal(&python_2("(K\u{3}t", "f4", &bytes)).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&python_2("(J\u{0}\u{0}\u{0}\u{7f}t", "f4", &bytes)).0, ErrorKind::Corrupt);
    assert_eq!(refusal(&python_2("(I-2\nt", "f4", &bytes)).0, ErrorKind::Corrupt);
    let (kind, message) = refusal(&python_2("(K\u{2}t", "O8", &bytes));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("`array`") && message.contains("O8"), "{message}");
}
