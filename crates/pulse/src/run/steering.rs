//! What candidates were steered by, in words.

use std::fmt;

use super::SteeringRecord;

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
