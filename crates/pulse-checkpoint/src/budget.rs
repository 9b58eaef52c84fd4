//! How much a file may make its reader do.

use std::cell::Cell;

use crate::error::{Error, Result};

/// What is left to spend on one file, all pickles nested in it included. A few bytes can describe a large view of a small storage, a
/// dictionary that holds another many times over, or a program that makes an object with every byte; a budget in proportion to the
/// file bounds all of them.
#[derive(Debug)]
pub(crate) struct Budget {
    elements: Cell<usize>,
    program: Cell<usize>,
    objects: Cell<usize>,
    steps: Cell<usize>,
    configuration: Cell<usize>,
}

impl Budget {
    /// What a file of `length` bytes, those that it was deflated from included, may spend.
    pub(crate) fn of_file(length: usize) -> Self {
        // One number for each byte, which a file of truth values needs and one of `f32` needs a quarter of,
        // and 8 MiB on top.
        const MORE_ELEMENTS: usize = 1 << 21;
        // Checkpoints of large networks take some hundred thousand operations.
        const PROGRAM: usize = 1 << 21;
        // Bytes; half as many again as the file has.
        const MORE_OBJECTS: usize = 36 << 20;
        const STEPS: usize = 1 << 22;
        // Values and bytes of text; the largest configurations seen have some ten thousand.
        const CONFIGURATION: usize = 1 << 18;
        Self {
            elements: Cell::new(length.saturating_add(MORE_ELEMENTS)),
            program: Cell::new(PROGRAM),
            objects: Cell::new((length / 2).saturating_add(MORE_OBJECTS)),
            steps: Cell::new(STEPS),
            configuration: Cell::new(CONFIGURATION),
        }
    }

    /// Pays for the numbers of a tensor.
    pub(crate) fn spend_elements(&self, count: usize) -> Result<()> {
        spend(&self.elements, count).ok_or_else(|| Error::too_large("the tensors are many times the size of the file"))
    }

    /// Pays for one operation of a pickle.
    pub(crate) fn spend_operation(&self) -> Result<()> {
        spend(&self.program, 1).ok_or_else(|| Error::too_large("the pickle takes too many steps"))
    }

    /// Pays for `bytes` of memory of what a pickle makes.
    pub(crate) fn spend_memory(&self, bytes: usize) -> Result<()> {
        let paid = spend(&self.objects, bytes);
        paid.ok_or_else(|| Error::too_large("the objects of the pickle are many times the size of the file"))
    }

    /// Pays for looking at `count` objects.
    pub(crate) fn spend_steps(&self, count: usize) -> Result<()> {
        spend(&self.steps, count).ok_or_else(|| Error::too_large("the objects of the pickle hold each other too often"))
    }

    /// Pays for `count` values or bytes of the configuration. That is no error where it is too much: the
    /// value is left out.
    pub(crate) fn spend_configuration(&self, count: usize) -> Option<()> {
        spend(&self.configuration, count)
    }
}

/// Once something cannot be paid for, nothing can.
fn spend(left: &Cell<usize>, count: usize) -> Option<()> {
    let rest = left.get().checked_sub(count);
    left.set(rest.unwrap_or(0));
    rest.map(drop)
}
