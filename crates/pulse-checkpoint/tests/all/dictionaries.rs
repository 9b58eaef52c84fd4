//! Where in a file the network is looked for, and what is kept beside it.

use pulse_checkpoint::{Checkpoint, ErrorKind, Value};

use crate::build::{MATRIX, Program, numbers, torch_zip};

fn read(program: Program) -> Result<Checkpoint, pulse_checkpoint::Error> {
    Checkpoint::from_bytes(&torch_zip(&program.end(), &numbers(6)))
}

/// Adds an entry whose value is a dictionary of one tensor.
fn network(program: Program, key: &str, tensor: &str) -> Program {
    program.text(key).raw(b"}").text(tensor).tensor(&MATRIX).raw(b"ss")
}

fn names(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.tensors.keys().map(String::as_str).collect()
}

#[test]
fn averaged_generators_go_before_others() {
    let program =
        network(network(network(Program::new().raw(b"}"), "d", "judge"), "g", "trained"), "g_ema", "averaged");
    assert_eq!(names(&read(program).unwrap()), ["averaged"]);
    let program = network(network(Program::new().raw(b"}"), "netD_state_dict", "judge"), "netG_state_dict", "made");
    assert_eq!(names(&read(program).unwrap()), ["made"]);
}

#[test]
fn dictionaries_of_dictionaries() {
    let program = network(Program::new().raw(b"}").text("checkpoint").raw(b"}"), "state_dict", "w").raw(b"s");
    assert_eq!(names(&read(program).unwrap()), ["w"]);
    let error = read(network(network(Program::new().raw(b"}"), "first", "a"), "second", "b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().contains("`first`, `second`"), "{error}");
    let error = read(Program::new().raw(b"}").text("epoch").integer(3).raw(b"s")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().contains("a dictionary of `epoch`"), "{error}");
}

#[test]
fn the_prefix_of_data_parallel_is_stripped() {
    let program = Program::new().raw(b"}(").text("module.a").tensor(&MATRIX).text("module.b").tensor(&MATRIX).raw(b"u");
    assert_eq!(names(&read(program).unwrap()), ["a", "b"]);
    let program = Program::new().raw(b"}(").text("module.a").tensor(&MATRIX).text("b").tensor(&MATRIX).raw(b"u");
    assert_eq!(names(&read(program).unwrap()), ["b", "module.a"]);
}

#[test]
fn plain_data_is_kept_as_configuration() {
    let program = network(Program::new().raw(b"}"), "g_ema", "w")
        .text("latent_avg")
        .tensor(&MATRIX)
        .raw(b"s")
        .text("args")
        .global("argparse", "Namespace")
        .raw(b")\x81}(")
        .text("size")
        .integer(1024)
        .text("lr")
        .raw(b"G")
        .raw(&0.002f64.to_be_bytes())
        .text("limit")
        .raw(b"G")
        .raw(&f64::INFINITY.to_be_bytes())
        .text("dtype")
        .global("torch", "float32")
        .raw(b"ubs")
        .text("betas")
        .raw(b"K\x00K\x01\x86s");
    // An optimiser holds tensors, so it is no configuration.
    let checkpoint = read(network(program, "g_optim", "exp_avg")).unwrap();
    assert_eq!(names(&checkpoint), ["latent_avg", "w"]);
    let configuration = &checkpoint.configuration;
    assert_eq!(configuration.keys().collect::<Vec<_>>(), ["args", "betas"]);
    let args = &configuration["args"];
    assert_eq!(args.get("class_name"), Some(&Value::String("argparse.Namespace".into())));
    assert_eq!(args.get("size"), Some(&Value::Integer(1024)));
    assert_eq!(args.get("lr"), Some(&Value::Float(0.002)));
    assert_eq!(args.get("limit"), Some(&Value::String("inf".into())));
    assert_eq!(args.get("dtype"), Some(&Value::String("torch.float32".into())));
    assert_eq!(configuration["betas"], Value::List(vec![Value::Integer(0), Value::Integer(1)]));
}

#[test]
fn whole_models_are_flattened() {
    // Model(_parameters {bias: tensor, none: None}, _modules {inner: Layer(_buffers {mean: tensor})}).
    let inner = |program: Program| {
        program
            .global("models", "Layer")
            .raw(b")\x81}(")
            .text("_buffers")
            .raw(b"}")
            .text("mean")
            .tensor(&MATRIX)
            .raw(b"s")
            .text("_modules")
            .raw(b"}")
            .text("width")
            .integer(8)
            .raw(b"ub")
    };
    let program = Program::new()
        .global("models", "Model")
        .raw(b")\x81}(")
        .text("_parameters")
        .global("collections", "OrderedDict")
        .raw(b")R(")
        .text("bias")
        .tensor(&MATRIX)
        .text("none")
        .raw(b"Nu")
        .text("_modules")
        .raw(b"}")
        .text("inner");
    let checkpoint = read(inner(program).raw(b"sub")).unwrap();
    assert_eq!(names(&checkpoint), ["bias", "inner.mean"]);
    assert_eq!(checkpoint.configuration["class_name"].as_str(), Some("Model"));
    assert_eq!(checkpoint.configuration["modules"].get("inner").unwrap().get("width"), Some(&Value::Integer(8)));
}

#[test]
fn modules_of_torchscript_have_their_tensors_as_attributes() {
    let program = Program::new()
        .global("__torch__.models", "Model")
        .raw(b")\x81}(")
        .text("training")
        .raw(b"\x89")
        .text("bias")
        .tensor(&MATRIX)
        .text("inner")
        .global("__torch__.layers.___torch_mangle_0", "Layer")
        .raw(b")\x81}(")
        .text("weight")
        .tensor(&MATRIX)
        .text("width")
        .integer(8)
        .raw(b"ubub");
    let checkpoint = read(program).unwrap();
    assert_eq!(names(&checkpoint), ["bias", "inner.weight"]);
    assert_eq!(checkpoint.configuration["modules"].get("inner").unwrap().get("width"), Some(&Value::Integer(8)));
}
