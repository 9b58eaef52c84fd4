//! The tables in the folder of a run, as CSV.

use super::finished::Finished;
use crate::record::{CandidateRecord, QuantityRecord};

/// The candidates' figures: a line for each, under the names that they have in `run.json`.
pub(super) fn candidates_table(candidates: &[CandidateRecord]) -> String {
    let mut table = String::from(
        "number,outcome,db,searched_db,moved,departure,sharpness,distinctness,discriminator,verdict,bent,original_error,image\n",
    );
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for candidate in candidates {
        let fields = [
            candidate.number.to_string(),
            candidate.outcome.clone(),
            candidate.db.to_string(),
            candidate.searched_db.to_string(),
            text(candidate.moved),
            text(candidate.plausibility.as_ref().map(|plausibility| plausibility.departure)),
            text(candidate.sharpness),
            text(candidate.distinctness),
            text(candidate.discriminator),
            candidate.verdict.clone().unwrap_or_default(),
            text(candidate.bent.as_ref().map(|bent| bent.total)),
            text(candidate.original_error),
            candidate.image.clone(),
        ];
        table += &fields.join(",");
        table.push('\n');
    }
    table
}

/// The quantities as a table: a line for each candidate, for each random picture, and for the original.
pub(super) fn quantities_table(finished: &Finished<'_>) -> String {
    let line = |picture: String, values: &mut dyn Iterator<Item = Option<f64>>| {
        let values = values.map(|value| value.map_or_else(String::new, |value| value.to_string()));
        format!("{picture},{}\n", values.collect::<Vec<_>>().join(","))
    };
    let quantities = &finished.quantities;
    let titles: Vec<_> = quantities.iter().map(QuantityRecord::titled).collect();
    let mut table = format!("picture,{}\n", titles.join(","));
    for (place, candidate) in finished.candidates.iter().enumerate() {
        let name = format!("candidate {}", candidate.index + 1);
        table += &line(name, &mut quantities.iter().map(|quantity| quantity.candidates[place]));
    }
    let random = quantities.iter().map(|quantity| quantity.random.len()).max().unwrap_or(0);
    for place in 0..random {
        let name = format!("random {}", place + 1);
        table += &line(name, &mut quantities.iter().map(|quantity| quantity.random.get(place).copied()));
    }
    if quantities.iter().any(|quantity| quantity.original.is_some()) {
        table += &line("original".to_owned(), &mut quantities.iter().map(|quantity| quantity.original));
    }
    table
}
