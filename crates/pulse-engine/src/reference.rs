//! Naive loops in `f64`: the truth that every other engine is compared to.

use crate::{Engine, Network, Program, Result};

/// The reference engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Engine for Reference {
    fn compile(&self, _network: &Network, _batch: usize) -> Result<Box<dyn Program>> {
        unimplemented!()
    }
}
