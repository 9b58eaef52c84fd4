//! Small models, written byte by byte as exporters do.

/// A message of protocol buffers under construction.
#[derive(Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn integer(mut self, field: u64, number: i64) -> Self {
        self.varint(field << 3);
        self.varint(number as u64);
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    pub(super) fn all(self, field: u64, messages: &[Self]) -> Self {
        messages.iter().fold(self, |whole, message| whole.message(field, message))
    }
}

pub(super) fn node(operator: &str, inputs: &[&str], output: &str) -> Message {
    let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
    node.text(2, output).text(3, &format!("node_{output}")).text(4, operator)
}

/// With lengths, or names of lengths that are free.
pub(super) fn port(name: &str, shape: &[Result<i64, &str>]) -> Message {
    let length = |length: &Result<i64, &str>| match length {
        Ok(length) => Message::default().integer(1, *length),
        Err(free) => Message::default().text(2, free),
    };
    let shape = shape.iter().fold(Message::default(), |whole, axis| whole.message(1, &length(axis)));
    let tensor = Message::default().integer(1, 1).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// Numbers within the file.
pub(super) fn tensor(name: &str, shape: &[i64], numbers: &[f32]) -> Message {
    let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    shaped(name, shape).bytes(9, &raw)
}

/// Whole numbers within the file.
pub(super) fn whole(name: &str, numbers: &[i64]) -> Message {
    let tensor = Message::default().integer(1, numbers.len() as i64).integer(2, 7).text(8, name);
    numbers.iter().fold(tensor, |tensor, &number| tensor.integer(7, number))
}

/// Numbers in another file.
pub(super) fn outside(name: &str, shape: &[i64], entries: &[(&str, &str)]) -> Message {
    let pair = |(key, value): &(&str, &str)| Message::default().text(1, key).text(2, value);
    let entries: Vec<_> = entries.iter().map(pair).collect();
    shaped(name, shape).all(13, &entries).integer(14, 1)
}

fn shaped(name: &str, shape: &[i64]) -> Message {
    shape.iter().fold(Message::default(), |tensor, &length| tensor.integer(1, length)).integer(2, 1).text(8, name)
}

/// A model with an input `z` of two numbers and an output `image`.
pub(super) fn model(nodes: &[Message], tensors: &[Message]) -> Vec<u8> {
    with_input(&port("z", &[Ok(1), Ok(2)]), nodes, tensors)
}

pub(super) fn with_input(input: &Message, nodes: &[Message], tensors: &[Message]) -> Vec<u8> {
    let graph = Message::default().all(1, nodes).all(5, tensors).message(11, input);
    of_graph(&graph.message(12, &port("image", &[Ok(1), Ok(1), Ok(2), Ok(2)])))
}

pub(super) fn of_graph(graph: &Message) -> Vec<u8> {
    let version = Message::default().text(1, "").integer(2, 17);
    Message::default().integer(1, 8).text(2, "test").message(7, graph).message(8, &version).0
}

/// `image = reshape(z W)`, of 2x2 pixels.
pub(super) fn plain() -> ([Message; 2], [Message; 2]) {
    let nodes = [node("MatMul", &["z", "W"], "y"), node("Reshape", &["y", "shape"], "image")];
    let numbers: Vec<f32> = (0..8).map(|i| i as f32 * 0.1).collect();
    (nodes, [tensor("W", &[2, 4], &numbers), whole("shape", &[1, 1, 2, 2])])
}
