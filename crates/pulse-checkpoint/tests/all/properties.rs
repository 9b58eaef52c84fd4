//! Whatever the bytes, reading them ends.

use std::sync::LazyLock;

use proptest::prelude::*;
use pulse_checkpoint::{Checkpoint, OpenOptions, Pair};

use crate::build::torch_zip;
use crate::fixture;

/// One of each kind, the smallest there are.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let names = [
        "pulse_r32_gaussian_fit.pt",
        "pulse_r32_mapping_legacy.pt",
        "rosinality.pt",
        "stylegan1_tf.pkl",
        "stylegan2ada_cond.pkl",
        "stylegan3_t.pkl",
        "pulse_r32_case.safetensors",
        "numpy_protocol0.pkl",
        "numpy_protocol1.pkl",
        "numpy_protocol2.pkl",
        "numpy_protocol4.pkl",
        "numpy_protocol5.pkl",
        "../../../pulse/tests/fixtures/discriminator_pair.pkl",
    ];
    names.into_iter().map(fixture).collect()
});

/// Reads the bytes as every kind of file, and drops what comes of it.
fn read(bytes: &[u8]) {
    _ = Checkpoint::from_bytes(bytes);
    _ = OpenOptions::new().network("D").read(bytes);
    _ = Pair::from_bytes(bytes);
}

/// Sequences of the operations of pickles, more of which make sense than of random bytes.
fn program() -> impl Strategy<Value = Vec<u8>> {
    let operation = prop_oneof![
        4 => prop::sample::select(b"(0123N)]}tldaeus.bRoQ\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94".to_vec())
            .prop_map(|operation| vec![operation]),
        2 => (prop::sample::select(b"hqK".to_vec()), 0u8..6).prop_map(|(operation, index)| vec![operation, index]),
        1 => prop::sample::select(vec!["storage", "_modules", "state", "w", "state_dict", "variables", "static_kwargs"])
            .prop_map(|text| [&[0x8c, text.len() as u8], text.as_bytes()].concat()),
        1 => prop::sample::select(vec![
            "torch._utils\n_rebuild_tensor_v2",
            "torch._utils\n_rebuild_parameter",
            "torch.storage\n_load_from_bytes",
            "torch_utils.persistence\n_reconstruct_persistent_obj",
            "torch\nFloatStorage",
            "torch\nSize",
            "collections\nOrderedDict",
            "numpy.core.multiarray\n_reconstruct",
            "numpy.core.multiarray\nscalar",
            "numpy.core.numeric\n_frombuffer",
            "numpy\ndtype",
            "_codecs\nencode",
            "copyreg\n_reconstructor",
            "builtins\nbytearray",
        ])
        .prop_map(|global| format!("c{global}\n").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(operation, 0..80)
        .prop_map(|operations| [b"\x80\x04".to_vec(), operations.concat(), b".".to_vec()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_bytes(kind in 0usize..8, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let beginnings: [&[u8]; 8] = [
            b"",
            b"\x80\x02",
            b"\x80\x04",
            b"(",
            b"PK\x03\x04",
            b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02",
            b"\x40\0\0\0\0\0\0\0{\"",
            b"\x89",
        ];
        read(&[beginnings[kind], &bytes].concat());
    }

    #[test]
    fn random_programs(program in program()) {
        read(&program);
        read(&torch_zip(&program, &[0; 64]));
    }

    #[test]
    fn real_files_with_bytes_changed(
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        // Most changes go where the structure is, not among the numbers.
        near_an_end in any::<bool>(),
    ) {
        let mut bytes = file.get(&FILES).clone();
        let length = bytes.len();
        for (at, byte) in changes {
            let at = if near_an_end { at.index(length.min(2000)) } else { at.index(length) };
            let at = if near_an_end && byte & 1 == 0 { length - 1 - at } else { at };
            bytes[at] = byte;
        }
        read(&bytes);
    }

    #[test]
    fn real_files_with_parts_moved(
        file in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        length in 0usize..64,
        cut in any::<bool>(),
    ) {
        let mut bytes = file.get(&FILES).clone();
        let from = from.index(bytes.len());
        let end = (from + length).min(bytes.len());
        let part = bytes[from..end].to_vec();
        if cut {
            bytes.drain(from..end);
        }
        let to = to.index(bytes.len());
        bytes.splice(to..to, part);
        read(&bytes);
    }
}
