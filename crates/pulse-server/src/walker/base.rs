//! What all walks from one node run on: it is compiled once.

use std::sync::Arc;

use pulse::image::Provenance;
use pulse::judge::{Fitted, Verdict};
use pulse::kept::KeptPrograms;
use pulse::run::Run;
use pulse::search::SearchConfig;
use pulse::session::Judge;
use pulse::solved::Solved;
use pulse::steer::Reopened;
use pulse::walk::{Explorer, Frame};
use pulse::{Error, ErrorKind, Opened, Result};
use pulse_engine::Cpu;

use crate::desk::Desk;

/// A node's search, ready to be walked from.
pub(super) struct Base {
    pub(super) node: String,
    pub(super) solved: Solved,
    pub(super) provenance: Provenance,
    /// Finds and follows directions, several points at a time.
    pub(super) wide: Explorer<'static>,
    /// Computes one picture at a time, as fast as it goes.
    pub(super) single: Explorer<'static>,
    opened: Opened,
    run: Run,
    judge: Judge,
}

impl Base {
    pub(super) fn new(desk: &Desk, node: &str, engine: &KeptPrograms<Cpu>) -> Result<Self> {
        let generator = desk.model().node(node).map(|node| node.body.generator.clone());
        let generator = generator.map_err(|refusal| Error::new(ErrorKind::Run, refusal.message()))?;
        let opened = desk.generator(Some(&generator));
        let opened = opened.map_err(|refusal| Error::new(ErrorKind::Generator, refusal.message()))?;
        let run = Run::open(&desk.run_folder(node))?;
        let provenance = run.record().generator.provenance(run.record().settings.seed);
        let Reopened { run, opened, solved } = Reopened::new(run, opened, engine)?;
        let wide = solved.explorer(engine)?;
        let config = SearchConfig { batch: 1, ..solved.config.clone() };
        let single = Explorer::new(&solved.problem(), &solved.specs, &config, engine)?;
        Ok(Self { node: node.to_owned(), solved, provenance, wide, single, opened, run, judge: Judge::default() })
    }

    /// What the generator would say of each of these pictures, which were reached from a candidate: nothing where that cannot be known
    /// without a search.
    pub(super) fn verdicts(
        &mut self,
        candidate: usize,
        frames: &[&Frame],
        engine: &KeptPrograms<Cpu>,
    ) -> Vec<Option<Verdict>> {
        let explorer = if frames.len() == 1 { &mut self.single } else { &mut self.wide };
        let latent_db = explorer.latent_db(frames).or_else(|| {
            // Nothing of a sampled candidate but its last steps changes along a walk.
            let record = self.run.record().candidates.iter().find(|record| record.number == candidate)?;
            Some(vec![record.bent.as_ref()?.latent_db; frames.len()])
        });
        let Some(latent_db) = latent_db else { return vec![None; frames.len()] };
        let fitted = frames.iter().zip(latent_db);
        let fitted: Vec<_> = fitted
            .map(|(frame, latent_db)| Fitted { image: &frame.image, latent_db, searched_db: frame.own_db })
            .collect();
        let (problem, config) = (self.solved.problem(), &self.solved.config);
        let judged = self.judge.verdicts(&fitted, &self.opened, &problem, config, engine);
        judged.ok().flatten().map_or(vec![None; frames.len()], |verdicts| verdicts.into_iter().map(Some).collect())
    }
}

/// How many are ready at a time.
const MOST: usize = 2;

/// Those that are ready, the last that was used at the end.
#[derive(Default)]
pub(super) struct Bases(Vec<Base>);

impl Bases {
    /// That of this node.
    pub(super) fn of(&mut self, desk: &Desk, node: &str, engine: &Arc<KeptPrograms<Cpu>>) -> Result<&mut Base> {
        let base = match self.0.iter().position(|base| base.node == node) {
            Some(place) => self.0.remove(place),
            None => Base::new(desk, node, engine)?,
        };
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(base);
        Ok(self.0.last_mut().expect("one was just added"))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
