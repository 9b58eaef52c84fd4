//! The pictures between two candidates of a denoiser.

use pulse_engine::Engine;

use super::corrector::Frame;
use super::explorer::{Passage, Watch};
use crate::Result;
use crate::event::SearchEvent;
use crate::generator::InputSpec;
use crate::search::steering::Steering;
use crate::search::{Problem, Sampling, SearchConfig, Way};

/// The pictures from candidate `ends[0]` to candidate `ends[1]`, `frames` with both of them. What is drawn for a frame is
/// `cos(φ) a + sin(φ) b` of what was drawn for the two, so each is a candidate as they are, and consistent as they are, and the ends are
/// the candidates themselves where nothing but their noise made them. Nothing when it was stopped.
///
/// # Errors
/// As [`search`](crate::search::search).
pub(crate) fn between(
    problem: &Problem<'_>,
    specs: &[InputSpec],
    config: &SearchConfig,
    (ends, frames): ([usize; 2], usize),
    engine: &dyn Engine,
    watch: Watch<'_>,
) -> Result<Option<Passage>> {
    let config = SearchConfig { candidates: frames, spread: None, ..config.clone() };
    let steps = (config.null_space.steps * frames) as f64;
    let mut sampling = Sampling::new(problem.clone(), &Steering::default(), config, engine)?.between(ends);
    let mut done = 0.0;
    let mut observer = |event: SearchEvent<'_>| {
        if matches!(event, SearchEvent::Step(_)) {
            done += 1.0;
        }
        watch(done / steps)
    };
    let mut found = Vec::with_capacity(frames);
    while !(sampling.is_idle() && sampling.has_started_all()) {
        sampling.fill();
        if sampling.step(&mut observer)?.is_break() {
            return Ok(None);
        }
        while let Some(candidate) = sampling.take_finished()? {
            found.push(candidate);
        }
    }
    let frame = |mut candidate: crate::candidate::Candidate| Frame {
        point: specs.iter().map(|spec| candidate.inputs.remove(&spec.name).unwrap_or_default()).collect(),
        image: candidate.image,
        measured: candidate.measured,
        db: candidate.db,
        own_db: candidate.searched_db,
    };
    let frames: Vec<Frame> = found.into_iter().map(frame).collect();
    let jumps = frames.windows(2).map(|pair| pair[0].image.mean_squared_difference(&pair[1].image).sqrt()).collect();
    Ok(Some(Passage { frames, jumps }))
}
