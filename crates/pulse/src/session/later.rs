//! What was found, when it is there again, and when there is to be more of it.

use std::sync::Arc;

use pulse_core::candidate::Candidate;
use pulse_core::judge::Assessment;
use pulse_core::search::steering::Steering;
use pulse_core::solved::Solved;
use pulse_engine::Engine;
use pulse_record::report::Curves;

use super::{Found, Judge, Session};
use crate::{Opened, Prepared, Result};

impl Found {
    /// What an earlier session found, with all that belongs to it.
    pub(crate) fn earlier(
        opened: Opened,
        prepared: Arc<Prepared>,
        solved: &Solved,
        candidates: Vec<Candidate>,
        seconds: f64,
        engine: Arc<dyn Engine>,
    ) -> Self {
        let (config, specs) = (solved.config.clone(), solved.specs.clone());
        let (problem, curves, bookmark) = (solved.problem().starting_anywhere(), Curves::default(), None);
        Self { opened, prepared, config, specs, candidates, curves, seconds, bookmark, engine, problem }
    }

    /// The candidates measured together, but without the verdict, for which pictures of the generator's own have to be searched for.
    ///
    /// # Errors
    /// As [`Judge::compare`].
    pub fn compare(&self, judge: &mut Judge) -> Result<Assessment> {
        judge.compare(&self.candidates, &self.opened, &self.problem, &self.config, &*self.engine)
    }

    /// A session that has these candidates and looks for `count` more, and goes on with those that were stopped. It is for what was
    /// found without steering, which is not kept.
    ///
    /// # Errors
    /// As [`Session::of`] and [`Session::add_candidates`].
    pub fn more(&self, count: usize) -> Result<Session> {
        let of_all = if self.bookmark.is_none() { Some(self.bookmark_of_all()?) } else { None };
        let (opened, prepared, engine) = (self.opened.clone(), Arc::clone(&self.prepared), Arc::clone(&self.engine));
        let (problem, config) = (self.problem.clone(), self.config.clone());
        let mut session = Session::of(opened, prepared, problem, &Steering::default(), config, engine)?;
        if let Some(bookmark) = self.bookmark.as_ref().or(of_all.as_ref()) {
            session = session.going_on(bookmark)?;
        }
        if count > 0 {
            session.add_candidates(count)?;
        }
        Ok(session)
    }
}
