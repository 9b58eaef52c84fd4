//! One budget for a whole file: what is nested in it, what is copied out of it and what is only looked at costs too.

use pulse_checkpoint::{Checkpoint, ErrorKind};

use crate::build::{Program, numbers, torch_legacy};
use crate::refusal;

/// An archive whose storage is six numbers, and whose first program has so many steps more than it needs.
fn nested(steps: usize) -> Vec<u8> {
    let identifier = |program: Program| {
        program.raw(b"(").text("storage").global("torch", "FloatStorage").text("0").text("cpu").integer(6).raw(b"tQ")
    };
    let program = identifier(Program::new().repeat(b"N0", steps / 2));
    torch_legacy(&program.end(), &[("0", 6, &numbers(6))])
}

/// What stands in a pickle for a tensor over the archive that the program puts on the stack.
fn over(program: Program, bytes: impl FnOnce(Program) -> Program) -> Program {
    let program = program.global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
    let program = bytes(program.global("torch.storage", "_load_from_bytes").raw(b"(")).raw(b"tR");
    program.integer(0).integers(&[2, 3]).integers(&[3, 1]).raw(b"\x89N").raw(b"tR")
}

fn bytes_object(program: Program, bytes: &[u8]) -> Program {
    program.raw(b"B").raw(&u32::try_from(bytes.len()).unwrap().to_le_bytes()).raw(bytes)
}

#[test]
fn tensors_that_share_a_nested_archive_read_it_once() {
    // An archive that begins at once would be taken for the file.
    let beginning = Program::new().text("what stands before").raw(b"0");
    let program = bytes_object(beginning, &nested(100_000)).raw(b"q\x000}(");
    let program = (0..1000)
        .fold(program, |program, index| over(program.text(&format!("w{index}")), |program| program.raw(b"h\0")));
    let checkpoint = Checkpoint::from_bytes(&program.raw(b"u").end()).unwrap();
    assert_eq!(checkpoint.tensors.len(), 1000);
    assert_eq!(checkpoint.tensor("w7").unwrap().data()[..], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn nested_archives_take_their_steps_from_the_whole_file() {
    let archive = nested(200_000);
    let program = (0..40).fold(Program::new().raw(b"}("), |program, index| {
        over(program.text(&format!("w{index}")), |program| bytes_object(program, &archive))
    });
    assert_eq!(refusal(&program.raw(b"u").end()).0, ErrorKind::TooLarge);
}

#[test]
fn archives_that_are_made_of_a_text_are_copied_once_and_paid_for() {
    // Latin-1 text, each byte as a character: as protocols below 3 write bytes.
    let latin = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>();
    let mut large = nested(10);
    large.resize(1 << 20, 0);
    let encode = |program: Program| program.global("_codecs", "encode").raw(b"(h\0").text("latin1").raw(b"tR");
    let program = Program::new().text(&latin(&large)).raw(b"q\x000}(");
    let program = (0..2000).fold(program, |program, index| over(program.text(&format!("w{index}")), encode));
    assert_eq!(Checkpoint::from_bytes(&program.raw(b"u").end()).unwrap().tensors.len(), 2000);
    // Different texts are different copies, and each has its own bytes in the file.
    let encode = |text: &str| {
        let text = text.to_owned();
        move |program: Program| program.global("_codecs", "encode").raw(b"(").text(&text).text("latin1").raw(b"tR")
    };
    let program = (0..60).fold(Program::new().raw(b"}("), |program, index| {
        over(program.text(&format!("w{index}")), encode(&latin(&large)))
    });
    Checkpoint::from_bytes(&program.raw(b"u").end()).unwrap();
}

#[test]
fn pairs_that_are_none_are_looked_at_for_a_price() {
    let list = Program::new().raw(b"](").repeat(b"N", 250_000).raw(b"eq\x000");
    let ordered = list.global("collections", "OrderedDict").raw(b"(h\0tRq\x010}(");
    let program = (0..500).fold(ordered, |program, index| {
        let program = program.text(&format!("w{index}"));
        program.global("torch_utils.persistence", "_reconstruct_persistent_obj").raw(b"(h\x01tR")
    });
    assert_eq!(refusal(&program.raw(b"u").end()).0, ErrorKind::TooLarge);
}

#[test]
fn objects_take_their_memory_from_the_whole_file() {
    // A few bytes of program for each object, its class and its list.
    let program = Program::new().raw(b"(").repeat(b"(ia\nb\n", 400_000).raw(b"t");
    assert_eq!(refusal(&program.end()).0, ErrorKind::TooLarge);
    let program = Program::new().raw(b"(").repeat(b"]\x94", 700_000).raw(b"t");
    assert_eq!(refusal(&program.end()).0, ErrorKind::TooLarge);
}

#[test]
fn headers_are_read_entry_by_entry() {
    let file = |header: &str| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    // What nobody asked for is passed over, however much it is.
    let nothing = r#"{"":0},"#.repeat(400_000);
    let header = format!(r#"{{"w":{{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":[{nothing}0]}}}}"#);
    assert_eq!(Checkpoint::from_bytes(&file(&header)).unwrap().tensor("w").unwrap().shape(), [0]);
    let ones = "1,".repeat(1_000_000);
    let header = format!(r#"{{"w":{{"dtype":"F32","shape":[{ones}1],"data_offsets":[0,0]}}}}"#);
    assert_eq!(refusal(&file(&header)).0, ErrorKind::TooLarge);
    // A configuration of more values than any has is kept as the text that it is.
    let lists = format!("{{\\\"a\\\":[{}0]}}", "[],".repeat(1_100_000));
    let header = format!(r#"{{"__metadata__":{{"pulse.configuration":"{lists}"}}}}"#);
    let checkpoint = Checkpoint::from_bytes(&file(&header)).unwrap();
    assert!(checkpoint.configuration["pulse.configuration"].as_str().is_some());
    // What the header says of a tensor may be of any type, and is refused in words.
    for said in [
        "0",
        "[]",
        r#"{"dtype":1,"shape":[],"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":{},"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":[1],"data_offsets":"all"}"#,
        r#"{"dtype":null,"shape":[[1]],"data_offsets":[0,[4]]}"#,
    ] {
        let (kind, message) = refusal(&file(&format!(r#"{{"w":{said}}}"#)));
        assert_eq!(kind, ErrorKind::Corrupt, "{message}");
    }
}

#[test]
fn the_first_of_several_pickles_counts_as_it_does_for_pytorch() {
    use crate::build::{MATRIX, View, dictionary_of, zip};

    let short = View { length: 2, shape: &[2], strides: &[1], ..MATRIX };
    let (first, second) = (dictionary_of(&MATRIX), dictionary_of(&short));
    let storage = numbers(6);
    let file = zip(&[
        ("zebra/data.pkl", &first),
        ("zebra/data/0", &storage),
        ("antelope/data.pkl", &second),
        ("antelope/data/0", &storage),
    ]);
    assert_eq!(Checkpoint::from_bytes(&file).unwrap().tensor("weight").unwrap().shape(), [2, 3]);
}

#[test]
fn a_network_can_be_named_by_what_its_tensors_begin_with() {
    use pulse_checkpoint::OpenOptions;

    use crate::build::{MATRIX, torch_zip};

    let names = ["encoder.weight", "decoder.body.weight", "decoder.body.module.bias", "latent_avg"];
    let program = names.iter().fold(Program::new().raw(b"}("), |program, name| program.text(name).tensor(&MATRIX));
    let file = torch_zip(&program.raw(b"u").end(), &numbers(6));
    let named = |name: &str| OpenOptions::new().network(name).read(&file);
    let tensors: Vec<_> = named("decoder.body").unwrap().tensors.into_keys().collect();
    assert_eq!(tensors, ["latent_avg", "module.bias", "weight"]);
    assert_eq!(named("decod").unwrap_err().kind(), ErrorKind::Missing);
    assert_eq!(named("").unwrap_err().kind(), ErrorKind::Missing);
}
