//! A generator and the discriminator beside it.

use pulse_checkpoint::{Checkpoint, Configuration, ErrorKind, OpenOptions, Pair, Tensor};

use crate::build::{MATRIX, Program, View, numbers, torch_zip};
use crate::fixture;

fn pair_of_nvidia() -> Pair {
    Pair::from_bytes(&fixture("../../../pulse/tests/fixtures/discriminator_pair.pkl")).unwrap()
}

#[test]
fn both_networks_of_a_file_are_read() {
    let bytes = fixture("../../../pulse/tests/fixtures/discriminator_pair.pkl");
    let Pair { generator, discriminator } = pair_of_nvidia();
    assert_eq!(generator, Checkpoint::from_bytes(&bytes).unwrap());
    let judge = discriminator.unwrap().unwrap();
    assert_eq!(judge.tensor("b4.conv.weight").unwrap().shape(), [4, 7, 3, 3]);
    assert_eq!(judge.configuration["class_name"].as_str(), Some("Discriminator"));
    assert_eq!(
        judge.configuration["modules"].get("b8.conv0").unwrap().get("conv_clamp").unwrap().as_integer(),
        Some(256)
    );
    assert_eq!(judge.tensors, OpenOptions::new().network("D").read(&bytes).unwrap().tensors);
}

#[test]
fn a_pair_in_safetensors_reads_back_as_the_same() {
    let pair = pair_of_nvidia();
    let place = std::env::temp_dir().join(format!("pulse-checkpoint-pair-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let path = place.join("pair.safetensors");
    pair.write_safetensors(&path).unwrap();

    let read = Pair::open(&path).unwrap();
    let (judge, wanted) =
        (read.discriminator.unwrap().unwrap(), pair.discriminator.as_ref().unwrap().as_ref().unwrap());
    assert_eq!((&judge.tensors, &judge.configuration), (&wanted.tensors, &wanted.configuration));
    assert_eq!(read.generator.tensors, pair.generator.tensors);
    assert_eq!(read.generator.configuration, pair.generator.configuration);
    // Whoever wants the generator alone does not see the other.
    assert_eq!(Checkpoint::open(&path).unwrap(), read.generator);
    assert_eq!(OpenOptions::new().network("D").open(&path).unwrap(), judge);
    assert_eq!(OpenOptions::new().network("G").open(&path).unwrap_err().kind(), ErrorKind::Missing);

    let mut clashing = pair;
    clashing.generator.tensors.insert("D.weight".to_owned(), Tensor::new([1], [0.5]).unwrap());
    assert_eq!(clashing.write_safetensors(&path).unwrap_err().kind(), ErrorKind::Argument);
    // Without a discriminator the name is as good as any.
    clashing.discriminator = None;
    clashing.generator.configuration = Configuration::new();
    clashing.write_safetensors(&path).unwrap();
    assert!(Checkpoint::open(&path).unwrap().tensors.contains_key("D.weight"));
    assert!(Pair::open(&path).unwrap().discriminator.is_none());
    std::fs::remove_dir_all(place).unwrap();
}

/// A file with a generator and, under `name`, what `judge` adds.
fn file(name: &str, judge: impl FnOnce(Program) -> Program) -> Pair {
    let program = Program::new().raw(b"}").text("g_ema").raw(b"}").text("weight").tensor(&MATRIX).raw(b"ss");
    let program = judge(program.text(name)).raw(b"s");
    Pair::from_bytes(&torch_zip(&program.end(), &numbers(6))).unwrap()
}

#[test]
fn a_discriminator_that_cannot_be_read_keeps_nobody_from_the_generator() {
    let beyond = View { shape: &[7], strides: &[1], ..MATRIX };
    let broken: [(Pair, ErrorKind); 3] = [
        (file("D", |program| program.raw(b"}").text("w").tensor(&beyond).raw(b"s")), ErrorKind::Corrupt),
        (file("d", |program| program.raw(b"}").text("w").tensor(&beyond).raw(b"s")), ErrorKind::Corrupt),
        (
            file("D", |program| program.global("os", "system").raw(b"(").text("echo pwned").raw(b"tR")),
            ErrorKind::Unsupported,
        ),
    ];
    for (pair, kind) in broken {
        assert_eq!(pair.generator.tensors.len(), 1);
        let error = pair.discriminator.expect("there is one").unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn what_only_has_the_name_is_no_discriminator() {
    let none: [Pair; 4] = [
        file("D", |program| program.raw(b"N")),
        file("d", |program| program.integer(3)),
        file("d", |program| program.tensor(&MATRIX)),
        file("D", |program| program.raw(b"}")),
    ];
    assert!(none.iter().all(|pair| pair.discriminator.is_none()));
    let found = file("d", |program| program.raw(b"}").text("w").tensor(&MATRIX).raw(b"s")).discriminator;
    assert_eq!(found.unwrap().unwrap().tensor("w").unwrap().shape(), [2, 3]);
}
