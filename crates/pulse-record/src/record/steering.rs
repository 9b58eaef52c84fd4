//! What steered the candidates of a run, in words.

use std::fmt;

use super::SteeringRecord;

impl SteeringRecord {
    /// What steered it, in a few words: `steered near candidate 3 (amount 0.3)`.
    pub fn in_short(&self) -> String {
        let of = self.candidate.map_or_else(String::new, |number| format!(" of candidate {number}"));
        let parts = [
            self.keep.as_ref().map(|mask| format!("the region of {mask}{of} kept")),
            self.vary.as_ref().map(|mask| format!("all{of} but the region of {mask} kept")),
            self.toward.as_ref().map(|toward| format!("towards {toward}")),
            self.like.map(|like| format!("near candidate {like} (amount {})", self.amount.unwrap_or_default())),
        ];
        format!("steered: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    /// Whether the two ask for the same. Names of files and the place of the run do not count.
    pub fn is_same(&self, other: &Self) -> bool {
        let masks = |steering: &Self| {
            let toward = steering.toward.is_some();
            (steering.keep.is_some(), steering.vary.is_some(), toward, steering.files.clone())
        };
        (self.candidate, self.like, self.amount) == (other.candidate, other.like, other.amount)
            && self.run_inputs == other.run_inputs
            && masks(self) == masks(other)
    }
}

/// In words: these candidates are not the whole range.
impl fmt::Display for SteeringRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The search was steered")?;
        let candidate = self.candidate.map_or_else(String::new, |number| format!(" of candidate {number}"));
        if let Some(keep) = &self.keep {
            write!(f, ", with the region of {keep}{candidate} kept as it was")?;
        }
        if let Some(vary) = &self.vary {
            write!(f, ", with all{candidate} but the region of {vary} kept as it was")?;
        }
        if let Some(toward) = &self.toward {
            write!(f, ", towards {toward}")?;
        }
        if let Some(like) = self.like {
            write!(f, ", near candidate {like}")?;
        }
        f.write_str(": these candidates are a part of the range.")
    }
}
