//! The arrays in a pickle, whichever library made them.

use std::borrow::Cow;

use crate::budget::Budget;
use crate::error::Result;
use crate::pickle::{Item, Pickle};
use crate::tensor::Tensor;
use crate::torch::Storages;
use crate::{numpy, torch};

/// Reads arrays of one pickle.
pub(crate) struct Arrays<'p, 'a> {
    pub(crate) pickle: &'p Pickle<'a>,
    pub(crate) budget: &'p Budget,
    storages: Storages<'p>,
}

impl<'p, 'a> Arrays<'p, 'a> {
    /// The arrays of a pickle, the numbers of some of which are in `storages`.
    pub(crate) fn new(pickle: &'p Pickle<'a>, storages: Storages<'p>, budget: &'p Budget) -> Self {
        Self { pickle, budget, storages }
    }

    /// The entries of a dictionary whose keys are texts; none where the item is no dictionary.
    pub(crate) fn named_entries(&self, item: Item) -> Result<Vec<(Cow<'p, str>, Item)>> {
        // Reading a long name costs more than one step.
        const STEP: usize = 64;
        let mut named = Vec::new();
        // What is no pair is looked at too.
        self.budget.spend_steps(self.pickle.entry_count(item))?;
        for (key, value) in self.pickle.entries(item).into_iter().flatten() {
            let name = self.pickle.text(key);
            self.budget.spend_steps(name.as_ref().map_or(0, |name| name.len() / STEP))?;
            named.extend(name.map(|name| (name, value)));
        }
        Ok(named)
    }

    /// The value of a text key of a dictionary.
    pub(crate) fn entry(&self, item: Item, key: &str) -> Result<Option<Item>> {
        let entries = self.named_entries(item)?;
        Ok(entries.iter().rev().find(|(name, _)| name == key).map(|&(_, value)| value))
    }

    /// Whether an item is an array.
    pub(crate) fn is_array(&self, item: Item) -> bool {
        self.pickle.call(item).is_some_and(|call| torch::is_tensor(&call) || numpy::is_array(&call))
    }

    /// The array that an item is, if it is one.
    pub(crate) fn tensor(&self, item: Item) -> Result<Option<Tensor>> {
        self.budget.spend_steps(1)?;
        let Some(call) = self.pickle.call(item) else { return Ok(None) };
        if torch::is_tensor(&call) {
            return torch::tensor(self.pickle, &call, &self.storages, self.budget).map(Some);
        }
        if numpy::is_array(&call) {
            return numpy::array(self.pickle, &call, self.budget).map(Some);
        }
        Ok(None)
    }
}
