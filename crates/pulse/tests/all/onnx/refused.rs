//! What is refused, each by its own sentence.

use pulse::checkpoint::{Checkpoint, ErrorKind};
use pulse::generator::from_checkpoint;

use super::written::{Message, model, node, of_graph, outside, plain, port, tensor, whole, with_input};

/// Why bytes are no model that can be searched.
fn reason(bytes: &[u8]) -> String {
    match Checkpoint::from_bytes(bytes) {
        Err(error) => error.to_string(),
        Ok(checkpoint) => from_checkpoint(&checkpoint).err().expect("it is refused").to_string(),
    }
}

fn has(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "`{part}` is not in: {reason}");
    }
}

#[test]
fn a_plain_model_is_read() {
    let (nodes, tensors) = plain();
    let checkpoint = Checkpoint::from_bytes(&model(&nodes, &tensors)).unwrap();
    let generator = from_checkpoint(&checkpoint).unwrap();
    assert_eq!((generator.spec().width, generator.spec().z_dim), (2, 2));
}

#[test]
fn every_operator_that_is_not_read_is_named_at_once() {
    let (_, tensors) = plain();
    let nodes = [
        node("Conjure", &["z"], "a"),
        node("GridSample", &["a", "z"], "b"),
        node("Summon", &["z"], "c"),
        node("Add", &["b", "c"], "image"),
    ];
    // `Add` stands behind them, and is not blamed.
    has(
        &reason(&model(&nodes, &tensors)),
        &["Conjure (`node_a`)", "GridSample (`node_b`)", "Summon (`node_c`)", "static batch of 1"],
    );
}

#[test]
fn noise_that_is_drawn_anew_is_refused_with_the_way_out() {
    let (nodes, tensors) = plain();
    let noise = [node("RandomNormalLike", &["image_0"], "n"), node("Add", &["image_0", "n"], "image")];
    let nodes = [nodes[0].clone(), node("Reshape", &["y", "shape"], "image_0"), noise[0].clone(), noise[1].clone()];
    has(&reason(&model(&nodes, &tensors)), &["RandomNormalLike", "drawn anew", "as an input, or fixed"]);
}

#[test]
fn a_batch_that_is_not_one_is_refused_and_a_free_one_is_one() {
    let (nodes, tensors) = plain();
    let free = with_input(&port("z", &[Err("batch"), Ok(2)]), &nodes, &tensors);
    assert!(from_checkpoint(&Checkpoint::from_bytes(&free).unwrap()).is_ok());
    let four = with_input(&port("z", &[Ok(4), Ok(2)]), &nodes, &tensors);
    has(&reason(&four), &["`z`", "4 at a time", "batch of 1"]);
    let wide = with_input(&port("z", &[Ok(1), Err("width")]), &nodes, &tensors);
    has(&reason(&wide), &["`width`", "`z`", "is free"]);
}

#[test]
fn weights_outside_lie_in_a_plain_file_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    let (nodes, tensors) = plain();
    let open = |entries: &[(&str, &str)]| {
        let weights = [outside("W", &[2, 4], entries), tensors[1].clone()];
        std::fs::write(&file, model(&nodes, &weights)).unwrap();
        Checkpoint::open(&file)
    };
    let absent = open(&[("location", "model.onnx.data"), ("offset", "4"), ("length", "32")]).unwrap_err();
    has(&absent.to_string(), &["model.onnx.data", "put it there"]);
    std::fs::write(folder.path().join("model.onnx.data"), [0; 36]).unwrap();
    let read = open(&[("location", "model.onnx.data"), ("offset", "4"), ("length", "32")]).unwrap();
    assert_eq!(read.tensors["W"].shape(), [2, 4]);
    let cut = open(&[("location", "model.onnx.data"), ("offset", "8")]).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Truncated);
    for away in ["../model.onnx.data", "/etc/passwd", "sub/weights", "..", "C:weights", "a\\b", ""] {
        let escaping = open(&[("location", away), ("length", "32")]).unwrap_err();
        has(&escaping.to_string(), &["only a file beside the model is read"]);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        has(&open(&[("location", "link")]).unwrap_err().to_string(), &["is a link"]);
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(open(&[("location", "folder")]).is_err());
    }
    let unplaced = model(&nodes, &[outside("W", &[2, 4], &[("location", "w")]), tensors[1].clone()]);
    has(&reason(&unplaced), &["open it by its path"]);
}

#[test]
fn a_cycle_a_missing_node_and_a_name_made_twice_are_refused() {
    let (nodes, tensors) = plain();
    let cycle =
        [node("Add", &["z", "b"], "a"), node("Relu", &["a"], "b"), node("MatMul", &["b", "W"], "y"), nodes[1].clone()];
    has(&reason(&model(&cycle, &tensors)), &["has a cycle, or lacks a node"]);
    has(&reason(&model(&nodes[1..], &tensors)), &["has a cycle, or lacks a node"]);
    let twice = [nodes[0].clone(), nodes[0].clone(), nodes[1].clone()];
    has(&reason(&model(&twice, &tensors)), &["two nodes make `y`"]);
    let nothing = model(&nodes[..1], &tensors);
    has(&reason(&nothing), &["nothing makes its output `image`"]);
}

#[test]
fn numbers_that_contradict_their_shape_are_refused() {
    let (nodes, tensors) = plain();
    let of = |weights: Message| reason(&model(&nodes, &[weights, tensors[1].clone()]));
    has(&of(tensor("W", &[2, 5], &[0.0; 8])), &["`W`", "32 bytes", "40"]);
    has(&of(tensor("W", &[1 << 40, 1 << 40], &[0.0; 8])), &["can be counted"]);
    has(&of(tensor("W", &[-1, 4], &[0.0; 8])), &["negative"]);
    has(&of(tensor("W", &[4, 2], &[0.0; 8])), &["MatMul (`node_y`)", "cannot multiply"]);
    has(&of(tensor("W", &[2, 4], &[0.0; 8]).integer(2, 8)), &["type 8"]);
}

#[test]
fn graphs_within_graphs_and_functions_are_refused() {
    let (nodes, tensors) = plain();
    let branch = Message::default().text(1, "then_branch").message(6, &Message::default());
    let within = [node("If", &["z"], "q").message(5, &branch), nodes[0].clone(), nodes[1].clone()];
    has(&reason(&model(&within, &tensors)), &["graphs within its graph"]);
    let graph = Message::default().all(1, &nodes).all(5, &tensors).message(11, &port("z", &[Ok(1), Ok(2)]));
    let bytes = of_graph(&graph.message(12, &port("image", &[Ok(1), Ok(1), Ok(2), Ok(2)])));
    let with_function = [bytes, vec![25 << 3 | 2, 1, 0]].concat();
    let with_function = [&with_function[..with_function.len() - 3], &[0xca, 0x01, 0x00]].concat();
    has(&reason(&with_function), &["functions of its own"]);
}

#[test]
fn constants_that_would_fill_the_memory_are_refused() {
    let (nodes, mut tensors) = plain();
    tensors[1] = whole("shape", &[1, 1, 2, 2]);
    let huge = [
        node("ConstantOfShape", &["lengths"], "h"),
        node("Add", &["z", "h"], "zh"),
        node("MatMul", &["zh", "W"], "y"),
        nodes[1].clone(),
    ];
    let [weights, shape] = tensors;
    let tensors = [weights, shape, whole("lengths", &[1 << 20, 1 << 20])];
    has(&reason(&model(&huge, &tensors)), &["ConstantOfShape"]);
}

#[test]
fn what_is_computed_where_a_constant_is_needed_is_refused() {
    let (nodes, tensors) = plain();
    let shape = [
        node("Floor", &["z"], "f"),
        node("Add", &["z", "f"], "zf"),
        node("MatMul", &["zf", "W"], "y"),
        nodes[1].clone(),
    ];
    has(&reason(&model(&shape, &tensors)), &["Floor (`node_f`)", "no gradient"]);
    let cut = Checkpoint::from_bytes(&model(&nodes, &tensors)[..60]).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Truncated);
}

#[test]
fn a_model_in_training_mode_is_refused_with_the_way_out() {
    let (nodes, tensors) = plain();
    let training = Message::default().text(1, "training_mode").integer(3, 1).integer(20, 2);
    let norm = node("BatchNormalization", &["z", "s", "s", "s", "s"], "n").message(5, &training);
    let nodes = [norm, node("MatMul", &["n", "W"], "y"), nodes[1].clone()];
    let tensors = [tensors[0].clone(), tensors[1].clone(), tensor("s", &[2], &[1.0; 2])];
    has(&reason(&model(&nodes, &tensors)), &["BatchNormalization (`node_n`)", "training mode", ".eval()"]);
}

#[test]
fn a_pool_of_what_has_no_height_and_width_is_refused() {
    let (nodes, tensors) = plain();
    let nodes = [
        node("Squeeze", &["z"], "v"),
        node("GlobalAveragePool", &["v"], "p"),
        node("MatMul", &["p", "W"], "y"),
        nodes[1].clone(),
    ];
    has(&reason(&model(&nodes, &tensors)), &["GlobalAveragePool (`node_p`)", "pools no map"]);
}
