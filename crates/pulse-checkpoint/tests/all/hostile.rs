//! Pickles that were made to do harm: they end in a typed error or in data, never in a call.

use pulse_checkpoint::{Checkpoint, ErrorKind};

use crate::build::{MATRIX, Program, numbers, torch_zip};
use crate::refusal;

const MILLION: usize = 1_000_000;
/// More than any stack holds, and less than a small file may spend.
const MANY: usize = 150_000;

/// A file whose network is sound, and which has `value` beside it.
fn beside(value: impl FnOnce(Program) -> Program) -> Vec<u8> {
    let program = Program::new().raw(b"}(").text("weight").tensor(&MATRIX).text("beside");
    torch_zip(&value(program).raw(b"u").end(), &numbers(6))
}

#[test]
fn nothing_is_called() {
    let witness = std::env::temp_dir().join(format!("pulse-checkpoint-{}", std::process::id()));
    let command = format!("touch {}", witness.display());
    for (module, name) in [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen")] {
        let call = |program: Program| program.global(module, name).raw(b"(").text(&command).raw(b"tR");
        let global = format!("`{module}.{name}`");
        let files = [
            call(Program::new()).end(),
            call(Program::new().raw(b"}").text("state_dict")).raw(b"s").end(),
            beside(call),
            Program::new().raw(b"(").text(&command).raw(b"i").raw(format!("{module}\n{name}\n").as_bytes()).end(),
            Program::new().raw(b"(").global(module, name).text(&command).raw(b"o").end(),
            // As the argument of what is known: a tensor's storage, an array's type, bytes.
            call(Program::new().raw(b"}").text("w").global("torch._utils", "_rebuild_tensor_v2").raw(b"("))
                .raw(b"K\0)))NtRs")
                .end(),
            call(Program::new().raw(b"}").text("w").global("numpy.core.multiarray", "scalar").raw(b"("))
                .raw(b"NtRs")
                .end(),
        ];
        for file in files {
            let (kind, message) = refusal(&file);
            assert!(message.contains(&global), "{message}");
            assert!(matches!(kind, ErrorKind::Unsupported | ErrorKind::Corrupt), "{message}");
        }
    }
    assert!(!witness.exists());
}

#[test]
fn calls_of_calls() {
    // getattr(__import__('os'), 'system')('…'): the callable is itself a call, so it has no name.
    let program = Program::new().global("builtins", "getattr").raw(b"(").global("builtins", "__import__");
    let program = program.raw(b"(").text("os").raw(b"tR").text("system").raw(b"tR(").text("true").raw(b"tR");
    let (kind, message) = refusal(&program.end());
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("nameless"), "{message}");
    refusal(&Program::new().global("a", "b").repeat(b")R", MILLION / 2).end());
    refusal(&Program::new().global("a", "b").repeat(b"\x85\x81", MILLION / 2).raw(b"0N").end());
}

#[test]
fn declared_lengths_are_not_believed() {
    let length = (1u64 << 40).to_le_bytes();
    for operation in [0x8d, 0x8e, 0x96] {
        assert_eq!(refusal(&Program::new().raw(&[operation]).raw(&length).raw(b"x").end()).0, ErrorKind::Truncated);
        assert_eq!(refusal(&Program::new().raw(&[operation]).raw(&[0xff; 8]).end()).0, ErrorKind::Truncated);
    }
    for operation in [b'T', b'X', b'B', 0x8b] {
        assert_eq!(refusal(&Program::new().raw(&[operation]).raw(&[0xff; 4]).end()).0, ErrorKind::Truncated);
    }
    // A memo of four thousand million places, of which two are used.
    let program = Program::new().raw(b"}r\xff\xff\xff\xffr\xfe\xff\xff\xff0j\xff\xff\xff\xff");
    assert_eq!(refusal(&program.end()).0, ErrorKind::Missing);
}

#[test]
fn programs_have_a_longest_length() {
    assert_eq!(refusal(&Program::new().raw(b"(").repeat(b"N", 3 * MILLION).raw(b"t").end()).0, ErrorKind::TooLarge);
    assert_eq!(refusal(&Program::new().repeat(b"}", 3 * MILLION).end()).0, ErrorKind::TooLarge);
    assert_eq!(refusal(&Program::new().raw(b"(").repeat(b"N", 4 * MANY).raw(b"t").end()).0, ErrorKind::Missing);
}

#[test]
fn depth_is_no_recursion() {
    let lists = |program: Program| program.repeat(b"]", MANY).repeat(b"a", MANY - 1);
    assert_eq!(refusal(&lists(Program::new()).end()).0, ErrorKind::Missing);
    assert_eq!(refusal(&Program::new().raw(b")").repeat(b"\x85", MANY).end()).0, ErrorKind::Missing);
    // Dictionaries under a name that is looked into.
    let program = Program::new().raw(b"}").text("model").raw(b"\x94");
    let nested = program.repeat(b"}h\0", MANY / 2).raw(b"N").repeat(b"s", MANY / 2).raw(b"s");
    assert_eq!(refusal(&nested.end()).0, ErrorKind::Missing);
    // Beside a network it is left out.
    let checkpoint = Checkpoint::from_bytes(&beside(lists)).unwrap();
    assert!(checkpoint.configuration.is_empty());
}

#[test]
fn sharing_is_not_expanded() {
    // Each list holds the one before twice: 2^60 lists, if they were written out.
    let doubled = |program: Program, count: u8| {
        (0..count).fold(program.raw(b"]q\0"), |program, level| {
            program.raw(&[b'0', b']', b'q', level + 1, b'(', b'h', level, b'h', level, b'e'])
        })
    };
    let checkpoint = Checkpoint::from_bytes(&beside(|program| doubled(program, 3))).unwrap();
    assert_eq!(checkpoint.configuration["beside"].as_list().unwrap().len(), 2);
    let checkpoint = Checkpoint::from_bytes(&beside(|program| doubled(program, 60))).unwrap();
    assert!(checkpoint.configuration.is_empty());
    assert_eq!(refusal(&doubled(Program::new(), 60).end()).0, ErrorKind::Missing);

    // The same with modules, which would be 2^40 names.
    let module = |program: Program, level: u8, children: &[u8]| {
        let program = program.global("m", "M").raw(b")\x81}").text("_modules").raw(b"}").raw(children);
        program.raw(&[b's', b'b', b'q', level])
    };
    let program = (0..40).fold(module(Program::new(), 0, b""), |program, level| {
        let children =
            [b'(', b'K', 0, b'0', b'X', 1, 0, 0, 0, b'a', b'h', level, b'X', 1, 0, 0, 0, b'b', b'h', level, b'u'];
        module(program.raw(b"0"), level + 1, &children)
    });
    assert_eq!(refusal(&program.end()).0, ErrorKind::TooLarge);

    // And with dictionaries of state dictionaries: a thousand names for the same, four deep.
    let program = (0..5).fold(Program::new().raw(b"}q\0"), |program, level| {
        let names: Vec<u8> = (0..1000)
            .flat_map(|name: u16| [b'M', 0, 0, b'0', b'U', 2, name as u8, (name >> 8) as u8, b'h', level])
            .collect();
        program.raw(b"0}(").raw(&names).raw(b"u").raw(&[b'q', level + 1])
    });
    assert_eq!(refusal(&program.end()).0, ErrorKind::TooLarge);
}

#[test]
fn circles() {
    assert_eq!(refusal(&Program::new().raw(b"]\x94h\0a").end()).0, ErrorKind::Missing);
    let checkpoint = Checkpoint::from_bytes(&beside(|program| program.raw(b"]q\0h\0a"))).unwrap();
    assert!(checkpoint.configuration.is_empty());
    let program = Program::new().raw(b"}\x94").text("state_dict").raw(b"h\0s");
    assert_eq!(refusal(&program.end()).0, ErrorKind::Missing);
    let program = Program::new().global("m", "M").raw(b")\x81\x94}").text("_modules").raw(b"}").text("self");
    assert_eq!(refusal(&program.raw(b"h\0ssb").end()).0, ErrorKind::TooLarge);
    // A call whose arguments are itself, and a class that is named by itself.
    let program = Program::new().raw(b"]\x94").global("torch._utils", "_rebuild_parameter").raw(b"h\0R");
    refusal(&program.raw(b"\x94h\0h\x01a0").end());
    refusal(&Program::new().raw(b"}\x94h\0\x93)R").end());
}

#[test]
fn unsound_programs_are_refused() {
    let programs: [&[u8]; 16] = [
        b"", b"0", b"a", b"t", b"(Na", b"N(a", b"]N]s", b"(Nd", b"}(Nu", b"h\x05", b"Nb", b"]}b", b"\x93", b"\xff",
        b"(o", b"I1x\n",
    ];
    for program in programs {
        let (kind, message) = refusal(&Program::new().raw(program).end());
        assert_eq!(kind, ErrorKind::Corrupt, "{}: {message}", program.escape_ascii());
    }
    assert_eq!(refusal(b"(S'open\n.").0, ErrorKind::Corrupt);
    assert_eq!(refusal(&Program::new().raw(b"\x82\x01").end()).0, ErrorKind::Unsupported);
    assert_eq!(refusal(&Program::new().raw(b"\x97").end()).0, ErrorKind::Unsupported);
}

#[test]
fn names_in_messages_are_escaped_and_cut() {
    let name = "\u{1b}[2J\n".repeat(1000);
    let (_, message) = refusal(&Program::new().raw(b"}").text(&name).raw(b"Ns").end());
    assert!(message.len() < 1000 && message.chars().all(|character| !character.is_control()), "{message}");
}
