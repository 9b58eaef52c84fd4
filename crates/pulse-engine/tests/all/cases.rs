//! The one list of cases that every engine is tested over.

pub(crate) mod calls;
mod composed;
mod depthwise;
mod elementwise;
mod layers;
mod maps;
mod resampling;
mod unet;
mod vectors;

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use pulse_engine::{Network, NetworkBuilder, Operator, Shape, Value};

use crate::random::Random;

/// A small network, and where its inputs may lie.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) network: Network,
    pub(crate) domain: Domain,
    /// What the reference makes of the first candidates, once it is known.
    pub(crate) truths: [OnceLock<Truth>; 3],
}

/// Outputs and gradients of one candidate, a row for each port.
pub(crate) struct Truth {
    pub(crate) outputs: Vec<Vec<f64>>,
    pub(crate) gradients: Vec<Vec<f64>>,
}

/// Where the operators of a case are defined and smooth.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    /// [-1, 1).
    Signed,
    /// [0.25, 1.75): away from roots of nothing.
    Positive,
}

impl Case {
    fn new(name: impl Into<String>, network: Network) -> Self {
        Self { name: name.into(), network, domain: Domain::Signed, truths: Default::default() }
    }

    fn positive(self) -> Self {
        Self { domain: Domain::Positive, ..self }
    }

    /// One candidate's inputs; another for each seed.
    pub(crate) fn inputs(&self, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random::named(&format!("{} inputs {seed}", self.name));
        let number = |x: f32| match self.domain {
            Domain::Signed => x,
            Domain::Positive => 1.0 + 0.75 * x,
        };
        let row = |port: &pulse_engine::Port| random.row(port.shape.len()).into_iter().map(number).collect();
        self.network.inputs().iter().map(row).collect()
    }

    /// One candidate's cotangents; others for each seed.
    pub(crate) fn cotangents(&self, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random::named(&format!("{} cotangents {seed}", self.name));
        self.network.outputs().iter().map(|port| random.row(port.shape.len())).collect()
    }
}

/// Every case, and those that are too large for finite differences.
pub(crate) fn every() -> impl Iterator<Item = &'static Case> {
    static LAYERS: LazyLock<Vec<Case>> =
        LazyLock::new(|| layers::cases().into_iter().chain(unet::large_cases()).collect());
    all().chain(LAYERS.iter())
}

/// Every case that is small.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    static SMALL: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let kinds = [
            vectors::cases(),
            elementwise::cases(),
            maps::cases(),
            depthwise::cases(),
            resampling::cases(),
            composed::cases(),
            calls::cases(),
            unet::cases(),
        ];
        kinds.into_iter().flatten().collect()
    });
    SMALL.iter()
}

#[test]
fn every_operator_has_a_case_and_every_case_a_name() {
    let operators: BTreeSet<_> = all().flat_map(|case| case.network.nodes()).map(|node| node.operator.name()).collect();
    assert_eq!(operators, Operator::NAMES.into());
    let names: BTreeSet<_> = every().map(|case| &case.name).collect();
    assert_eq!(names.len(), every().count());
}

/// A case of one operator on inputs `x0`, `x1`… of the shapes given.
fn single(note: &str, operator: Operator, shapes: &[Shape]) -> Case {
    let names: Vec<_> = shapes.iter().map(ToString::to_string).collect();
    let name = format!("{} {note} on {}", operator.name(), names.join(" and "));
    graph(name, |builder| {
        let inputs = inputs(builder, shapes);
        vec![add(builder, operator, &inputs)]
    })
}

/// A case of any graph; `build` gives its outputs, which become `y0`, `y1`….
fn graph(name: impl Into<String>, build: impl FnOnce(&mut NetworkBuilder) -> Vec<Value>) -> Case {
    let mut builder = NetworkBuilder::new();
    for (i, value) in build(&mut builder).into_iter().enumerate() {
        builder.output(format!("y{i}"), value).expect("a new name");
    }
    Case::new(name, builder.build().expect("a network with outputs"))
}

fn inputs(builder: &mut NetworkBuilder, shapes: &[Shape]) -> Vec<Value> {
    let named = shapes.iter().enumerate();
    named.map(|(i, &shape)| builder.input(format!("x{i}"), shape).expect("a new name and a shape")).collect()
}

fn add(builder: &mut NetworkBuilder, operator: Operator, arguments: &[Value]) -> Value {
    builder.add(operator, arguments).expect("a sound case")
}
