//! What the folder of a run says when its search was stopped, and that the search goes on from there.

use std::ops::ControlFlow;
use std::sync::Arc;

use pulse::candidate::{Candidate, Outcome};
use pulse::event::{SearchEvent, Silent};
use pulse::record::InputRecord;
use pulse::run::{Run, RunFolder};
use pulse::search::{Restarts, SearchConfig};
use pulse::session::{Found, Judge, Labels, Session};
use pulse::{Opened, Prepared};
use pulse_engine::Cpu;
use tempfile::TempDir;

use crate::{sampling, search};

/// Starts a session.
type Begin = Box<dyn Fn() -> Session>;

/// One of each way to search.
fn sessions() -> [(&'static str, Begin); 2] {
    let start = |generator, prepared, config: SearchConfig| {
        let (opened, prepared) = (Opened::own(generator, "own", ""), Arc::new(prepared));
        Box::new(move || {
            let engine = Arc::new(Cpu::default());
            Session::start(opened.clone(), Arc::clone(&prepared), config.clone(), engine).unwrap()
        }) as Begin
    };
    let restarts = Restarts { limit: 2, below_db: 100.0 };
    let descent = SearchConfig { candidates: 3, steps: 12, starts: 2, batch: 2, restarts, ..SearchConfig::default() };
    let prepared = Prepared::own(search::target(), search::measurement().into());
    let descent = start(Arc::new(search::generator()), prepared, descent);
    let target = sampling::target();
    let prepared = Prepared::own(target.clone(), sampling::measurement("area", &target).into());
    let sampled = SearchConfig { candidates: 3, batch: 2, ..sampling::config() };
    [("descent", descent), ("sampling", start(Arc::new(sampling::generator()), prepared, sampled))]
}

/// Searches, and asks to stop from an event on. Gives the steps that were taken, and the events.
fn run_until(mut session: Session, stop: usize) -> (Found, usize, usize) {
    let (mut steps, mut events) = (0, 0);
    let mut observer = |event: SearchEvent<'_>| {
        steps += usize::from(matches!(event, SearchEvent::Step(_)));
        events += 1;
        if events > stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    session.run(&mut observer).unwrap();
    let found = session.finish(&mut Silent).unwrap();
    (found, steps, events)
}

fn labels() -> Labels {
    Labels::of(InputRecord { path: "a.png".into(), sha256: String::new(), width: 4, height: 4 })
}

fn same(a: &[Candidate], b: &[Candidate]) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

/// Stops at so many random moments, and compares what there is at the end with an undisturbed search.
fn stop_at_random_moments(moments: usize) {
    let mut random = 19u64;
    for (what, begin) in sessions() {
        let (undisturbed, all_steps, all_events) = run_until(begin(), usize::MAX);
        assert!(undisturbed.bookmark.is_none());
        let mut judge = Judge::stopping_when(|| true);
        let mut stopped = 0;
        for _ in 0..moments {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The first event is the beginning, before which there is nothing to keep.
            let stop = 1 + (random >> 33) as usize % (all_events - 1);
            let (found, steps, _) = run_until(begin(), stop);
            let Some(bookmark) = &found.bookmark else {
                assert!(same(&found.candidates, &undisturbed.candidates), "{what}, asked to stop at the end");
                continue;
            };
            stopped += 1;
            let place = TempDir::new().unwrap();
            let path = place.path().join("run");
            let record = found.save(&RunFolder::create(&path, false).unwrap(), labels(), &mut judge).unwrap();
            let done = found.candidates.iter().filter(|candidate| candidate.outcome != Outcome::Stopped).count();
            assert!(record.summary.stopped && record.summary.reached <= done && done < 3, "{what} at {stop}");
            let run = Run::open(&path).unwrap();
            assert!(!run.is_whole() && run.bookmark().unwrap().as_ref() == Some(bookmark));
            let (found, more, _) = run_until(begin().going_on(bookmark).unwrap(), usize::MAX);
            assert_eq!(steps + more, all_steps, "{what} at {stop}: a step was taken twice");
            assert!(same(&found.candidates, &undisturbed.candidates), "{what} at {stop}: another picture");
            assert_eq!(format!("{:?}", found.curves), format!("{:?}", undisturbed.curves), "{what} at {stop}");
        }
        println!("{what}: {moments} moments, {stopped} in the midst of {all_events} events");
    }
}

#[test]
fn a_break_is_saved_as_stopped_and_goes_on_to_the_same_pictures() {
    stop_at_random_moments(4);
}

#[test]
#[ignore = "half a minute"]
fn thirty_breaks_change_nothing() {
    stop_at_random_moments(30);
}

/// It had no verdict, and was skipped for ever.
#[test]
fn what_was_found_but_not_measured_is_stopped_and_only_measured_when_it_goes_on() {
    let [(_, begin), _] = sessions();
    let (found, _, _) = run_until(begin(), usize::MAX);
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    let record =
        found.save(&RunFolder::create(&path, false).unwrap(), labels(), &mut Judge::stopping_when(|| true)).unwrap();
    assert!(record.summary.stopped && record.verdict.is_none());
    assert!(found.candidates.iter().all(|candidate| candidate.outcome != Outcome::Stopped));

    let bookmark = Run::open(&path).unwrap().bookmark().unwrap().unwrap();
    let session = begin().going_on(&bookmark).unwrap();
    assert!(session.is_done());
    let (again, steps, _) = run_until(session, usize::MAX);
    assert!(steps == 0 && same(&again.candidates, &found.candidates));
    let record = again.save(&RunFolder::take_up(&path).unwrap(), labels(), &mut Judge::default()).unwrap();
    assert!(!record.summary.stopped && record.verdict.is_some());
    assert!(Run::open(&path).unwrap().is_whole() && !path.join("bookmark.bin").exists());
}

#[test]
fn more_candidates_go_on_with_those_that_were_stopped() {
    let [(_, begin), _] = sessions();
    let mut session = begin();
    for _ in 0..5 {
        let _ = session.step(&mut Silent).unwrap();
    }
    session.stop(&mut Silent).unwrap();
    assert!(session.is_done());
    session.add_candidates(1).unwrap();
    let (found, _, _) = run_until(session, usize::MAX);
    assert!(found.bookmark.is_none());
    let (undisturbed, _, _) = run_until(begin(), usize::MAX);
    assert!(same(&found.candidates[..3], &undisturbed.candidates) && found.candidates.len() == 4);
}
