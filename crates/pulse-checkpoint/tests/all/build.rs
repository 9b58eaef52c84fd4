//! Builds pickles and archives, sound and unsound ones.

/// A pickle in the making: each call adds what puts one object on the stack.
#[derive(Clone, Default)]
pub(crate) struct Program(pub(crate) Vec<u8>);

impl Program {
    pub(crate) fn new() -> Self {
        Self(vec![0x80, 4])
    }

    pub(crate) fn raw(mut self, operations: &[u8]) -> Self {
        self.0.extend_from_slice(operations);
        self
    }

    pub(crate) fn repeat(self, operations: &[u8], count: usize) -> Self {
        self.raw(&operations.repeat(count))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap();
        self.raw(b"X").raw(&length.to_le_bytes()).raw(text.as_bytes())
    }

    pub(crate) fn integer(self, number: i64) -> Self {
        self.raw(&[0x8a, 8]).raw(&number.to_le_bytes())
    }

    pub(crate) fn integers(self, numbers: &[i64]) -> Self {
        numbers.iter().fold(self.raw(b"("), |program, &number| program.integer(number)).raw(b"t")
    }

    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.raw(b"c").raw(module.as_bytes()).raw(b"\n").raw(name.as_bytes()).raw(b"\n")
    }

    /// A view of the storage `key`, which is said to have `length` numbers.
    pub(crate) fn tensor(self, view: &View<'_>) -> Self {
        self.global("torch._utils", "_rebuild_tensor_v2")
            .raw(b"((")
            .text("storage")
            .global("torch", view.class)
            .text(view.key)
            .text("cpu")
            .integer(view.length)
            .raw(b"tQ")
            .integer(view.offset)
            .integers(view.shape)
            .integers(view.strides)
            .raw(b"\x89N")
            .raw(b"tR")
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

/// A tensor of PyTorch's.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    pub(crate) class: &'v str,
    pub(crate) key: &'v str,
    pub(crate) length: i64,
    pub(crate) offset: i64,
    pub(crate) shape: &'v [i64],
    pub(crate) strides: &'v [i64],
}

/// Six numbers in storage 0, as a matrix of two rows.
pub(crate) const MATRIX: View<'_> =
    View { class: "FloatStorage", key: "0", length: 6, offset: 0, shape: &[2, 3], strides: &[3, 1] };

/// 0, 1, 2, … as `f32`.
pub(crate) fn numbers(count: u8) -> Vec<u8> {
    (0..count).flat_map(|number| f32::from(number).to_le_bytes()).collect()
}

/// A dictionary of the one tensor `weight`.
pub(crate) fn dictionary_of(view: &View<'_>) -> Vec<u8> {
    Program::new().raw(b"}").text("weight").tensor(view).raw(b"s").end()
}

/// An archive of `torch.save` with a pickle and storage 0.
pub(crate) fn torch_zip(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    zip(&[("archive/data.pkl", pickle), ("archive/data/0", storage)])
}

/// A zip archive whose entries are stored as they are.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|&(name, bytes)| Entry::stored(name, bytes)).collect();
    zip_of(&entries)
}

/// An entry of a zip archive, and what its header says of it.
#[derive(Clone)]
pub(crate) struct Entry<'e> {
    pub(crate) name: &'e str,
    pub(crate) bytes: &'e [u8],
    pub(crate) declared: u32,
    pub(crate) method: u16,
    pub(crate) flags: u16,
}

impl<'e> Entry<'e> {
    pub(crate) fn stored(name: &'e str, bytes: &'e [u8]) -> Self {
        Self { name, bytes, declared: u32::try_from(bytes.len()).unwrap(), method: 0, flags: 0 }
    }

    /// Bytes that inflate to `length`, or are said to.
    pub(crate) fn deflated(name: &'e str, bytes: &'e [u8], length: usize) -> Self {
        Self { name, bytes, declared: u32::try_from(length).unwrap(), method: 8, flags: 0 }
    }
}

/// `bytes`, deflated.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(bytes, 6)
}

pub(crate) fn zip_of(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for Entry { name, bytes, declared, method, flags } in entries {
        let offset = u32::try_from(file.len()).unwrap();
        let length = u16::try_from(name.len()).unwrap();
        let mut common = Vec::new();
        common.extend([20, 0]);
        common.extend(flags.to_le_bytes());
        common.extend(method.to_le_bytes());
        common.extend([0; 8]);
        let packed = if *method == 0 { *declared } else { u32::try_from(bytes.len()).unwrap() };
        common.extend(packed.to_le_bytes());
        common.extend(declared.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend([0; 2]);
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let offset = u32::try_from(file.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap();
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    file.extend(offset.to_le_bytes());
    file.extend([0; 2]);
    file
}

/// An archive of `torch.save` before 1.6.
pub(crate) fn torch_legacy(pickle: &[u8], storages: &[(&str, i64, &[u8])]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend(pickle);
    let keys = storages.iter().fold(Program::new().raw(b"]("), |keys, (key, ..)| keys.text(key));
    file.extend(keys.raw(b"e").end());
    for (_, count, bytes) in storages {
        file.extend(count.to_le_bytes());
        file.extend(*bytes);
    }
    file
}
