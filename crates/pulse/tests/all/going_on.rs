//! A search that was stopped and goes on ends as if nobody had stopped it, whichever way it searches.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use pulse::candidate::{Candidate, Outcome, epsilon_of_db};
use pulse::engine::Cpu;
use pulse::event::{Observer, SearchEvent, Silent};
use pulse::generator::EMBEDDED;
use pulse::image::Reader;
use pulse::measurement::{MeasurementKind, Size};
use pulse::search::{Problem, Repulsion, Restarts, Search, SearchConfig};
use pulse::steering::Steering;
use pulse::tape::{Bookmark, Tape};
use pulse::{ErrorKind, Result};

use crate::{sampling, stepped};

/// Starts the search that is looked at.
type Begin<'a> = &'a dyn Fn() -> Search<'static>;

/// Every step that was taken, by candidate: restarts count on.
#[derive(Default)]
struct Steps(Vec<(usize, usize)>);

impl Observer for Steps {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        if let SearchEvent::Step(step) = event {
            self.0.push((step.candidate, step.step));
        }
        ControlFlow::Continue(())
    }
}

fn bookmark(search: &mut Search<'_>) -> Bookmark {
    let mut tape = Tape::to_write();
    search.pass(&mut tape).unwrap();
    tape.into_bookmark()
}

fn go_on(mut search: Search<'static>, bookmark: &Bookmark) -> Result<Search<'static>> {
    let mut tape = Tape::of(bookmark);
    search.pass(&mut tape)?;
    tape.end()?;
    Ok(search)
}

/// Searches, and is stopped and taken up again by another one after every `part` steps.
fn in_parts(begin: Begin<'_>, part: usize) -> (Vec<Candidate>, Steps) {
    let (mut search, mut steps) = (begin(), Steps::default());
    for step in 1.. {
        let _ = search.step(&mut steps).unwrap();
        if search.is_done() {
            break;
        }
        if step % part == 0 {
            let bookmark = bookmark(&mut search);
            search.stop(&mut Silent).unwrap();
            search = go_on(begin(), &bookmark).unwrap();
        }
    }
    (search.into_found(&mut Silent), steps)
}

fn check(what: &str, begin: Begin<'_>, parts: &[usize]) {
    let (undisturbed, mut expected) = in_parts(begin, usize::MAX);
    expected.0.sort_unstable();
    for &part in parts {
        let (found, mut steps) = in_parts(begin, part);
        stepped::assert_same(&found, &undisturbed);
        for (a, b) in found.iter().zip(&undisturbed) {
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "{what}: every figure");
        }
        // Slots are filled in another order; no step is taken twice, and none is left out.
        steps.0.sort_unstable();
        assert_eq!(steps.0, expected.0, "{what}, stopped every {part} steps");
    }
}

fn descents() -> Vec<(&'static str, SearchConfig)> {
    let config = SearchConfig { candidates: 5, steps: 12, starts: 2, batch: 2, ..SearchConfig::default() };
    let restarts = Restarts { limit: 2, below_db: 100.0 };
    vec![
        ("plain", config.clone()),
        ("restarts", SearchConfig { restarts, ..config.clone() }),
        ("early ends", SearchConfig { epsilon: epsilon_of_db(16.0), steps: 40, ..config.clone() }),
        ("spread", SearchConfig { candidates: 3, spread: Some(Repulsion::default()), ..config.clone() }),
        ("paper", SearchConfig { candidates: 2, steps: 12, ..SearchConfig::paper() }),
    ]
}

#[test]
fn a_descent_goes_on_to_the_bit() {
    for (what, config) in descents() {
        check(what, &|| stepped::begun(config.clone()), &[3, 7]);
    }
}

/// Demands that a search says first that it has started.
#[derive(Default)]
struct Started(bool);

impl Observer for Started {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        self.0 |= matches!(event, SearchEvent::Started { .. });
        assert!(self.0, "{event:?}");
        ControlFlow::Continue(())
    }
}

/// One that was interrupted after its last step told of candidates before it had said how many there are, and the progress panicked.
#[test]
fn whatever_is_left_to_do_a_search_says_first_that_it_has_started() {
    for (what, config) in descents() {
        let begin = || stepped::begun(config.clone());
        let (mut search, mut kept) = (begin(), Vec::new());
        while !search.is_done() {
            let _ = search.step(&mut Silent).unwrap();
            kept.push(bookmark(&mut search));
        }
        for bookmark in [&kept[0], &kept[kept.len() / 2], &kept[kept.len() - 1]] {
            let mut observer = Started::default();
            let mut stopped = go_on(begin(), bookmark).unwrap();
            stopped.stop(&mut observer).unwrap();
            assert!(observer.0, "{what}");
        }
        let mut observer = Started::default();
        let found = go_on(begin(), &kept[kept.len() - 1]).unwrap().into_found(&mut observer);
        assert!(observer.0 && found.len() == config.candidates, "{what}");
    }
}

/// A search for a real face, in which the second of twelve candidates ends plainly worse than the others.
fn with_a_broken_one() -> Search<'static> {
    let generator = EMBEDDED[0].open().unwrap();
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/face-16.png");
    let target = Reader::default().read(&small).unwrap().to_rgb();
    let measurement = MeasurementKind::default().resolve(3, Size::new(64, 64), target.size()).unwrap();
    let problem = Problem::owned(generator.into(), measurement.into(), Arc::new(target));
    let config = SearchConfig { candidates: 12, steps: 20, seed: 2, ..SearchConfig::default() };
    Search::new(problem, &Steering::default(), config, &Cpu::default()).unwrap()
}

#[test]
fn a_candidate_that_is_plainly_worse_than_the_others_is_searched_for_again_and_goes_on_to_the_bit() {
    let (mut first, mut again) = (HashMap::new(), Vec::new());
    let mut observer = |event: SearchEvent<'_>| {
        match event {
            SearchEvent::Finished(candidate) => drop(first.entry(candidate.index).or_insert(candidate.searched_db)),
            SearchEvent::Restarted { candidate, .. } if first.contains_key(&candidate) => again.push(candidate),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut search = with_a_broken_one();
    while !search.is_done() {
        let _ = search.step(&mut observer).unwrap();
    }
    assert_eq!(again, [1]);
    let found = search.into_found(&mut Silent);
    for candidate in &found {
        let db = candidate.searched_db;
        assert!(if candidate.index == 1 { db > first[&1] } else { db == first[&candidate.index] });
    }
    check("again", &with_a_broken_one, &[27]);
}

#[test]
fn a_sampling_goes_on_to_the_bit() {
    let exact = SearchConfig { candidates: 5, batch: 2, ..sampling::config() };
    let noisy = SearchConfig { sigma: 0.05, ..exact.clone() };
    let spread = SearchConfig { spread: Some(Repulsion::default()), ..exact.clone() };
    for (what, config) in [("exact", exact), ("noisy", noisy), ("spread", spread)] {
        check(what, &|| sampling::begun(config.clone()), &[4, 9]);
    }
}

#[test]
fn a_stopped_candidate_is_stopped_however_near_the_projection_brings_it() {
    for (what, config) in descents() {
        let mut search = stepped::begun(config);
        let _ = search.step(&mut Silent).unwrap();
        search.stop(&mut Silent).unwrap();
        let found = search.into_found(&mut Silent);
        assert!(!found.is_empty());
        for candidate in found {
            assert_eq!(candidate.outcome, Outcome::Stopped, "{what}: {:.1} dB", candidate.db);
        }
    }
}

#[test]
fn what_was_found_before_is_told_and_not_searched_again() {
    let config = SearchConfig { candidates: 3, steps: 6, batch: 1, ..SearchConfig::default() };
    let mut search = stepped::begun(config.clone());
    while search.found().len() < 2 {
        let _ = search.step(&mut Silent).unwrap();
    }
    let bookmark = bookmark(&mut search);
    let mut told = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        match event {
            SearchEvent::Finished(candidate) => told.push(candidate.index),
            SearchEvent::Step(step) => assert_eq!(step.candidate, 2),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut search = go_on(stepped::begun(config), &bookmark).unwrap();
    while !search.is_done() {
        let _ = search.step(&mut observer).unwrap();
    }
    assert_eq!(told, [0, 1, 2]);
}

#[test]
fn a_bookmark_of_another_search_or_of_none_is_refused() {
    let config = SearchConfig { candidates: 3, steps: 6, ..SearchConfig::default() };
    let mut search = stepped::begun(config.clone());
    let _ = search.step(&mut Silent).unwrap();
    let own = bookmark(&mut search);
    let refused = |config: SearchConfig, bookmark: &Bookmark| {
        let error = go_on(stepped::begun(config), bookmark).err().expect("it is of no such search");
        assert_eq!(error.kind(), ErrorKind::Run);
    };
    refused(SearchConfig { candidates: 2, ..config.clone() }, &own);
    refused(SearchConfig { spread: Some(Repulsion::default()), ..config.clone() }, &own);
    for kept in [0, 9, own.bytes().len() / 2, own.bytes().len() - 1] {
        refused(config.clone(), &Bookmark::of_bytes(own.bytes()[..kept].to_vec()));
    }
    refused(config, &Bookmark::of_bytes(vec![0xFF; 1000]));
}
