//! The fast engine.

use crate::{Engine, Network, Program, Result};

/// The fast engine for the processor that the program runs on.
#[derive(Clone, Debug, Default)]
pub struct Cpu {}

impl Engine for Cpu {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        crate::Reference.compile(network, batch)
    }
}
