//! What a search promises that its caller drives, on a small DCGAN with random weights.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;

use pulse::candidate::{Candidate, Outcome};
use pulse::event::{SearchEvent, Silent};
use pulse::image::Image;
use pulse::judge::OwnPictures;
use pulse::search::{MOST_CANDIDATES, Problem, Repulsion, Restarts, Search, SearchConfig};
use pulse::session::Session;
use pulse::steering::Steering;
use pulse::{ErrorKind, Opened};
use pulse_engine::Cpu;

use crate::search::{find, found, generator, measurement, target};

fn config() -> SearchConfig {
    SearchConfig { candidates: 3, steps: 12, starts: 2, batch: 2, ..SearchConfig::default() }
}

fn spread() -> SearchConfig {
    SearchConfig { spread: Some(Repulsion::default()), ..config() }
}

pub(crate) fn begun(config: SearchConfig) -> Search<'static> {
    let problem = Problem::owned(Arc::new(generator()), measurement().into(), Arc::new(target()));
    Search::new(problem, &Steering::default(), config, &Cpu::default()).unwrap()
}

fn finished(mut search: Search<'_>) -> Vec<Candidate> {
    while !search.is_done() {
        assert!(search.step(&mut Silent).unwrap().is_continue());
    }
    search.into_found(&mut Silent)
}

pub(crate) fn assert_same(a: &[Candidate], b: &[Candidate]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!((a.index, a.start, a.steps, a.outcome), (b.index, b.start, b.steps, b.outcome));
        assert_eq!(a.image, b.image, "candidate {}", a.index);
        assert_eq!(a.inputs, b.inputs, "candidate {}", a.index);
    }
}

#[test]
fn what_others_hold_can_go_to_other_threads() {
    fn sent<T: Send + 'static>() {}
    fn shared<T: Send + Sync + Clone + 'static>() {}
    sent::<Search<'static>>();
    sent::<Session>();
    shared::<Problem<'static>>();
    shared::<Opened>();
}

#[test]
fn asking_in_the_middle_changes_nothing() {
    for config in [config(), spread()] {
        let mut search = begun(config.clone());
        assert!(search.so_far().unwrap().is_empty());
        while !search.is_done() {
            let _ = search.step(&mut Silent).unwrap();
            let known = search.so_far().unwrap();
            assert!(known.len() >= search.found().len());
            assert!(known.iter().all(|candidate| candidate.steps > 0));
        }
        assert_same(&search.into_found(&mut Silent), &found(&config));
    }
}

#[test]
fn stopping_in_the_middle_gives_what_was_begun() {
    let mut search = begun(SearchConfig { project: false, ..config() });
    for _ in 0..5 {
        let _ = search.step(&mut Silent).unwrap();
    }
    let known = search.so_far().unwrap();
    search.stop(&mut Silent).unwrap();
    assert!(search.is_done());
    let stopped = search.into_found(&mut Silent);
    assert_eq!(stopped.len(), 2, "the third had not begun");
    assert!(stopped.iter().all(|candidate| candidate.outcome == Outcome::Stopped && candidate.steps == 5));
    assert_same(&known, &stopped);
}

#[test]
fn going_on_after_a_break_is_as_if_nobody_had_asked() {
    for config in [config(), spread()] {
        let mut search = begun(config.clone());
        let mut breaks = 0;
        while !search.is_done() {
            // In the middle of every step.
            let flow = search.step(&mut |_: SearchEvent<'_>| ControlFlow::Break(())).unwrap();
            breaks += usize::from(flow.is_break());
        }
        assert!(breaks > 12);
        assert_same(&search.into_found(&mut Silent), &found(&config));
    }
}

#[test]
fn who_stops_at_the_first_event_of_a_step_gets_pictures_of_all_that_began() {
    let mut observer = |event: SearchEvent<'_>| match event {
        SearchEvent::Step(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = find(&config(), None, &mut observer).unwrap();
    assert_eq!(stopped.len(), 2);
    for candidate in stopped {
        assert_eq!(candidate.steps, 1);
        assert!(candidate.total.is_finite());
        assert!(candidate.inputs["z"].iter().any(|&number| number != 0.0));
    }
}

#[test]
fn a_break_at_the_start_leaves_nothing_searched() {
    let mut told = 0;
    let mut observer = |_: SearchEvent<'_>| {
        told += 1;
        ControlFlow::Break(())
    };
    assert!(find(&config(), None, &mut observer).unwrap().is_empty());
    assert_eq!(told, 1);
    // Who drives may go on all the same.
    let mut search = begun(config());
    assert!(search.step(&mut |_: SearchEvent<'_>| ControlFlow::Break(())).unwrap().is_break());
    assert!(search.so_far().unwrap().is_empty());
    assert_same(&finished(search), &found(&config()));
}

#[test]
fn more_candidates_are_those_of_a_larger_search() {
    let all = found(&SearchConfig { candidates: 5, ..config() });
    // While the first ones are under way, and when all are done.
    let mut search = begun(config());
    let _ = search.step(&mut Silent).unwrap();
    search.add_candidates(1).unwrap();
    while !search.is_done() {
        let _ = search.step(&mut Silent).unwrap();
    }
    assert_eq!(search.found().len(), 4);
    search.add_candidates(1).unwrap();
    assert_eq!(search.candidates(), 5);
    assert_same(&finished(search), &all);
}

#[test]
fn candidates_that_cannot_be_added_are_refused() {
    let refused = |mut search: Search<'_>, count, why: &str| {
        let before = search.candidates();
        let error = search.add_candidates(count).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(search.candidates(), before);
    };
    refused(begun(spread()), 1, "spreads");
    refused(begun(config()), MOST_CANDIDATES, "at most");
    // More than can be counted.
    refused(begun(config()), usize::MAX, "at most");
    let candidate = found(&config()).remove(0);
    let mut start = pulse::inputs::Inputs::default();
    start.insert("z", 1, pulse_engine::Shape::Vector(6), candidate.inputs["z"].clone());
    let problem = Problem::owned(Arc::new(generator()), measurement().into(), Arc::new(target()));
    let problem = problem.starting_from(Arc::new(start));
    let search = Search::new(problem, &Steering::default(), config(), &Cpu::default()).unwrap();
    refused(search, 1, "starts");
}

#[test]
fn the_picture_of_a_step_is_the_generators_in_0_to_1() {
    let restarts = Restarts { limit: 0, ..config().restarts };
    let mut seen = 0;
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            let picture: Image = step.picture().unwrap();
            assert_eq!((picture.channels(), picture.width(), picture.height()), (3, 16, 16));
            for (&value, &own) in picture.values().iter().zip(step.image) {
                assert!((value - (0.5 * own + 0.5).clamp(0.0, 1.0)).abs() < 1e-6);
            }
            seen += 1;
        }
        ControlFlow::Continue(())
    };
    find(&SearchConfig { candidates: 1, restarts, ..config() }, None, &mut observer).unwrap();
    assert_eq!(seen, 12);
}

#[test]
fn looking_at_own_pictures_ends_where_it_is_told() {
    let generator = generator();
    let (measurement, target) = (measurement(), target());
    let problem = Problem::new(&generator, &*measurement, &target);
    let asked = Cell::new(0);
    let made = |last: usize| {
        asked.set(0);
        let stop = || asked.replace(asked.get() + 1) >= last;
        OwnPictures::of(&problem, &config(), None, &Cpu::default(), &stop).unwrap()
    };
    assert!(made(usize::MAX).is_some());
    let all = asked.get();
    for last in [0, 20, all - 1] {
        assert!(made(last).is_none(), "stopped at {last} of {all}");
        assert!(asked.get() <= last + 3, "{} of {all} after it was stopped at {last}", asked.get());
    }
}
