//! What every engine promises, whatever the case.

use pulse_engine::{Engine, InputId, Network, NetworkBuilder, Operator, OutputId, Port, Program, Shape, reference};

use crate::cases::{Case, Truth};

/// Rows of one candidate, one for each port.
type Rows<T> = Vec<Vec<T>>;

/// What an engine made of one candidate.
#[derive(Debug, PartialEq)]
struct Answer {
    outputs: Rows<f32>,
    gradients: Rows<f32>,
}

/// Outputs and gradients are the reference's, alone, in a full batch and in one that is not full. A row that is
/// not active may hold anything, even what is not a number.
///
/// The error is measured against the largest number of the same output or gradient, because a sum's rounding is
/// proportional to its terms and not to what is left of them. `floor` is what is allowed where all is near zero.
pub(crate) fn agrees_with_the_reference(
    engine: &dyn Engine,
    cases: impl Iterator<Item = &'static Case>,
    tolerance: impl Fn(&Case) -> f64,
    floor: f64,
) {
    let mut failures = Vec::new();
    for case in cases {
        let tolerance = tolerance(case);
        for (batch, active) in [(1, 1), (3, 3), (3, 2)] {
            let mut program = engine.compile(&case.network, batch).expect("a network that every engine runs");
            let answers = run(&mut *program, case, &seeds(active));
            for (seed, answer) in seeds(active).into_iter().zip(&answers) {
                let Truth { outputs, gradients } = truth(case, seed);
                for (what, found, true_rows) in
                    [("output", &answer.outputs, outputs), ("gradient", &answer.gradients, gradients)]
                {
                    let excess = excess(found, true_rows, tolerance, floor);
                    if excess > 1.0 || excess.is_nan() {
                        failures.push(format!(
                            "{}: {what} of candidate {seed}, {active} of {batch}: {excess:.3} times the tolerance",
                            case.name
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// A program for forward alone gives the reference's outputs, the same bits alone and in a batch and again, and needs no
/// more memory than one with a backward.
pub(crate) fn forward_alone_agrees(
    engine: &dyn Engine,
    cases: impl Iterator<Item = &'static Case>,
    tolerance: impl Fn(&Case) -> f64,
    floor: f64,
) {
    for case in cases {
        let whole = engine.compile(&case.network, 1).expect("a network that every engine runs").memory();
        let outputs = |batch: usize, seeds: &[u64]| {
            let mut program = engine.compile_forward(&case.network, batch).expect("a network that every engine runs");
            let needed = program.memory();
            assert!(batch > 1 || needed.values <= whole.values && needed.weights <= whole.weights, "{}", case.name);
            let first = run_forward(&mut *program, case, seeds);
            assert_eq!(run_forward(&mut *program, case, seeds), first, "{}: called twice", case.name);
            first
        };
        let found = outputs(1, &[0]);
        let excess = excess(&found[0], &truth(case, 0).outputs, tolerance(case), floor);
        assert!(excess <= 1.0, "{}: {excess:.3} times the tolerance", case.name);
        assert_eq!(outputs(3, &[1, 0])[1], found[0], "{}: in a batch", case.name);
    }
}

/// A candidate is the same, bit for bit, in any place of any batch.
pub(crate) fn candidates_do_not_depend_on_the_batch(engine: &dyn Engine, cases: impl Iterator<Item = &'static Case>) {
    for case in cases {
        let answers = |batch: usize, seeds: &[u64]| {
            let mut program = engine.compile(&case.network, batch).expect("a network that every engine runs");
            run(&mut *program, case, seeds)
        };
        let alone = &answers(1, &[7])[0];
        for (batch, seeds) in [(3, &[7][..]), (3, &[8, 7]), (3, &[7, 8, 9]), (9, &[1, 2, 3, 4, 5, 6, 8, 9, 7])] {
            let place = seeds.iter().position(|&seed| seed == 7).expect("the candidate is among them");
            assert_eq!(&answers(batch, seeds)[place], alone, "{}: {seeds:?} in a batch of {batch}", case.name);
        }
    }
}

/// The gradient of one input is the same, bit for bit, whether or not the others are wanted too.
pub(crate) fn gradients_do_not_depend_on_what_else_is_wanted(
    engine: &dyn Engine,
    cases: impl Iterator<Item = &'static Case>,
) {
    for case in cases {
        let mut program = engine.compile(&case.network, 2).expect("a network that every engine runs");
        let full = run(&mut *program, case, &[1, 2]);
        program.backward(2, &[]);
        let ids = ids(case.network.input_ids());
        let alone = ids.iter().map(|&id| vec![id]);
        let others = ids.iter().map(|&id| ids.iter().rev().copied().filter(|&other| other != id).collect());
        for wanted in alone.chain(others).collect::<Vec<Vec<InputId>>>() {
            program.backward(2, &wanted);
            for id in wanted {
                let n = case.network.input_port(id).shape.len();
                for (candidate, answer) in full.iter().enumerate() {
                    let found = &program.gradient(id)[candidate * n..][..n];
                    assert_eq!(found, answer.gradients[id.index()], "{}: input {}", case.name, id.index());
                }
            }
        }
    }
}

/// Outputs that are not wanted keep their numbers, and change no bit of the others, nor of the gradients.
pub(crate) fn only_wanted_outputs_are_copied_out(engine: &dyn Engine, cases: impl Iterator<Item = &'static Case>) {
    for case in cases {
        let compile = || engine.compile(&case.network, 2).expect("a network that every engine runs");
        let (mut program, mut other) = (compile(), compile());
        let [before, after] = [[1, 2], [3, 4]].map(|seeds| run(&mut *other, case, &seeds));
        let ids = ids(case.network.output_ids());
        let alone = ids.iter().map(|&id| vec![id]);
        for wanted in alone.chain([Vec::new()]).collect::<Vec<_>>() {
            run(&mut *program, case, &[1, 2]);
            let found = run_wanting(&mut *program, case, &[3, 4], &wanted);
            for ((found, before), after) in found.iter().zip(&before).zip(&after) {
                for &id in &ids {
                    let expected = if wanted.contains(&id) { after } else { before };
                    let i = id.index();
                    assert_eq!(found.outputs[i], expected.outputs[i], "{}: output {i} of {wanted:?}", case.name);
                }
                assert_eq!(found.gradients, after.gradients, "{}: with {wanted:?}", case.name);
            }
        }
    }
}

/// The same inputs give the same bits again: nothing is left over from a call, nor from other inputs.
pub(crate) fn calls_leave_nothing_behind(engine: &dyn Engine, cases: impl Iterator<Item = &'static Case>) {
    for case in cases {
        let mut program = engine.compile(&case.network, 2).expect("a network that every engine runs");
        let first = run(&mut *program, case, &[1, 2]);
        program.forward(2, &ids(case.network.output_ids()));
        program.backward(2, &ids(case.network.input_ids()));
        assert_eq!(read(&*program, &case.network, 2), first, "{}: called twice", case.name);
        run(&mut *program, case, &[3]);
        assert_eq!(run(&mut *program, case, &[1, 2]), first, "{}: after another candidate", case.name);
    }
}

/// The derivative at a kink is the one that [`Operator::LeakyRelu`] states.
pub(crate) fn kinks_have_the_stated_derivative(engine: &dyn Engine) {
    for (slope, gain, clamp, x, derivative) in [
        (0.0, 1.0, None, 0.0, 1.0),
        (0.0, 1.0, None, -0.0, 1.0),
        (0.25, 2.0, None, 0.0, 2.0),
        (0.25, 2.0, None, -1.0, 0.5),
        (0.25, 2.0, Some(1.0), 0.5, 0.0),
        (0.25, 2.0, Some(1.0), -2.0, 0.0),
        (0.25, 2.0, Some(1.0), 0.0, 2.0),
    ] {
        let mut builder = NetworkBuilder::new();
        let input = builder.input("x", Shape::Vector(1)).expect("a new name");
        let y = builder.add(Operator::LeakyRelu { slope, gain, clamp }, &[input]).expect("a sound operator");
        builder.output("y", y).expect("a new name");
        let network = builder.build().expect("an output");
        let (input, output) = (network.input("x").expect("x"), network.output("y").expect("y"));
        let mut program = engine.compile(&network, 1).expect("a network that every engine runs");
        program.input_mut(input)[0] = x;
        program.forward(1, &[output]);
        program.cotangent_mut(output)[0] = 1.0;
        program.backward(1, &[input]);
        let found = program.gradient(input)[0];
        assert_eq!(found, derivative, "slope {slope}, gain {gain}, clamp {clamp:?} at {x}");
    }
}

/// Seeds of the candidates in a batch.
fn seeds(active: usize) -> Vec<u64> {
    (0..active as u64).collect()
}

/// Runs one candidate for each seed, and fills the rows that are not active with what is not a number.
fn run(program: &mut dyn Program, case: &Case, seeds: &[u64]) -> Vec<Answer> {
    run_wanting(program, case, seeds, &ids(case.network.output_ids()))
}

fn run_wanting(program: &mut dyn Program, case: &Case, seeds: &[u64], wanted: &[OutputId]) -> Vec<Answer> {
    let inputs: Vec<_> = seeds.iter().map(|&seed| case.inputs(seed)).collect();
    let cotangents: Vec<_> = seeds.iter().map(|&seed| case.cotangents(seed)).collect();
    for id in case.network.input_ids() {
        fill(program.input_mut(id), &inputs, id.index());
    }
    program.forward(seeds.len(), wanted);
    for id in case.network.output_ids() {
        fill(program.cotangent_mut(id), &cotangents, id.index());
    }
    program.backward(seeds.len(), &ids(case.network.input_ids()));
    read(program, &case.network, seeds.len())
}

/// The outputs of one candidate for each seed.
fn run_forward(program: &mut dyn Program, case: &Case, seeds: &[u64]) -> Vec<Rows<f32>> {
    let inputs: Vec<_> = seeds.iter().map(|&seed| case.inputs(seed)).collect();
    for id in case.network.input_ids() {
        fill(program.input_mut(id), &inputs, id.index());
    }
    program.forward(seeds.len(), &ids(case.network.output_ids()));
    let row = |id: OutputId, candidate: usize| {
        let n = case.network.output_port(id).shape.len();
        program.output(id)[candidate * n..][..n].to_vec()
    };
    (0..seeds.len()).map(|candidate| case.network.output_ids().map(|id| row(id, candidate)).collect()).collect()
}

fn fill(buffer: &mut [f32], candidates: &[Rows<f32>], port: usize) {
    let n = candidates[0][port].len();
    let (active, rest) = buffer.split_at_mut(candidates.len() * n);
    for (target, candidate) in active.chunks_exact_mut(n).zip(candidates) {
        target.copy_from_slice(&candidate[port]);
    }
    rest.fill(f32::NAN);
}

fn read(program: &dyn Program, network: &Network, active: usize) -> Vec<Answer> {
    let row = |buffer: &[f32], port: &Port, candidate: usize| {
        let n = port.shape.len();
        buffer[candidate * n..][..n].to_vec()
    };
    let output = |id, candidate| row(program.output(id), network.output_port(id), candidate);
    let gradient = |id, candidate| row(program.gradient(id), network.input_port(id), candidate);
    let answer = |candidate| Answer {
        outputs: network.output_ids().map(|id| output(id, candidate)).collect(),
        gradients: network.input_ids().map(|id| gradient(id, candidate)).collect(),
    };
    (0..active).map(answer).collect()
}

fn ids<T>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect()
}

/// The reference's outputs and gradients, which are computed once.
fn truth(case: &Case, seed: u64) -> &Truth {
    case.truths[seed as usize].get_or_init(|| {
        let inputs: Rows<f64> = case.inputs(seed).iter().map(|row| widen(row)).collect();
        let cotangents: Rows<f64> = case.cotangents(seed).iter().map(|row| widen(row)).collect();
        let values = reference::forward(&case.network, &inputs);
        let outputs = case.network.outputs().iter().map(|port| values[port.value.index()].clone()).collect();
        Truth { outputs, gradients: reference::backward(&case.network, &values, &cotangents) }
    })
}

fn widen(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&x| f64::from(x)).collect()
}

/// The largest error of all rows as a multiple of what is allowed; not a number when one of them is not.
fn excess(found: &Rows<f32>, expected: &Rows<f64>, tolerance: f64, floor: f64) -> f64 {
    let of_row = |(found, expected): (&Vec<f32>, &Vec<f64>)| {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let errors = found.iter().zip(expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
        errors.fold(0.0, worst) / (tolerance * largest + floor)
    };
    found.iter().zip(expected).map(of_row).fold(0.0, worst)
}

/// Unlike `f64::max`, keeps what is not a number.
fn worst(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
