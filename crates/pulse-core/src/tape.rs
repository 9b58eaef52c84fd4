//! Everything that a stopped search has, one value after the other.

use crate::{Error, ErrorKind, Result};

/// What a search that was stopped goes on from: bytes that only a search for the same thing can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark(Vec<u8>);

impl Bookmark {
    /// The bytes that [`bytes`](Self::bytes) gave. What they are is seen when they are read.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What is to be kept.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Values on their way to a [`Bookmark`], or from there.
///
/// Who has them passes each, in one order, to one method for both ways: it is written, or replaced by what was written. So what is
/// written and what is read cannot differ. All is little-endian, and numbers keep every bit.
pub struct Tape {
    bytes: Vec<u8>,
    /// How much was read; nothing where it is written.
    read: Option<usize>,
}

impl Tape {
    /// An empty one, to be written.
    pub fn to_write() -> Self {
        Self { bytes: Vec::new(), read: None }
    }

    /// One that was written.
    pub fn of(bookmark: &Bookmark) -> Self {
        Self { bytes: bookmark.0.clone(), read: Some(0) }
    }

    /// What was written.
    pub fn into_bookmark(self) -> Bookmark {
        Bookmark(self.bytes)
    }

    /// Whether values come from it.
    pub fn is_read(&self) -> bool {
        self.read.is_some()
    }

    /// Checks that all of it was read.
    ///
    /// # Errors
    /// [`ErrorKind::Run`].
    pub fn end(&self) -> Result<()> {
        self.check(self.read.is_none_or(|read| read == self.bytes.len()))
    }

    /// Checks something about values that were read.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] where it is not so.
    pub fn check(&self, is_so: bool) -> Result<()> {
        if is_so {
            return Ok(());
        }
        let message =
            "what was kept of the stopped search is damaged, or that of another one: search from the beginning";
        Err(Error::new(ErrorKind::Run, message))
    }

    /// A whole number.
    ///
    /// # Errors
    /// As all that follow, [`ErrorKind::Run`] where the tape has no such value.
    pub fn count(&mut self, value: &mut usize) -> Result<()> {
        *value = u64::from_le_bytes(self.word((*value as u64).to_le_bytes())?) as usize;
        Ok(())
    }

    /// A whole number that is below `bound`.
    pub fn count_below(&mut self, value: &mut usize, bound: usize) -> Result<()> {
        self.count(value)?;
        self.check(*value < bound)
    }

    /// A position in a stream of random numbers.
    pub fn position(&mut self, value: &mut u128) -> Result<()> {
        *value = u128::from_le_bytes(self.word(value.to_le_bytes())?);
        Ok(())
    }

    /// A number.
    pub fn real(&mut self, value: &mut f64) -> Result<()> {
        *value = f64::from_le_bytes(self.word(value.to_le_bytes())?);
        Ok(())
    }

    /// Yes or no.
    pub fn flag(&mut self, value: &mut bool) -> Result<()> {
        *value = self.word([u8::from(*value)])? != [0];
        Ok(())
    }

    /// Numbers whose count is known. Nothing but zeros takes no room.
    pub fn numbers(&mut self, values: &mut [f32]) -> Result<()> {
        let mut is_zero = values.iter().all(|value| value.to_bits() == 0);
        self.flag(&mut is_zero)?;
        if is_zero {
            values.fill(0.0);
            return Ok(());
        }
        values.iter_mut().try_for_each(|value| {
            *value = f32::from_le_bytes(self.word(value.to_le_bytes())?);
            Ok(())
        })
    }

    /// Any list, at most as long as what is left of the tape: `blank` makes an entry that `each` fills.
    pub fn list<T>(
        &mut self,
        values: &mut Vec<T>,
        mut blank: impl FnMut() -> T,
        mut each: impl FnMut(&mut Self, &mut T) -> Result<()>,
    ) -> Result<()> {
        let mut length = values.len();
        self.count(&mut length)?;
        if let Some(read) = self.read {
            self.check(length <= self.bytes.len() - read)?;
            values.clear();
            values.resize_with(length, &mut blank);
        }
        values.iter_mut().try_for_each(|value| each(self, value))
    }

    /// Numbers whose count is not known.
    pub fn vector(&mut self, values: &mut Vec<f32>) -> Result<()> {
        self.list(
            values,
            || 0.0,
            |tape, value| {
                *value = f32::from_le_bytes(tape.word(value.to_le_bytes())?);
                Ok(())
            },
        )
    }

    /// Text.
    pub fn text(&mut self, value: &mut String) -> Result<()> {
        let mut bytes = std::mem::take(value).into_bytes();
        self.list(
            &mut bytes,
            || 0,
            |tape, byte| {
                [*byte] = tape.word([*byte])?;
                Ok(())
            },
        )?;
        let text = String::from_utf8(bytes);
        self.check(text.is_ok())?;
        *value = text.unwrap_or_default();
        Ok(())
    }

    fn word<const N: usize>(&mut self, value: [u8; N]) -> Result<[u8; N]> {
        let Some(read) = &mut self.read else {
            self.bytes.extend(value);
            return Ok(value);
        };
        let word = self.bytes[*read..].first_chunk::<N>().copied();
        *read += if word.is_some() { N } else { 0 };
        self.check(word.is_some())?;
        Ok(word.unwrap_or(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that a tape can hold.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct All {
        count: usize,
        position: u128,
        real: f64,
        flag: bool,
        numbers: [f32; 3],
        vector: Vec<f32>,
        text: String,
        list: Vec<usize>,
    }

    fn pass(tape: &mut Tape, all: &mut All) -> Result<()> {
        tape.count(&mut all.count)?;
        tape.position(&mut all.position)?;
        tape.real(&mut all.real)?;
        tape.flag(&mut all.flag)?;
        tape.numbers(&mut all.numbers)?;
        tape.vector(&mut all.vector)?;
        tape.text(&mut all.text)?;
        tape.list(&mut all.list, || 0, Tape::count)?;
        tape.end()
    }

    fn all() -> All {
        All {
            count: usize::MAX,
            position: u128::MAX - 1,
            real: -0.0,
            flag: true,
            numbers: [-0.0, f32::MIN_POSITIVE, f32::INFINITY],
            vector: vec![1.5; 4],
            text: "é".into(),
            list: vec![7, 8],
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_bit() {
        for mut given in [all(), All::default()] {
            let mut tape = Tape::to_write();
            pass(&mut tape, &mut given).unwrap();
            let bookmark = tape.into_bookmark();
            let mut found = All { numbers: [9.0; 3], ..All::default() };
            pass(&mut Tape::of(&bookmark), &mut found).unwrap();
            assert_eq!(format!("{found:?}"), format!("{given:?}"), "signs of zeros too");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_an_error_or_values(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = pass(&mut Tape::of(&Bookmark::of_bytes(bytes)), &mut All::default());
        }

        #[test]
        fn what_is_cut_off_is_an_error(kept in 0.0..1.0) {
            let mut tape = Tape::to_write();
            pass(&mut tape, &mut all()).unwrap();
            let bytes = tape.into_bookmark().bytes().to_vec();
            let kept = (kept * bytes.len() as f64) as usize;
            let error = pass(&mut Tape::of(&Bookmark::of_bytes(bytes[..kept].to_vec())), &mut All::default());
            prop_assert_eq!(error.unwrap_err().kind(), ErrorKind::Run);
        }
    }
}
