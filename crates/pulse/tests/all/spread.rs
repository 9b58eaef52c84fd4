//! What a set that spreads promises, on a small DCGAN with random weights.

use std::ops::ControlFlow;

use pulse::ErrorKind;
use pulse::candidate::{Candidate, Outcome};
use pulse::detail::Distances;
use pulse::event::{SearchEvent, Silent};
use pulse::search::{Repulsion, SearchConfig};
use pulse::steering::widest_first;

use crate::search::{find, found};

fn spread() -> SearchConfig {
    SearchConfig { candidates: 6, spread: Some(Repulsion::default()), ..SearchConfig::default() }
}

fn distances(found: &[Candidate]) -> Distances {
    Distances::between(&found.iter().map(|candidate| candidate.image.values()).collect::<Vec<_>>())
}

#[test]
fn a_set_is_farther_apart_than_candidates_by_themselves_and_as_consistent() {
    let plain = found(&SearchConfig { spread: None, ..spread() });
    let set = found(&spread());
    assert_eq!(set.len(), plain.len());
    assert!(set.iter().all(|candidate| candidate.outcome == Outcome::Reached && candidate.db >= 45.0));
    let [plain, set] = [&plain, &set].map(|found| distances(found).mean());
    assert!(set > 1.25 * plain, "{set} and {plain}");
}

#[test]
fn the_first_show_most() {
    let set = found(&spread());
    assert_eq!(set.iter().map(|candidate| candidate.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    let distances = distances(&set);
    assert_eq!(distances.farthest_pair().map(|(a, b, _)| (a, b)), Some((0, 1)));
    assert_eq!(distances.farthest_first(0), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn who_missed_comes_last() {
    let mut set = found(&spread());
    set[0].outcome = Outcome::Missed;
    let order = widest_first(&set);
    assert_eq!((order.len(), order[5]), (6, 0));
}

#[test]
fn the_batch_and_the_threads_change_no_picture_of_a_set() {
    // With starts that are hopeless, so that some candidates of the set begin again beside the others.
    let restarts = pulse::search::Restarts { limit: 2, below_db: 14.0 };
    let config = SearchConfig { steps: 40, restarts, ..spread() };
    let together = found(&SearchConfig { batch: 6, ..config.clone() });
    for (batch, threads) in [(1, 1), (4, 2)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let apart = pool.install(|| found(&SearchConfig { batch, ..config.clone() }));
        for (a, b) in together.iter().zip(&apart) {
            assert_eq!(a.steps, b.steps, "candidate {} in a batch of {batch}", a.index);
            assert_eq!(a.image.values(), b.image.values(), "candidate {} in a batch of {batch}", a.index);
            assert_eq!(a.inputs, b.inputs, "candidate {} in a batch of {batch}", a.index);
        }
    }
}

#[test]
fn a_set_is_told_when_it_is_numbered() {
    let mut told = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Finished(candidate) = event {
            told.push(candidate.index);
        }
        ControlFlow::Continue(())
    };
    find(&SearchConfig { steps: 12, batch: 2, ..spread() }, None, &mut observer).unwrap();
    assert_eq!(told, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_search_without_features_spreads_too() {
    let config = SearchConfig { candidates: 4, project: true, ..SearchConfig::paper() };
    // The random network gives way less than one of faces.
    let strong = Repulsion { weight: 4.0, ..Repulsion::default() };
    let [plain, set] =
        [None, Some(strong)].map(|spread| distances(&found(&SearchConfig { spread, ..config.clone() })).mean());
    assert!(set > plain, "{set} and {plain}");
}

#[test]
fn a_spread_that_cannot_be_is_named() {
    for spread in [
        Repulsion { weight: 0.0, ..Repulsion::default() },
        Repulsion { feature_weight: f64::NAN, ..Repulsion::default() },
        Repulsion { until: 1.5, ..Repulsion::default() },
    ] {
        let config = SearchConfig { spread: Some(spread), ..SearchConfig::default() };
        let error = find(&config, None, &mut Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains("spread"), "{error}");
    }
}
