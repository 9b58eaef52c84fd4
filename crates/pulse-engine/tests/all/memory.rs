//! What a program takes is counted before it is taken.

use pulse_engine::{
    Convolution, Cpu, Engine, ErrorKind, Fir, FirTaps, Network, NetworkBuilder, Operator, Shape, Weights,
};

use crate::cases;

/// A network of one operator.
fn network(operator: Operator, shape: Shape) -> Network {
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", shape).expect("a sound input");
    let y = builder.add(operator, &[x]).expect("a sound operator");
    builder.output("y", y).expect("a new name");
    builder.build().expect("a network")
}

fn refusal(engine: &Cpu, network: &Network, batch: usize) -> String {
    let Err(error) = engine.compile(network, batch) else { panic!("it was compiled") };
    assert_eq!(error.kind(), ErrorKind::Memory, "{error}");
    error.to_string()
}

#[test]
fn the_estimate_is_what_a_program_takes() {
    for case in cases::every() {
        for batch in [1, 3] {
            for engine in [Cpu::default(), Cpu::default().precise(), Cpu::default().forward_only()] {
                let estimate = engine.estimate(&case.network, batch);
                let program = engine.compile(&case.network, batch).expect(&case.name);
                assert_eq!(estimate, program.memory(), "{}, batch {batch}", case.name);
            }
        }
    }
}

#[test]
fn a_network_above_the_limit_is_refused_and_one_at_it_is_not() {
    let network = network(Operator::Tanh, Shape::map(16, 100, 100));
    let needed = Cpu::default().estimate(&network, 2).total();
    assert!(Cpu::default().within(needed).compile(&network, 2).is_ok());
    let message = refusal(&Cpu::default().within(needed - 1), &network, 2);
    assert!(
        message.starts_with("the network needs 0.0 GB of memory for 2 candidates at a time, more than"),
        "{message}"
    );
}

#[test]
fn sizes_that_no_memory_holds_are_refused_and_not_wrapped() {
    // A border of two thousand million pixels on every side, which a stride of as many leaves one pixel of.
    let weight: Weights = vec![1.0; 9 * 256].into();
    let convolution = Convolution {
        weight,
        bias: None,
        out_channels: 16,
        in_channels: 16,
        kernel: [3, 3],
        stride: (1 << 31) - 1,
        padding: (1 << 31) - 1,
    };
    let wide = network(Operator::Convolution(convolution), Shape::map(16, 3, 3));
    refusal(&Cpu::default().within(usize::MAX - 1), &wide, 1);
    // More candidates than can be counted.
    let many = network(Operator::Tanh, Shape::Vector(1 << 20));
    refusal(&Cpu::default(), &many, usize::MAX);
    refusal(&Cpu::default(), &many, 1 << 43);
    // As many as can be counted, and the system has not.
    refusal(&Cpu::default().within(usize::MAX), &many, 1 << 23);
}

#[test]
fn a_filter_padded_far_takes_no_more_than_one_that_is_not() {
    let taps: Weights = vec![0.5, 1.0, 1.0, 0.25].into();
    let fir = |padding| Fir {
        taps: FirTaps::Full { height: 2, width: 2, taps: taps.clone() },
        up: 1,
        down: 1,
        padding_y: padding,
        padding_x: padding,
    };
    let needed = |padding| {
        let network = network(Operator::Fir(fir(padding)), Shape::map(32, 64, 64));
        Cpu::default().estimate(&network, 1).total()
    };
    let near = needed([1, 0]);
    assert!(needed([30_000, -29_999]) <= near, "{} of {near} bytes", needed([30_000, -29_999]));
    assert!(needed([-29_999, 30_000]) <= near);
}
