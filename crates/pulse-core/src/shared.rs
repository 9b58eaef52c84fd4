//! What a search needs for as long as it lasts.

use std::ops::Deref;
use std::sync::Arc;

/// A value that is borrowed from a caller who waits for the search, or shared with one who does not.
#[derive(Debug)]
pub enum Shared<'a, T: ?Sized> {
    /// Borrowed for `'a`.
    Borrowed(&'a T),
    /// Held together with others.
    Owned(Arc<T>),
}

impl<T: ?Sized> Deref for Shared<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(value) => value,
            Self::Owned(value) => value,
        }
    }
}

impl<T: ?Sized> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(value) => Self::Borrowed(value),
            Self::Owned(value) => Self::Owned(Arc::clone(value)),
        }
    }
}

impl<'a, T: ?Sized> From<&'a T> for Shared<'a, T> {
    fn from(value: &'a T) -> Self {
        Self::Borrowed(value)
    }
}

impl<T: ?Sized> From<Arc<T>> for Shared<'_, T> {
    fn from(value: Arc<T>) -> Self {
        Self::Owned(value)
    }
}
