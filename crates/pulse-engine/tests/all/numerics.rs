//! How exact the fast engine is on layers as wide as those of trained generators.

use pulse_engine::{
    Convolution, Cpu, Engine, Fir, FirTaps, Network, NetworkBuilder, Operator, Reference, Shape, Value,
};

use crate::random::Random;

/// Weights as training leaves them: of variance `2 / (taps · channels)`, so that numbers of variance one come out.
fn convolution([inputs, outputs]: [usize; 2], [size, stride, padding]: [usize; 3]) -> Convolution {
    let mut random = Random::named(&format!("trained {inputs} {outputs} {size}"));
    let deviation = (6.0 / (inputs * size * size) as f32).sqrt();
    Convolution {
        weight: random.around(0.0, deviation, inputs * outputs * size * size),
        bias: None,
        out_channels: outputs,
        in_channels: inputs,
        kernel: [size, size],
        stride,
        padding,
    }
}

/// As StyleGAN has it: pixels are repeated, and the larger map is convolved.
fn repeating(channels: [usize; 2]) -> Convolution {
    let small = convolution(channels, [3, 1, 1]);
    let mut weight = vec![0.0; small.weight.len() / 9 * 16];
    for (kernel, taps) in weight.chunks_exact_mut(16).zip(small.weight.chunks_exact(9)) {
        for (place, (i, tap)) in (0..4).flat_map(|place| taps.iter().enumerate().map(move |tap| (place, tap))) {
            kernel[(i / 3 + place / 2) * 4 + i % 3 + place % 2] += tap;
        }
    }
    Convolution { weight: weight.into(), kernel: [4, 4], stride: 2, ..small }
}

fn of_one(shape: Shape, operators: Vec<Operator>) -> Network {
    let mut builder = NetworkBuilder::new();
    let mut x = builder.input("x", shape).expect("a shape");
    for operator in operators {
        x = builder.add(operator, &[x]).expect("a sound operator");
    }
    builder.output("y", x).expect("a name");
    builder.build().expect("a network")
}

/// The result and the gradient, with inputs of this mean and deviation.
fn run(engine: &dyn Engine, network: &Network, mean: f32, deviation: f32) -> [Vec<f32>; 2] {
    let mut program = engine.compile(network, 1).expect("a network that every engine runs");
    let (x, y) = (network.input("x").expect("x"), network.output("y").expect("y"));
    let mut random = Random::named("numbers");
    let numbers = random.row(program.input_mut(x).len());
    program.input_mut(x).iter_mut().zip(numbers).for_each(|(x, number)| *x = mean + deviation * number);
    program.forward(1, &[y]);
    let numbers = random.row(program.cotangent_mut(y).len());
    program.cotangent_mut(y).copy_from_slice(&numbers);
    program.backward(1, &[x]);
    [program.output(y).to_vec(), program.gradient(x).to_vec()]
}

/// `|found − expected| / |expected|`.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    let square = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>();
    let difference = square(&mut found.iter().zip(expected).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    (difference / square(&mut expected.iter().map(|&x| f64::from(x)))).sqrt()
}

#[test]
fn winograd_is_nearly_as_exact_as_the_definition() {
    let blur = |taps: &[f32]| {
        let taps = FirTaps::Separable { vertical: taps.into(), horizontal: taps.into() };
        Operator::Fir(Fir { taps, up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] })
    };
    let [three, four] = [blur(&[0.25, 0.5, 0.25]), blur(&[0.25, 0.75, 0.75, 0.25])];
    let channels = [128, 48];
    let map = |size| Shape::map(128, size, size);
    let transposed = Operator::TransposedConvolution;
    // A sum of a thousand products, one after another, is off by some 1e-6 at random; Winograd's by two to four times as
    // much, and from the points 0, ±1, −5/2 by two to five times, were it as long. It is shorter. Tiles of six are off by
    // eight times as much.
    let layers = [
        (map(32), vec![Operator::Convolution(convolution(channels, [3, 1, 1]))], 2e-6),
        (map(64), vec![Operator::Convolution(convolution(channels, [3, 1, 1]))], 6e-6),
        (map(8), vec![Operator::Convolution(convolution(channels, [3, 1, 1]))], 1e-6),
        (map(16), vec![transposed(convolution(channels, [4, 2, 1])), three.clone()], 2e-6),
        (map(16), vec![transposed(repeating(channels)), three], 2e-6),
        (map(6), vec![transposed(repeating(channels))], 1e-6),
        (map(16), vec![transposed(convolution(channels, [3, 2, 0])), four], 2e-6),
    ];
    for (shape, operators, bound) in layers {
        let network = of_one(shape, operators);
        let truth = run(&Reference, &network, 0.0, 1.0);
        let fast = run(&Cpu::default(), &network, 0.0, 1.0);
        let precise = run(&Cpu::default().precise(), &network, 0.0, 1.0);
        for ((truth, fast), precise) in truth.iter().zip(&fast).zip(&precise) {
            let [fast, precise] = [fast, precise].map(|found| error(found, truth));
            assert!(precise < 1e-6, "{shape}: {precise:e} by the definition");
            assert!(fast < bound, "{shape}: {fast:e} by Winograd");
        }
    }
}

/// The variance of a map whose mean is large was lost when squares were summed and the mean's taken away: 4e-4 at
/// 64 x 64 pixels.
#[test]
fn norms_are_exact_far_from_zero() {
    for size in [16, 64] {
        let mut builder = NetworkBuilder::new();
        let x = builder.input("x", Shape::map(16, size, size)).expect("a name");
        let mut add = |operator, arguments: &[Value]| builder.add(operator, arguments).expect("a sound operator");
        let ones = add(Operator::Constant(Shape::Vector(16), vec![1.0; 16].into()), &[]);
        let y = add(Operator::Convolution(convolution([16, 16], [3, 1, 1])), &[x]);
        let y = add(Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[y]);
        let y = add(Operator::InstanceNorm { epsilon: 1e-8 }, &[y]);
        let y = add(Operator::Modulate, &[y, ones, ones]);
        let y = add(Operator::Convolution(convolution([16, 16], [3, 1, 1])), &[y]);
        builder.output("y", y).expect("a name");
        let network = builder.build().expect("a network");
        let [truth, found] = [run(&Reference, &network, 30.0, 1.0), run(&Cpu::default(), &network, 30.0, 1.0)];
        // Numbers near a hundred whose deviation is near one are given to 1e-5 of it, by themselves.
        let [result, gradient] = [0, 1].map(|i| error(&found[i], &truth[i]));
        assert!(result < 3e-5 && gradient < 1e-4, "{size}: {result:e}, its gradient {gradient:e}");
    }
}

#[test]
fn norms_of_groups_are_exact_far_from_zero() {
    for (channels, size) in [(6, 40), (32, 16), (48, 64)] {
        let network = of_one(Shape::map(channels, size, size), vec![Operator::GroupNorm { groups: 2, epsilon: 1e-8 }]);
        let [truth, found] = [run(&Reference, &network, 1000.0, 1.0), run(&Cpu::default(), &network, 1000.0, 1.0)];
        // The numbers themselves are given to 3e-5 of their deviation, and are what they are: they lose nothing here.
        let [result, gradient] = [0, 1].map(|i| error(&found[i], &truth[i]));
        assert!(result < 1e-6 && gradient < 2e-6, "{channels} at {size}: {result:e}, its gradient {gradient:e}");
    }
}
