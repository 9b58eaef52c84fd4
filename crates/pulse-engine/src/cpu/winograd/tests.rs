//! Every scheme against the reference.

use crate::cpu::program::Program;
use crate::cpu::tests::numbers;
use crate::{Convolution, Cpu, Engine, Network, NetworkBuilder, Operator, Reference, Result, Shape};

fn network(channels: [usize; 2], size: [usize; 2], kernel: usize, transposed: bool) -> Result<Network> {
    let mut random = numbers(7);
    let convolution = Convolution {
        weight: random(channels[0] * channels[1] * kernel * kernel).into(),
        bias: Some(random(channels[1]).into()),
        out_channels: channels[1],
        in_channels: channels[0],
        kernel: [kernel; 2],
        stride: kernel - 2,
        padding: 1,
    };
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::map(channels[0], size[0], size[1]))?;
    let operator =
        if transposed { Operator::TransposedConvolution(convolution) } else { Operator::Convolution(convolution) };
    let y = builder.add(operator, &[x])?;
    builder.output("y", y)?;
    builder.build()
}

/// The result and the gradient.
fn run(engine: &dyn Engine, network: &Network) -> Result<[Vec<f32>; 2]> {
    let mut program = engine.compile(network, 3)?;
    let (x, y) = (network.input("x")?, network.output("y")?);
    let mut random = numbers(1);
    let given = random(program.input_mut(x).len());
    program.input_mut(x).copy_from_slice(&given);
    program.forward(3);
    let given = random(program.cotangent_mut(y).len());
    program.cotangent_mut(y).copy_from_slice(&given);
    program.backward(3, &[x]);
    Ok([program.output(y).to_vec(), program.gradient(x).to_vec()])
}

/// How far the result and the gradient are from the reference's, of the largest number.
fn error(network: &Network) -> Result<f32> {
    let [found, expected] = [run(&Cpu::default(), network)?, run(&Reference, network)?];
    let of = |(found, expected): (&Vec<f32>, &Vec<f32>)| {
        let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        found.iter().zip(expected).fold(0.0f32, |worst, (x, y)| worst.max((x - y).abs())) / largest
    };
    Ok(found.iter().zip(&expected).map(of).fold(0.0, f32::max))
}

#[test]
fn every_scheme_agrees_with_the_reference() -> Result<()> {
    // Tiles of two and of four, one way and the other, with channels that do not fill their block.
    for (size, transposed) in [([6, 10], true), ([8, 12], true), ([12, 20], false), ([16, 24], false)] {
        let error = error(&network([20, 41], size, 4, transposed)?)?;
        // Some three hundred terms that are off by an ulp (6e-8) or two each, at random.
        assert!(error < 4e-6, "{size:?}: {error}");
    }
    Ok(())
}

/// With so many weights that the gradient shares the map's.
#[test]
fn the_adjoint_of_every_scheme_agrees_with_the_reference() -> Result<()> {
    // Channels and tiles that do not fill their blocks. Tiles of four that keep the size, two that double it, four that
    // double it, and both halving it.
    let cases = [
        ([250, 266], [13, 27], 3, false),
        ([230, 266], [6, 10], 4, true),
        ([150, 154], [12, 16], 4, true),
        ([230, 266], [12, 20], 4, false),
        ([150, 154], [24, 32], 4, false),
    ];
    for (channels, size, kernel, transposed) in cases {
        let network = network(channels, size, kernel, transposed)?;
        let steps = Program::new(&Cpu::default(), &network, 1).steps;
        assert!(steps.iter().any(|step| step.kernel.ends_with("back by the same factors")), "{size:?}: {steps:?}");
        let error = error(&network)?;
        // Some thousand terms.
        assert!(error < 8e-6, "{size:?}: {error}");
    }
    Ok(())
}
