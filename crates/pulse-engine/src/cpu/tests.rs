//! What the engine promises beyond its equations.

use crate::{Convolution, Cpu, Engine, Network, NetworkBuilder, Operator, Result, Shape};

/// A small generator: a layer with norm and style, a Winograd map, a direct convolution to few channels.
fn network() -> Result<Network> {
    let mut random = numbers(3);
    let mut convolution = |[inputs, outputs]: [usize; 2], size: usize, stride: usize| Convolution {
        weight: random(inputs * outputs * size * size).into(),
        bias: Some(random(outputs).into()),
        out_channels: outputs,
        in_channels: inputs,
        kernel: [size, size],
        stride,
        padding: 1,
    };
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::map(35, 8, 12))?;
    let y = builder.add(Operator::TransposedConvolution(convolution([35, 40], 4, 2)), &[x])?;
    let y = builder.add(Operator::relu(), &[y])?;
    let style = builder.add(Operator::Constant(Shape::Vector(40), vec![1.5; 40].into()), &[])?;
    let y = builder.add(Operator::InstanceNorm { epsilon: 1e-5 }, &[y])?;
    let y = builder.add(Operator::Modulate, &[y, style, style])?;
    let y = builder.add(Operator::Convolution(convolution([40, 24], 3, 1)), &[y])?;
    let y = builder.add(Operator::Convolution(convolution([24, 3], 3, 1)), &[y])?;
    builder.output("y", y)?;
    builder.build()
}

/// Numbers in [-1, 1) that are the same in every run.
pub(super) fn numbers(seed: u32) -> impl FnMut(usize) -> Vec<f32> {
    let mut state = seed;
    move |count| {
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }
}

/// The bits of each candidate's result and gradient.
fn run(network: &Network, batch: usize, candidates: &[u32]) -> Result<Vec<Vec<u32>>> {
    let mut program = Cpu::default().compile(network, batch)?;
    let (x, y) = (network.input("x")?, network.output("y")?);
    let rows = [network.input_port(x).shape.len(), network.output_port(y).shape.len()];
    for (row, &candidate) in candidates.iter().enumerate() {
        program.input_mut(x)[row * rows[0]..][..rows[0]].copy_from_slice(&numbers(candidate)(rows[0]));
        program.cotangent_mut(y)[row * rows[1]..][..rows[1]].copy_from_slice(&numbers(!candidate)(rows[1]));
    }
    program.forward(candidates.len(), &[y]);
    program.backward(candidates.len(), &[x]);
    let of_candidate = |row: usize| {
        let [gradient, result] = [&program.gradient(x)[row * rows[0]..], &program.output(y)[row * rows[1]..]];
        gradient[..rows[0]].iter().chain(&result[..rows[1]]).map(|x| x.to_bits()).collect()
    };
    Ok((0..candidates.len()).map(of_candidate).collect())
}

#[test]
fn a_candidate_is_the_same_to_the_bit_in_any_batch_and_on_any_number_of_threads() -> Result<()> {
    let network = network()?;
    let all = run(&network, 7, &[0, 1, 2, 3, 4, 5, 6])?;
    for (candidate, bits) in all.iter().enumerate() {
        assert!(run(&network, 2, &[candidate as u32])? == [bits.clone()], "candidate {candidate} alone");
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
        assert!(pool.install(|| run(&network, 7, &[0, 1, 2, 3, 4, 5, 6]))? == all, "{threads} threads");
    }
    Ok(())
}

#[test]
fn forward_alone_keeps_one_copy_of_the_weights_and_no_value_for_long() -> Result<()> {
    let network = network()?;
    let [whole, forward] = [Cpu::default().compile(&network, 2)?, Cpu::default().compile_forward(&network, 2)?];
    let [whole, forward] = [whole.memory(), forward.memory()];
    assert!(forward.values < whole.values, "{} of {} bytes", forward.values, whole.values);
    assert!(forward.weights * 3 < whole.weights * 2, "{} of {} bytes", forward.weights, whole.weights);
    Ok(())
}

#[test]
#[should_panic(expected = "compiled for forward alone")]
fn forward_alone_has_no_backward() {
    let network = network().expect("a sound network");
    let mut program = Cpu::default().compile_forward(&network, 1).expect("a sound network");
    program.forward(1, &[]);
    program.backward(1, &[]);
}
