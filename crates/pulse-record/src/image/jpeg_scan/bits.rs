//! The bits of the data of a JPEG.

use super::{Codes, NO_CODE, RESTARTS, Scanned, TOO_FEW, TOO_MANY};

/// The bits of a scan, as far as the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Where the next byte is read.
    pub(super) at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0 }
    }

    /// The next byte of the data: 0xff is followed by 0, or else it begins a marker.
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        if byte != 0xff {
            self.at += 1;
        } else if self.bytes.get(self.at + 1) == Some(&0) {
            self.at += 2;
        } else if self.at + 1 >= self.bytes.len() {
            self.at += 1;
            return None;
        } else {
            return None;
        }
        Some(byte)
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.byte() else { break };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    pub(super) fn symbol(&mut self, codes: &Codes) -> Result<u8, Scanned> {
        if self.count < 16 {
            self.fill();
        }
        let next = if self.count >= 16 { self.held >> (self.count - 16) } else { self.held << (16 - self.count) };
        let (length, symbol) = codes[(next & 0xffff) as usize];
        if length == 0 {
            return Err(if self.count < 16 { TOO_FEW } else { NO_CODE });
        }
        self.take(length.into())?;
        Ok(symbol)
    }

    pub(super) fn take(&mut self, length: u32) -> Result<u32, Scanned> {
        // Tables may have any symbol, and no number is longer.
        if length > 16 {
            return Err(NO_CODE);
        }
        if self.count < length {
            self.fill();
        }
        self.count = self.count.checked_sub(length).ok_or(TOO_FEW)?;
        Ok((self.held >> self.count) as u32 & ((1 << length) - 1))
    }

    /// A number of so many bits, of which the first says its sign (T.81, F.1.2.1).
    pub(super) fn number(&mut self, length: u32) -> Result<i32, Scanned> {
        let bits = self.take(length)? as i32;
        Ok(if length > 0 && bits < 1 << (length - 1) { bits - (1 << length) + 1 } else { bits })
    }

    /// What is left before a marker is less than a byte, all of it ones, and the padding that some writers leave. A few write zeros.
    pub(super) fn finish(&mut self) -> Result<(), Scanned> {
        let held = (0..self.count / 8).map(|index| (self.held >> (8 * index)) as u8).collect::<Vec<_>>();
        let (partial, part) = (self.count % 8, self.held >> (self.count / 8 * 8) & 0xff);
        let ones = (1 << partial) - 1;
        self.count = 0;
        let mut rest = std::iter::from_fn(|| self.byte());
        let is_padding = held.into_iter().chain(&mut rest).all(|byte| byte == 0 || byte == 0xff);
        let is_whole = part & ones == ones || part & ones == 0;
        if is_padding && is_whole { Ok(()) } else { Err(TOO_MANY) }
    }

    pub(super) fn restart(&mut self) -> Result<(), Scanned> {
        self.finish()?;
        while self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(&[0xff, 0xff])) {
            self.at += 1;
        }
        match self.bytes.get(self.at..) {
            Some([0xff, marker, ..]) if RESTARTS.contains(marker) => {
                self.at += 2;
                Ok(())
            }
            _ => Err(TOO_FEW),
        }
    }
}
