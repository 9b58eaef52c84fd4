//! Reads real files, and files that were made to do harm.

mod archives;
mod budget;
mod build;
mod dictionaries;
mod hostile;
mod numpy;
mod pairs;
mod properties;
mod real;
mod safetensors;
mod write;

/// The bytes of a real file.
fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The kind and the message of the error that reading `bytes` must give.
#[track_caller]
fn refusal(bytes: &[u8]) -> (pulse_checkpoint::ErrorKind, String) {
    let error = pulse_checkpoint::Checkpoint::from_bytes(bytes).expect_err("this was to be refused");
    let message = error.to_string();
    assert!(!message.contains('\n'), "the message has more than one line: {message}");
    (error.kind(), message)
}
