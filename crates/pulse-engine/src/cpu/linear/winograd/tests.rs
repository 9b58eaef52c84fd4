//! Every scheme against the reference.

use crate::cpu::graph::Program;
use crate::cpu::linear::choose::repeats;
use crate::cpu::tests::numbers;
use crate::{Convolution, Cpu, Engine, Network, NetworkBuilder, Operator, Reference, Result, Shape};

/// The kernel of a convolution or a transposed one.
#[derive(Clone, Copy, Debug)]
enum Kernel {
    /// Any 3 x 3 that keep the size.
    Keeping,
    /// Any 4 x 4 at stride 2.
    Any,
    /// One of 3 x 3 at four places.
    Repeating,
    /// 3 x 3 at stride 2 without padding.
    Odd,
}

impl Kernel {
    /// Size, stride and padding.
    fn geometry(self) -> [usize; 3] {
        match self {
            Self::Keeping => [3, 1, 1],
            Self::Any | Self::Repeating => [4, 2, 1],
            Self::Odd => [3, 2, 0],
        }
    }

    fn weight(self, kernels: usize) -> Vec<f32> {
        let mut random = numbers(7);
        let [size, ..] = self.geometry();
        let Self::Repeating = self else { return random(kernels * size * size) };
        let mut weight = vec![0.0; 16 * kernels];
        for (kernel, taps) in weight.chunks_exact_mut(16).zip(random(9 * kernels).chunks_exact(9)) {
            for (place, tap) in
                (0..4).flat_map(|place| taps.iter().enumerate().map(move |(at, tap)| (place, (at, tap))))
            {
                let (at, tap) = tap;
                kernel[(at / 3 + place / 2) * 4 + at % 3 + place % 2] += tap;
            }
        }
        weight
    }
}

fn network(channels: [usize; 2], size: [usize; 2], kernel: Kernel, transposed: bool) -> Result<Network> {
    let [side, stride, padding] = kernel.geometry();
    let convolution = Convolution {
        weight: kernel.weight(channels[0] * channels[1]).into(),
        bias: Some(numbers(8)(channels[1]).into()),
        out_channels: channels[1],
        in_channels: channels[0],
        kernel: [side; 2],
        stride,
        padding,
    };
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::map(channels[0], size[0], size[1]))?;
    let operator =
        if transposed { Operator::TransposedConvolution(convolution) } else { Operator::Convolution(convolution) };
    let y = builder.add(operator, &[x])?;
    builder.output("y", y)?;
    builder.build()
}

/// The result and the gradient of so many candidates, of which only so many are different.
fn run(engine: &dyn Engine, network: &Network, [batch, different]: [usize; 2]) -> Result<[Vec<f32>; 2]> {
    let mut program = engine.compile(network, batch)?;
    let (x, y) = (network.input("x")?, network.output("y")?);
    let mut random = numbers(1);
    let mut fill = |numbers: &mut [f32]| {
        let given = random(numbers.len() / batch * different);
        numbers.chunks_exact_mut(given.len()).for_each(|rows| rows.copy_from_slice(&given));
    };
    fill(program.input_mut(x));
    program.forward(batch, &[y]);
    fill(program.cotangent_mut(y));
    program.backward(batch, &[x]);
    Ok([program.output(y).to_vec(), program.gradient(x).to_vec()])
}

/// How far the result and the gradient are from the reference's, of the largest number.
fn error(network: &Network) -> Result<f32> {
    Ok(worst(&run(&Cpu::default(), network, [3, 3])?, &run(&Reference, network, [3, 3])?))
}

/// The same for one candidate. In a batch of three that are equal, all have its bits.
fn error_of_one(network: &Network) -> Result<f32> {
    let [found, expected] = [run(&Cpu::default(), network, [3, 1])?, run(&Reference, network, [1, 1])?];
    let first = found.map(|rows| {
        let (first, others) = rows.split_at(rows.len() / 3);
        assert!(others.chunks_exact(first.len()).all(|row| row == first), "equal candidates differ");
        first.to_vec()
    });
    Ok(worst(&first, &expected))
}

fn worst(found: &[Vec<f32>; 2], expected: &[Vec<f32>; 2]) -> f32 {
    let of = |(found, expected): (&Vec<f32>, &Vec<f32>)| {
        let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        found.iter().zip(expected).fold(0.0f32, |worst, (x, y)| worst.max((x - y).abs())) / largest
    };
    found.iter().zip(expected).map(of).fold(0.0, f32::max)
}

/// The kernels of the only step that is not an input's.
fn described(network: &Network) -> String {
    Program::new(Cpu::default().settings, network, 1, usize::MAX)
        .expect("room for a small network")
        .steps
        .iter()
        .map(|step| step.kernel.as_str())
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn every_scheme_agrees_with_the_reference() -> Result<()> {
    // Tiles of two and of four, one way and the other, with channels that do not fill their block.
    let cases = [
        (Kernel::Keeping, [8, 8], false, "F(2x2, 3x3)"),
        (Kernel::Keeping, [13, 27], true, "F(4x4, 3x3)"),
        (Kernel::Keeping, [58, 67], true, "F(6x6, 3x3)"),
        (Kernel::Any, [6, 10], true, "F(2x2, 2x2)"),
        (Kernel::Any, [8, 12], true, "F(4x4, 2x2)"),
        (Kernel::Any, [12, 20], false, "F(2x2, 2x2)"),
        (Kernel::Any, [16, 24], false, "F(4x4, 2x2)"),
        (Kernel::Repeating, [6, 10], true, "F(2x2, 3x3) of phases"),
        (Kernel::Repeating, [8, 12], true, "F(4x4, 3x3) of phases"),
        (Kernel::Repeating, [12, 20], false, "F(2x2, 3x3) of phases"),
        (Kernel::Repeating, [16, 24], false, "F(4x4, 3x3) of phases"),
        (Kernel::Odd, [16, 18], true, "of even pixels"),
        (Kernel::Odd, [33, 37], false, "of even pixels"),
    ];
    for (kernel, size, transposed, scheme) in cases {
        let network = network([20, 41], size, kernel, transposed)?;
        let found = described(&network);
        assert!(found.contains(scheme), "{kernel:?} {size:?}: {found}");
        let error = error(&network)?;
        // Some three hundred terms that are off by an ulp (6e-8) or two each, at random; from the points of `points`,
        // by three times as much, and from those of `large` by six times.
        let bound = match scheme {
            "F(6x6, 3x3)" => 1.6e-5,
            scheme if scheme.contains("phases") => 8e-6,
            _ => 4e-6,
        };
        assert!(error < bound, "{kernel:?} {size:?}: {error}");
    }
    Ok(())
}

/// A kernel that is nearly one of 3 x 3 at four places is not taken for one.
#[test]
fn one_other_tap_is_seen() {
    for (change, expected) in [(0.0, true), (1e-3, false)] {
        let mut weight = Kernel::Repeating.weight(6);
        assert!(repeats(&weight));
        weight[16 * 4 + 5] += change;
        assert_eq!(repeats(&weight), expected);
    }
}

/// With so many weights that the gradient shares the map's.
#[test]
fn the_adjoint_of_every_scheme_agrees_with_the_reference() -> Result<()> {
    // Channels and tiles that do not fill their blocks.
    let cases = [
        ([250, 266], [13, 27], Kernel::Keeping, false),
        ([380, 390], [8, 8], Kernel::Keeping, false),
        ([180, 186], [58, 67], Kernel::Keeping, false),
        ([230, 266], [6, 10], Kernel::Any, true),
        ([150, 154], [12, 16], Kernel::Any, true),
        ([230, 266], [12, 20], Kernel::Any, false),
        ([150, 154], [24, 32], Kernel::Any, false),
        ([300, 298], [6, 10], Kernel::Repeating, true),
        ([170, 154], [12, 16], Kernel::Repeating, true),
        ([300, 298], [12, 20], Kernel::Repeating, false),
        ([170, 154], [24, 32], Kernel::Repeating, false),
        ([170, 154], [14, 16], Kernel::Odd, true),
        ([170, 154], [29, 49], Kernel::Odd, false),
    ];
    for (channels, size, kernel, transposed) in cases {
        let network = network(channels, size, kernel, transposed)?;
        let found = described(&network);
        assert!(found.ends_with("by the same factors"), "{kernel:?} {size:?}: {found}");
        let error = error_of_one(&network)?;
        // Some thousand terms, and as above; plain Rust rounds products before it adds them.
        let bound = match kernel {
            Kernel::Keeping if size[0] > 50 => 4e-5,
            Kernel::Repeating => 2e-5,
            _ => 8e-6,
        };
        assert!(error < bound, "{kernel:?} {size:?}: {error}");
    }
    Ok(())
}
