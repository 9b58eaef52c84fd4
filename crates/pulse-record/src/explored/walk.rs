//! What was walked along, as a row of pictures: the same on a strip and on the page.

use crate::Result;
use crate::sheet::{Cell, STRIP_PICTURE, Strip, canvas::smooth};
use pulse_core::candidate::consistency_db;
use pulse_core::image::{Image, Rectangle};
use pulse_core::walk::{Curve, CurveFrame, Frame, Passage, most_changed_part};

/// By how much differences are made larger, on every strip and page: an eighth of the value range is black or white.
pub(super) const MAGNIFIED: f32 = 4.0;

/// Pictures in a row, each compared with one of them.
pub(super) struct Walk<'a> {
    pub(super) title: String,
    /// What is true of this one alone.
    pub(super) text: String,
    /// What the others are compared with.
    reference: &'a Image,
    /// Where they differ most.
    pub(super) part: Rectangle,
    pub(super) stops: Vec<Stop<'a>>,
}

/// One picture of a row.
pub(super) struct Stop<'a> {
    pub(super) frame: &'a Frame,
    pub(super) heading: String,
    pub(super) lines: Vec<String>,
    pub(super) marked: bool,
}

impl<'a> Walk<'a> {
    /// A direction of this number.
    pub(super) fn of_curve(curve: &'a Curve, number: usize) -> Self {
        let middle = curve.frames.iter().find(|at| at.length == 0.0).or(curve.frames.first());
        let [behind, ahead] = curve.ends;
        let ends = if behind == ahead {
            format!("It ends on both sides where {}.", ahead.words())
        } else {
            format!("It ends on the near side where {}, and on the far one where {}.", behind.words(), ahead.words())
        };
        let most = curve.frames.iter().map(|at| at.most).fold(0.0, f64::max);
        let change = curve.frames.iter().map(|at| at.change).fold(0.0, f64::max);
        Self {
            title: format!("Direction {number}"),
            text: format!(
                "{ends} At most the picture differs from the candidate by {:.1} of 255 levels, and by {:.1} in the part where it changes most.",
                255.0 * change,
                255.0 * most
            ),
            reference: middle.map_or(&curve.frames[0].frame.image, |at| &at.frame.image),
            part: curve.part,
            stops: curve.frames.iter().map(Stop::of_curve).collect(),
        }
    }

    /// A single step, beside the candidate that it leaves.
    pub(super) fn of_step(title: String, candidate: &'a CurveFrame, step: &'a CurveFrame, part: Rectangle) -> Self {
        let text = format!(
            "The picture differs from the candidate by {:.1} of 255 levels, and by {:.1} in the part where it changes most.",
            255.0 * step.change,
            255.0 * step.most
        );
        let stops = [candidate, step].map(Stop::of_curve).into();
        Self { title, text, reference: &candidate.frame.image, part, stops }
    }

    /// The way from one candidate to another.
    pub(super) fn of_path(path: &'a Passage, [from, to]: [usize; 2]) -> Self {
        let last = path.frames.len() - 1;
        let reference = &path.frames[0].image;
        let (part, most) = most_changed_part(reference, &path.frames[last].image);
        let stops = path.frames.iter().enumerate().map(|(index, frame)| Stop {
            frame,
            heading: match index {
                0 => format!("candidate {from}"),
                _ if index == last => format!("candidate {to}"),
                _ => format!("{} of {}", index + 1, last + 1),
            },
            lines: vec![
                format!("differs by {:.1}", 255.0 * frame.image.mean_squared_difference(reference).sqrt()),
                format!("{:.0} dB", frame.db),
            ],
            marked: index == 0 || index == last,
        });
        Self {
            title: format!("From candidate {from} to candidate {to}"),
            text: format!(
                "The two ends differ by {:.1} of 255 levels in the part where they differ most; the largest jump from frame to frame \
                 is {:.1} times the mean one.",
                255.0 * most,
                path.roughness()
            ),
            reference,
            part,
            stops: stops.collect(),
        }
    }

    /// The part of a picture that changes most.
    pub(super) fn zoomed(&self, stop: &Stop<'_>) -> Result<Image> {
        stop.frame.image.crop(self.part)
    }

    /// `1/2 + 4 (a − b)`, `b` being what it is compared with.
    pub(super) fn difference(&self, stop: &Stop<'_>) -> Result<Image> {
        let image = &stop.frame.image;
        let values = image.values().iter().zip(self.reference.values());
        let values = values.map(|(a, b)| 0.5 + MAGNIFIED * (a - b)).collect();
        Image::clamped(image.channels(), image.height(), image.width(), values)
    }

    /// The worst consistency, in dB.
    pub(super) fn worst_db(&self) -> f64 {
        self.stops.iter().map(|stop| stop.frame.db).fold(f64::INFINITY, f64::min)
    }

    /// The strip, with so many pictures in a row.
    pub(super) fn strip(&self, title: &str, epsilon: f64, columns: usize) -> Result<Image> {
        let note = format!("{} {} {}", consistency_of(self.worst_db(), epsilon), self.text, HOW_TO_READ);
        let cells = self.stops.iter().map(|stop| {
            let below = [self.zoomed(stop)?, self.difference(stop)?];
            let below = below.iter().map(|image| smooth(image, STRIP_PICTURE)).collect::<Result<_>>()?;
            let (heading, lines) = (stop.heading.clone(), stop.lines.clone());
            Ok(Cell { image: &stop.frame.image, part: Some(self.part), below, heading, lines, marked: stop.marked })
        });
        Strip { title, note: &note, cells: cells.collect::<Result<_>>()?, columns }.draw()
    }
}

impl<'a> Stop<'a> {
    fn of_curve(at: &'a CurveFrame) -> Self {
        let marked = at.length == 0.0;
        Self {
            frame: &at.frame,
            heading: if marked { "candidate".to_owned() } else { format!("{:+.1} sd", at.length) },
            lines: vec![
                format!("differs by {:.1}", 255.0 * at.change),
                format!("in the part {:.1}", 255.0 * at.most),
                format!("{:.0} dB", at.frame.db),
            ],
            marked,
        }
    }
}

/// How strips and pages are read.
pub(super) const HOW_TO_READ: &str = "Below each picture: the part that changes most (framed above), enlarged; and the difference from the \
    candidate, 4 times as large, where grey is none. They are imagined: they do not show who or what was really in it.";

/// The sentence about pictures of which the worst is at `worst_db`.
pub(super) fn consistency_of(worst_db: f64, epsilon: f64) -> String {
    let wanted = consistency_db(epsilon);
    if worst_db >= wanted {
        return format!("Every picture shrinks to the given one, at {worst_db:.0} dB or more.");
    }
    format!(
        "Not every picture shrinks to the given one closely enough: the worst is at {worst_db:.1} dB, and it takes \
         {wanted:.1} dB."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_missed_are_not_said_to_shrink_to_the_given_one() {
        let epsilon = 1e-4; // 40 dB
        assert_eq!(consistency_of(40.5, epsilon), "Every picture shrinks to the given one, at 40 dB or more.");
        let missed = consistency_of(17.25, epsilon);
        assert!(missed.starts_with("Not every picture") && missed.contains("40.0 dB"), "{missed}");
    }
}
