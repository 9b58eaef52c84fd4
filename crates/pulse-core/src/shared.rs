//! Values that a search needs for as long as it lasts: borrowed, or shared.

use std::ops::Deref;
use std::sync::Arc;

/// A value that is borrowed, for a search that ends before the value does, or shared, for a search that may outlive the caller.
#[derive(Debug)]
pub enum Shared<'a, T: ?Sized> {
    /// Borrowed for `'a`.
    Borrowed(&'a T),
    /// Shared with other owners.
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
