//! The checksum of a zlib stream that is put together from pieces.

/// A checksum of Adler (RFC 1950, section 8.2) of a number of bytes: `a = 1 + Σ x` and the sum `b` of all `a`, modulo 65521.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Adler {
    a: u64,
    b: u64,
    length: u64,
}

impl Adler {
    const MODULUS: u64 = 65_521;
    pub(super) const EMPTY: Self = Self { a: 1, b: 0, length: 0 };

    pub(super) fn new(value: u32, length: usize) -> Self {
        Self { a: u64::from(value & 0xffff), b: u64::from(value >> 16), length: length as u64 }
    }

    /// That of these bytes and then those: `a = a₁ + a₂ − 1`, and each of the later `a` is larger by `a₁ − 1`.
    pub(super) fn then(self, next: Self) -> Self {
        let before = self.a + Self::MODULUS - 1;
        Self {
            a: (before + next.a) % Self::MODULUS,
            b: (self.b + next.b + next.length % Self::MODULUS * before) % Self::MODULUS,
            length: self.length + next.length,
        }
    }

    pub(super) fn value(self) -> u32 {
        (self.b << 16 | self.a) as u32
    }
}
