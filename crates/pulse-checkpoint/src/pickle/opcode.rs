//! The operations of pickle protocols 0 to 5, under the names that Python's `pickletools` documents them by.

/// One enum, and its reading from a byte, out of one table.
macro_rules! opcodes {
    ($($name:ident = $byte:literal,)*) => {
        /// What a pickle program does next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Opcode {
            $($name,)*
        }

        impl Opcode {
            /// The operation that a byte stands for.
            pub(super) fn of(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

opcodes! {
    // The program and its stack.
    Proto = 0x80,
    Frame = 0x95,
    Stop = b'.',
    Mark = b'(',
    Pop = b'0',
    PopMark = b'1',
    Dup = b'2',

    // Nothing, truth values and numbers.
    None = b'N',
    NewTrue = 0x88,
    NewFalse = 0x89,
    Int = b'I',
    BinInt = b'J',
    BinInt1 = b'K',
    BinInt2 = b'M',
    Long = b'L',
    Long1 = 0x8a,
    Long4 = 0x8b,
    Float = b'F',
    BinFloat = b'G',

    // Bytes and text.
    String = b'S',
    BinString = b'T',
    ShortBinString = b'U',
    BinBytes = b'B',
    ShortBinBytes = b'C',
    BinBytes8 = 0x8e,
    ByteArray8 = 0x96,
    NextBuffer = 0x97,
    ReadonlyBuffer = 0x98,
    Unicode = b'V',
    ShortBinUnicode = 0x8c,
    BinUnicode = b'X',
    BinUnicode8 = 0x8d,

    // Containers.
    EmptyTuple = b')',
    Tuple1 = 0x85,
    Tuple2 = 0x86,
    Tuple3 = 0x87,
    Tuple = b't',
    EmptyList = b']',
    List = b'l',
    Append = b'a',
    Appends = b'e',
    EmptyDict = b'}',
    Dict = b'd',
    SetItem = b's',
    SetItems = b'u',
    EmptySet = 0x8f,
    FrozenSet = 0x91,
    AddItems = 0x90,

    // The memo.
    Put = b'p',
    BinPut = b'q',
    LongBinPut = b'r',
    Memoize = 0x94,
    Get = b'g',
    BinGet = b'h',
    LongBinGet = b'j',

    // Classes, functions, and what Python would do with them.
    Global = b'c',
    StackGlobal = 0x93,
    Reduce = b'R',
    NewObj = 0x81,
    NewObjEx = 0x92,
    Obj = b'o',
    Inst = b'i',
    Build = b'b',
    PersId = b'P',
    BinPersId = b'Q',
    Ext1 = 0x82,
    Ext2 = 0x83,
    Ext4 = 0x84,
}
