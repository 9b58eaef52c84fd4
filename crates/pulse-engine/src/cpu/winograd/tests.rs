//! Every scheme against the reference.

use crate::cpu::tests::numbers;
use crate::{Convolution, Cpu, Engine, Network, NetworkBuilder, Operator, Reference, Result, Shape};

fn network(channels: [usize; 2], size: [usize; 2], transposed: bool) -> Result<Network> {
    let mut random = numbers(7);
    let convolution = Convolution {
        weight: random(channels[0] * channels[1] * 16).into(),
        bias: Some(random(channels[1]).into()),
        out_channels: channels[1],
        in_channels: channels[0],
        kernel: [4, 4],
        stride: 2,
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

#[test]
fn every_scheme_agrees_with_the_reference() -> Result<()> {
    // Tiles of two and of four, one way and the other, with channels that do not fill their block.
    for (size, transposed) in [([6, 10], true), ([8, 12], true), ([12, 20], false), ([16, 24], false)] {
        let network = network([20, 41], size, transposed)?;
        let [found, expected] = [run(&Cpu::default(), &network)?, run(&Reference, &network)?];
        for (found, expected) in found.iter().zip(&expected) {
            let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            for (found, expected) in found.iter().zip(expected) {
                // Some three hundred terms that are off by an ulp (6e-8) or two each, at random.
                assert!((found - expected).abs() < 4e-6 * largest, "{size:?}: {found} for {expected}");
            }
        }
    }
    Ok(())
}
