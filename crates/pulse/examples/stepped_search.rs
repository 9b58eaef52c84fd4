//! A search that its caller drives: stepped, paused, looked into, moved to another thread, and made larger.
//!
//! ```text
//! cargo run --release --example stepped_search
//! ```
//!
//! It is for whoever has a loop of their own: a window, a server, a game. What is found does not depend on how the search was
//! driven: it is to the bit what `search` finds with the same settings.

use std::thread;

use pulse::candidate::Candidate;
use pulse::engine::Cpu;
use pulse::event::{Observer, Silent};
use pulse::image::Image;
use pulse::search::{Problem, Search, SearchConfig};
use pulse::steering::Steering;
use pulse::{Opened, Preparation, Prepared, Result};

/// A problem that holds what it needs: a search for it can go anywhere.
pub fn problem() -> Result<Problem<'static>> {
    let opened = Opened::named("faces")?;
    let skin = [0.8, 0.7, 0.8, 0.7, 0.6, 0.5, 0.6, 0.5, 0.5, 0.4, 0.5, 0.4];
    let picture = Image::new(3, 2, 2, skin.to_vec())?;
    let prepared = Prepared::new(picture, &Preparation::default(), opened.generator.spec(), &Cpu::default())?;
    Ok(Problem::owned(opened.generator, prepared.measurement, prepared.target))
}

/// Drives a search by hand. `more` candidates are asked for when the first ones are under way already.
pub fn driven(
    problem: Problem<'static>,
    config: SearchConfig,
    more: usize,
    observer: &mut (dyn Observer + Send),
) -> Result<Vec<Candidate>> {
    let mut search = Search::new(problem, &Steering::default(), config, &Cpu::default())?;
    // Some steps, between which the caller does something else.
    for _ in 0..3 {
        let _ = search.step(observer)?;
    }

    // Paused: nothing goes on by itself. Asking for what there is changes nothing.
    for candidate in search.so_far()? {
        println!("so far, candidate {}: {:.1} dB after {} steps", candidate.index + 1, candidate.db, candidate.steps);
    }

    // On in another thread, which gives the search back.
    let mut search = thread::scope(|scope| {
        let there = scope.spawn(|| {
            for _ in 0..2 {
                let _ = search.step(observer)?;
            }
            Ok::<_, pulse::Error>(search)
        });
        there.join().expect("the thread does not panic")
    })?;

    // A set that spreads is of one size; any other may grow, before or after it is done.
    if more > 0 {
        search.add_candidates(more)?;
    }
    while !search.is_done() {
        if search.step(observer)?.is_break() {
            search.stop(observer)?;
        }
    }
    Ok(search.into_found(observer))
}

fn main() -> Result<()> {
    let config = SearchConfig { candidates: 2, ..SearchConfig::default() };
    let by_hand = driven(problem()?, config.clone(), 2, &mut Silent)?;
    let at_once = SearchConfig { candidates: 4, ..config };
    let by_itself = pulse::search::search(&problem()?, &at_once, &Cpu::default(), &mut Silent)?;
    for (a, b) in by_hand.iter().zip(&by_itself) {
        assert_eq!(a.image, b.image);
        println!("candidate {}: {:.1} dB, the same both ways", a.index + 1, a.db);
    }
    Ok(())
}
