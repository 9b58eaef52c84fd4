//! From the best step of a slot to a candidate.

use std::collections::BTreeMap;

use pulse_checkpoint::nearest_half;

use super::exact::ExactEnd;
use super::moving::Moving;
use super::program::SearchProgram;
use super::slot::{Best, Slot, Stage};
use super::{Problem, SearchConfig, terms};
use crate::Result;
use crate::candidate::{Candidate, Outcome, consistency_db};

/// Makes the candidate of a slot: its best step, brought to the exact end.
pub(super) fn finish(
    end: &mut ExactEnd,
    problem: &Problem<'_>,
    config: &SearchConfig,
    slot: &Slot,
    inputs: &[Moving],
    network: &mut SearchProgram,
) -> Result<Candidate> {
    let best = &slot.best;
    let ended = end.end(problem, &[&best.image])?.remove(0);
    let mut kept: BTreeMap<String, Vec<f32>> = inputs
        .iter()
        .zip(short_numbers(inputs, best, network))
        .map(|(input, x)| (input.port.spec.name.clone(), x))
        .collect();
    // The last input is the offset of the picture itself; with it the inputs alone make this picture.
    let last = inputs.last().and_then(|input| kept.get_mut(&input.port.spec.name));
    if let (Some(last), Some(offset)) = (last, &ended.offset) {
        last.iter_mut().zip(offset).for_each(|(last, offset)| *last += offset);
    }
    let outcome = match slot.stage {
        // The exact end brings nearly any picture to the target: how near it comes says nothing of a search that was cut short.
        Stage::Stopped => Outcome::Stopped,
        _ if ended.error <= config.epsilon => Outcome::Reached,
        _ => Outcome::Missed,
    };
    let searched_db = consistency_db(ended.own_error);
    let joined = config.features.is_some() && inputs.iter().any(Moving::is_feature);
    Ok(Candidate {
        index: slot.candidate,
        start: slot.candidate,
        restarts: slot.restart,
        outcome,
        image: ended.image,
        measured: ended.measured,
        db: consistency_db(ended.error),
        searched_db,
        moved: ended.moved,
        latent_db: if joined && slot.judged_db.is_finite() { slot.judged_db } else { searched_db },
        losses: terms(&config.loss, &best.values).collect(),
        total: best.values.total,
        steps: slot.taken,
        inputs: kept,
    })
}

/// The inputs of the best step, those of features within the generator as numbers of 16 bits: nearly all of what a candidate's inputs
/// are, and no more exact than they need to be, since the offset of the picture takes up the difference.
fn short_numbers(inputs: &[Moving], best: &Best, network: &mut SearchProgram) -> Vec<Vec<f32>> {
    let mut short = best.inputs.clone();
    let Some((_, within)) = short.split_last_mut() else { return short };
    let mut is_shorter = false;
    for (_, x) in inputs.iter().zip(within).filter(|(input, _)| input.is_feature()) {
        for x in x {
            let half = nearest_half(*x);
            is_shorter |= half != *x;
            *x = half;
        }
    }
    if !is_shorter || inputs.last().is_none_or(|last| last.port.spec.stage.is_none()) {
        return best.inputs.clone();
    }
    for (input, x) in inputs.iter().zip(&short) {
        network.program.input_mut(input.port.id)[..x.len()].copy_from_slice(x);
    }
    network.program.forward(1, &[network.image]);
    let made = &network.program.output(network.image)[..best.image.len()];
    if let Some(offset) = short.last_mut() {
        offset.iter_mut().zip(best.image.iter().zip(made)).for_each(|(offset, (image, made))| *offset += image - made);
    }
    short
}
