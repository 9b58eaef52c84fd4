//! A search that begins with candidates which are there.

use std::sync::Arc;

use pulse_core::candidate::consistency_db;
use pulse_core::image::Image;
use pulse_core::search::steering::{Kept, Mask, Near, Steering, Toward};
use pulse_core::search::{Sampler, SearchConfig};
use pulse_core::solved::{AGAIN, NEAR, Origin, Solved};
use pulse_engine::Engine;

use crate::session::{Found, Session};
use crate::{Error, ErrorKind, Opened, Prepared, Result};

/// What steers a search from candidates. Candidates are named by their numbers, from 1.
#[derive(Clone, Debug, Default)]
pub struct Steer {
    /// The candidate of which a region stays, or from which the search starts.
    pub candidate: Option<usize>,
    /// The region that stays.
    pub keep: Option<Mask>,
    /// What candidates are drawn to.
    pub toward: Option<Toward>,
    /// The candidate in whose neighbourhood the search starts.
    pub like: Option<usize>,
    /// How far from that candidate, from 0 to 1; by default [`NEAR`].
    pub amount: Option<f64>,
}

/// Candidates from which a search begins.
pub struct Ground<'a> {
    /// Their generator.
    pub opened: &'a Opened,
    /// The search behind them.
    pub solved: &'a Solved,
    /// Their picture.
    pub prepared: Arc<Prepared>,
    /// The consistency of each, in dB, row by row.
    pub dbs: Vec<f64>,
}

impl Ground<'_> {
    /// A search that is steered so, with these settings.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] for candidates that are not there, [`ErrorKind::Setting`] for one that cannot be kept, and as
    /// [`Session::of`].
    pub fn search(self, steer: &Steer, config: &SearchConfig, engine: Arc<dyn Engine>) -> Result<Session> {
        let steering = self.steering(steer, &*engine)?;
        let problem = if self.is_sampled() {
            // It begins with a picture, not with inputs.
            self.solved.again(Origin::Anywhere, config)?.starting_anywhere()
        } else {
            self.solved.again(self.origin(steer)?, config)?
        };
        Session::of(self.opened.clone(), self.prepared, problem, &steering, config.clone(), engine)
    }

    /// Whether the candidates were drawn from a denoiser, and not searched by descent.
    fn is_sampled(&self) -> bool {
        self.solved.config.sampler_of(&*self.opened.generator) == Sampler::NullSpace
    }

    fn steering(&self, steer: &Steer, engine: &dyn Engine) -> Result<Steering> {
        let mut steering = Steering { toward: steer.toward.clone(), ..Steering::default() };
        if let (Some(mask), Some(candidate)) = (&steer.keep, steer.candidate) {
            steering.keep = Some(Kept::new(self.kept(candidate, engine)?, mask));
        }
        if let (Some(like), true) = (steer.like, self.is_sampled()) {
            let picture = self.solved.picture(self.solved.row(like)?, engine)?;
            steering.near = Some(Near { picture, amount: steer.amount.unwrap_or(NEAR) });
        }
        Ok(steering)
    }

    /// The picture of a candidate of which a region can be kept. The candidate has to be consistent, or no candidate with the
    /// region would be.
    fn kept(&self, candidate: usize, engine: &dyn Engine) -> Result<Image> {
        let row = self.solved.row(candidate)?;
        let (db, wanted) = (self.dbs[row], consistency_db(self.solved.config.epsilon));
        if db >= wanted {
            return self.solved.picture(row, engine);
        }
        let message = format!(
            "candidate {candidate} is at {db:.1} dB, and {wanted:.1} dB are wanted: what is kept of it would not shrink to \
             the given picture; choose a candidate that reached it"
        );
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// Where the search starts: near the candidate that is named, or at random.
    fn origin(&self, steer: &Steer) -> Result<Origin> {
        let near = match (steer.like, steer.candidate) {
            (Some(like), _) => Some((like, steer.amount.unwrap_or(NEAR))),
            (None, Some(candidate)) => Some((candidate, AGAIN)),
            (None, None) => None,
        };
        Ok(match near {
            Some((number, amount)) => Origin::Near { row: self.solved.row(number)?, amount },
            None => Origin::Anywhere,
        })
    }
}

impl Found {
    /// A search from these candidates that is steered so, with these settings.
    ///
    /// # Errors
    /// As [`Found::solved`] and [`Ground::search`].
    pub fn search_again(&self, steer: &Steer, config: &SearchConfig, engine: Arc<dyn Engine>) -> Result<Session> {
        let solved = self.solved()?;
        let dbs = self.candidates.iter().map(|candidate| candidate.db).collect();
        let ground = Ground { opened: &self.opened, solved: &solved, prepared: Arc::clone(&self.prepared), dbs };
        ground.search(steer, config, engine)
    }
}
