//! The network that a search runs: generator, measurement, and the ends that it reads and writes.

use pulse_engine::{Engine, InputId, NetworkBuilder, Operator, OutputId, Program};

use super::steering::{Steering, View};
use crate::Result;
use crate::generator::{InputSpec, LatentInput, Space, append_whole};
use crate::image::Size;
use crate::latent::Geometry;

use super::{Problem, SearchConfig};

/// One input of the network, with the output that holds the stage that it is an offset of.
pub(crate) struct Port {
    pub(crate) spec: InputSpec,
    pub(crate) id: InputId,
    pub(crate) stage: Option<OutputId>,
}

/// The compiled network.
pub(crate) struct SearchProgram {
    pub(crate) program: Box<dyn Program>,
    pub(crate) ports: Vec<Port>,
    /// The generator's own values, nominally in [-1, 1].
    pub(crate) image: OutputId,
    /// `A` of the picture in [0, 1].
    pub(crate) measured: OutputId,
    /// The latent that GEOCROSS looks at, with its rows and their width.
    pub(crate) rows: Option<(OutputId, [usize; 2])>,
    /// What is seen of the picture, where a view of it was asked for, with its length.
    pub(crate) seen: Option<(OutputId, usize)>,
}

impl SearchProgram {
    pub(crate) fn compile(problem: &Problem, space: &Space, engine: &dyn Engine, batch: usize) -> Result<Self> {
        Self::compile_with_view(problem, (problem.latent(), space), None, engine, batch)
    }

    /// The network that a [search](super::search) with these settings runs, but entered at this latent of that space. When it is
    /// the search's own, an engine that keeps programs has it from there. At another latent it is another network, and for
    /// one candidate at a time, which needs less memory.
    pub(crate) fn of_search(
        problem: &Problem,
        entered: (LatentInput, &Space),
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let view = view(problem, &Steering::default(), config)?;
        let batch = if entered.0 == problem.latent() { config.batch.min(config.candidates) } else { 1 };
        Self::compile_with_view(problem, entered, view.as_ref(), engine, batch)
    }

    /// The same as [`compile`](Self::compile) with a view of the picture among the ends.
    pub(super) fn compile_with_view(
        problem: &Problem,
        (latent, space): (LatentInput, &Space),
        view: Option<&View>,
        engine: &dyn Engine,
        batch: usize,
    ) -> Result<Self> {
        problem.generator.prepare(latent, engine)?;
        let mut builder = NetworkBuilder::new();
        let generated = append_whole(&*problem.generator, &mut builder, latent, space)?;
        builder.output("image", generated.image)?;
        let picture = builder.add(Operator::affine(vec![0.5], vec![0.5]), &[generated.image])?;
        let measured = problem.measurement.append(&mut builder, picture)?;
        builder.output("measured", measured)?;
        if let Some(rows) = generated.rows {
            builder.output("rows", rows)?;
        }
        if let Some(view) = view {
            let seen = view.append(&mut builder, picture)?;
            builder.output("seen", seen)?;
        }
        for spec in &generated.inputs {
            if let (Some(stage), true) = (spec.stage, matches!(spec.geometry, Geometry::Ball { .. })) {
                builder.output(format!("stage of {}", spec.name), stage)?;
            }
        }
        let network = builder.build()?;
        let program = engine.compile(&network, batch)?;
        let port = |spec: InputSpec| {
            let id = network.input(&spec.name)?;
            let stage = network.output(&format!("stage of {}", spec.name)).ok();
            Ok(Port { spec, id, stage })
        };
        let rows = generated.rows.and_then(|_| network.output("rows").ok()).map(|id| {
            let shape = network.output_port(id).shape;
            (id, [shape.len() / shape.channels(), shape.channels()])
        });
        let seen = network.output("seen").ok().map(|id| (id, network.output_port(id).shape.len()));
        Ok(Self {
            program,
            ports: generated.inputs.into_iter().map(port).collect::<Result<_>>()?,
            image: network.output("image")?,
            measured: network.output("measured")?,
            rows,
            seen,
        })
    }
}

/// What the generator's inputs are, before anything is compiled.
pub(super) fn specs(problem: &Problem, space: &Space) -> Result<Vec<InputSpec>> {
    Ok(append_whole(&*problem.generator, &mut NetworkBuilder::new(), problem.latent(), space)?.inputs)
}

/// What guided candidates are seen by, where there is anything to guide them.
pub(super) fn view(problem: &Problem<'_>, steering: &Steering, config: &SearchConfig) -> Result<Option<View>> {
    let guided = config.spread.is_some() || steering.keep.is_some() || steering.toward.is_some();
    let spec = problem.generator.spec();
    let view = || View::new(Size::new(spec.width, spec.height), problem.target.size());
    guided.then(view).transpose()
}
