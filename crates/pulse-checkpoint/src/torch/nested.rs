//! All storages that a pickle refers to: those beside it, and those that are archives nested in it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::legacy;
use super::storage::{Storage, Stored};
use crate::budget::Budget;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::pickle::{Item, ObjectId, Pickle};

/// The storages of an archive.
#[derive(Debug)]
pub(crate) struct Storages<'b> {
    stored: Stored<'b>,
    /// Those nested in the pickle, once they are read, by the object of their bytes: many tensors may be views of one.
    nested: RefCell<HashMap<ObjectId, Rc<Storage<'b>>>>,
}

impl<'b> Storages<'b> {
    /// The storages of a pickle that `stored` lies beside.
    pub(crate) fn new(stored: Stored<'b>) -> Self {
        Self { stored, nested: RefCell::default() }
    }

    /// The storage that an item refers to, and the type of its numbers, which `dtype` says where given.
    pub(super) fn find(
        &self,
        pickle: &'b Pickle<'_>,
        item: Item,
        dtype: Item,
        budget: &Budget,
    ) -> Result<(Rc<Storage<'b>>, Element)> {
        let storage = match pickle.identifier(item) {
            Some(identifier) => Rc::new(self.stored.find(pickle, identifier)?),
            None => self.nested(pickle, item, budget)?,
        };
        let Some((module, name)) = pickle.global(dtype).filter(|&(module, _)| module == "torch") else {
            let element = storage.element;
            return Ok((storage, element));
        };
        let element = match name {
            "uint16" => Element::U16,
            "uint32" => Element::U32,
            "uint64" => Element::U64,
            "float8_e4m3fn" => Element::F8E4M3,
            "float8_e5m2" => Element::F8E5M2,
            _ => return Err(Error::unsupported(format!("a tensor's type is {module}.{name}: save it as float32"))),
        };
        Ok((storage, element))
    }

    /// The storage of `torch.storage._load_from_bytes(bytes)`: an archive within the pickle.
    fn nested(&self, pickle: &'b Pickle<'_>, item: Item, budget: &Budget) -> Result<Rc<Storage<'b>>> {
        let call = pickle.call(item).filter(|call| call.module == "torch.storage" && call.name == "_load_from_bytes");
        let Some(call) = call else {
            let message = format!("a tensor's storage is {}", pickle.describe(item));
            return Err(Error::unsupported(format!("{message}, which is not read: save it again with torch.save")));
        };
        let no_bytes = || Error::corrupt("a nested storage has no bytes");
        // Many calls may be of the same bytes.
        let key = pickle.bytes_object(call.argument(0)).ok_or_else(no_bytes)?;
        if let Some(storage) = self.nested.borrow().get(&key) {
            return Ok(Rc::clone(storage));
        }
        let bytes = pickle.bytes(call.argument(0), budget)?.ok_or_else(no_bytes)?;
        let storage = Rc::new(match bytes {
            Cow::Borrowed(bytes) => legacy::read_storage(bytes, budget)?,
            Cow::Owned(bytes) => {
                budget.spend_memory(bytes.len())?;
                let Storage { bytes, element, order } = legacy::read_storage(&bytes, budget)?;
                Storage { bytes: Cow::Owned(bytes.into_owned()), element, order }
            }
        });
        self.nested.borrow_mut().insert(key, Rc::clone(&storage));
        Ok(storage)
    }
}
