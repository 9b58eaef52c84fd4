//! Bytes, read from the front with every length checked.

use std::fmt::Display;

use crate::error::{Error, Result};

#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    rest: &'a [u8],
    /// What is read, for messages.
    what: &'static str,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (taken, rest) = split.ok_or_else(|| Error::truncated(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| Error::truncated(self.what))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The bytes behind their own count, which is one byte.
    pub(crate) fn counted_by_u8(&mut self) -> Result<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// The bytes behind their own count of 32 bits.
    pub(crate) fn counted_by_u32(&mut self) -> Result<&'a [u8]> {
        let length = self.u32()?;
        self.take(length.into())
    }

    /// The bytes behind their own count of 64 bits.
    pub(crate) fn counted_by_u64(&mut self) -> Result<&'a [u8]> {
        let length = self.u64()?;
        self.take(length)
    }

    /// The bytes before the next line feed, which is taken too.
    pub(crate) fn line(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| Error::truncated(self.what))?;
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Ok(line)
    }
}

/// A program that no writer of pickles makes.
pub(super) fn unsound(what: impl Display) -> Error {
    Error::corrupt(format_args!("the pickle has {what}"))
}
