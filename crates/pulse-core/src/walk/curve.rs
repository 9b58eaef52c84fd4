//! Curves along directions, and single steps.

use std::ops::ControlFlow;

use super::change::{most_changed, squared_differences};
use super::coordinates::{Coordinates, Point};
use super::corrector::Frame;
use super::explorer::{Explorer, Watch};
use super::extent::{End, Extent, FARTHEST, MORE_OFFSETS, STRIDES, check_length};
use super::nullspace::Direction;
use crate::Result;
use crate::image::{Image, Rectangle};

/// A direction, and what it leads to on both sides.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Where it leaves the candidate.
    pub direction: Direction,
    /// From one end to the other; the candidate is in the middle.
    pub frames: Vec<CurveFrame>,
    /// What ended it, on the near side and on the far one.
    pub ends: [End; 2],
    /// The part of the picture that changes most over all of it, a quarter as wide and as high.
    pub part: Rectangle,
}

/// One picture along a curve.
#[derive(Clone, Debug)]
pub struct CurveFrame {
    /// The picture, consistent with the target.
    pub frame: Frame,
    /// How far along the direction it was looked for, in standard deviations of the prior; negative on the near side.
    pub length: f64,
    /// How much the picture has changed: the root mean squared distance to the candidate's.
    pub change: f64,
    /// The same within the part, a quarter as wide and as high, where that is greatest.
    pub most: f64,
}

/// Where curves begin.
pub(super) struct Ground<'a> {
    from: &'a Point,
    /// What directions lead along.
    latent: Coordinates,
    /// What brings pictures back.
    corrected: Coordinates,
    middle: Image,
    radius: f64,
}

/// One side of a curve, and how far it has come.
struct Way {
    vector: Vec<f32>,
    /// The last point along the great circle, and what it was corrected to.
    predicted: Point,
    corrected: Point,
}

impl Way {
    fn new(direction: &Direction, sign: f32, from: &Point) -> Self {
        let vector = direction.vector.iter().map(|v| sign * v).collect();
        Self { vector, predicted: from.clone(), corrected: from.clone() }
    }
}

/// How many strides a single step takes at once: its picture is that of the curve to a few tenths of a level of 255, and sooner there.
const LEAP: f64 = 3.0;

impl Explorer<'_> {
    /// One step from a point: the consistent picture that lies this far along a direction, in standard deviations of the prior, back
    /// where it is negative. Nothing is compiled for it, and the same step leads to the same picture.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a length that is no number, or leads more than a quarter of the way
    /// round the sphere.
    pub fn step(&mut self, from: &Point, direction: &Direction, length: f64) -> Result<CurveFrame> {
        let (ground, candidate) = self.ground(from)?;
        check_length(length, ground.radius)?;
        if length == 0.0 {
            return Ok(CurveFrame { frame: candidate, length, change: 0.0, most: 0.0 });
        }
        let mut way = Way::new(direction, 1.0, from);
        // Of another point than the candidate, it may lead off the sphere.
        ground.latent.project(from, &mut way.vector);
        let strides = (length.abs() / (LEAP * ground.stride())).ceil().max(1.0);
        for stride in 1..=strides as usize {
            let length = length * stride as f64 / strides;
            let _ = self.advance(&ground, &mut [&mut way], &[length], &mut |_| ControlFlow::Continue(()));
        }
        let frame = self.corrector.finish(std::slice::from_ref(&way.corrected))?.remove(0);
        Ok(ground.frame(frame, length))
    }

    /// How far one sees that a direction leads, back and ahead from a point, in standard deviations of the prior, and what ends it
    /// there: the range of a slider. Nothing when it was stopped.
    ///
    /// # Errors
    /// As [`directions`](Self::directions).
    pub fn reach(
        &mut self,
        from: &Point,
        direction: &Direction,
        extent: Extent,
        watch: Watch<'_>,
    ) -> Result<Option<[(f64, End); 2]>> {
        let (ground, _) = self.ground(from)?;
        let mut ways = [-1.0, 1.0].map(|sign| Way::new(direction, sign, from));
        let reached = self.reached(&ground, &mut ways, extent, watch)?;
        Ok(reached.map(|reached| [(-reached[0].0, reached[0].1), reached[1]]))
    }

    /// The curve along one direction that was [found](Self::find), of `frames` pictures. Nothing when it was stopped.
    ///
    /// # Errors
    /// As [`directions`](Self::directions).
    pub fn curve(
        &mut self,
        from: &Point,
        direction: Direction,
        extent: Extent,
        frames: usize,
        watch: Watch<'_>,
    ) -> Result<Option<Curve>> {
        let followed = self.follow(from, vec![direction], (extent, frames / 2), watch)?;
        Ok(followed.and_then(|mut curves| curves.pop()))
    }

    /// The curves along these directions, of `steps` pictures on either side.
    pub(super) fn follow(
        &mut self,
        from: &Point,
        directions: Vec<Direction>,
        (extent, steps): (Extent, usize),
        watch: Watch<'_>,
    ) -> Result<Option<Vec<Curve>>> {
        let (ground, candidate) = self.ground(from)?;
        let both = |direction| [-1.0, 1.0].map(|sign| Way::new(direction, sign, from));
        let mut ways: Vec<Way> = directions.iter().flat_map(both).collect();
        let reached = self.reached(&ground, &mut ways, extent, &mut |share| watch(0.5 * share))?;
        let Some(reached) = reached else { return Ok(None) };
        let mut ways: Vec<Way> = directions.iter().flat_map(both).collect();
        let mut sides: Vec<Vec<CurveFrame>> = ways.iter().map(|_| Vec::with_capacity(steps)).collect();
        for step in 1..=steps {
            let lengths: Vec<f64> = reached.iter().map(|&(length, _)| length * step as f64 / steps as f64).collect();
            let share = |part: f64| 0.5 + 0.5 * (part + (step - 1) as f64) / steps as f64;
            let mut moved: Vec<&mut Way> = ways.iter_mut().collect();
            if self.advance(&ground, &mut moved, &lengths, &mut |part| watch(share(part))).is_break() {
                return Ok(None);
            }
            let points: Vec<Point> = ways.iter().map(|way| way.corrected.clone()).collect();
            for (index, (frame, length)) in self.corrector.finish(&points)?.into_iter().zip(lengths).enumerate() {
                let length = if index % 2 == 0 { -length } else { length };
                sides[index].push(ground.frame(frame, length));
            }
        }
        let candidate = CurveFrame { frame: candidate, length: 0.0, change: 0.0, most: 0.0 };
        let mut sides = sides.into_iter();
        let mut curves = Vec::with_capacity(directions.len());
        for (direction, ends) in directions.into_iter().zip(reached.as_chunks::<2>().0) {
            let (behind, ahead) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            let frames: Vec<CurveFrame> = behind.into_iter().rev().chain([candidate.clone()]).chain(ahead).collect();
            let part = ground.part(&frames);
            curves.push(Curve { direction, frames, ends: ends.map(|(_, end)| end), part });
        }
        Ok(Some(curves))
    }

    fn ground<'f>(&mut self, from: &'f Point) -> Result<(Ground<'f>, Frame)> {
        let radii = self.corrector.derivatives.radii(from);
        let latent = Coordinates::latent(&self.specs);
        let corrected = Coordinates::latent_and_features(&self.specs, &radii);
        let candidate = self.corrector.look(from)?;
        let radius = latent.radius(from);
        Ok((Ground { from, latent, corrected, middle: candidate.image.clone(), radius }, candidate))
    }

    /// How far each way leads, and what ends it there.
    fn reached(
        &mut self,
        ground: &Ground<'_>,
        ways: &mut [Way],
        extent: Extent,
        watch: Watch<'_>,
    ) -> Result<Option<Vec<(f64, End)>>> {
        extent.check(ground.radius)?;
        let visible = match extent {
            Extent::Length(length) => return Ok(Some(vec![(length, End::Length); ways.len()])),
            Extent::Visible(change) => change,
        };
        let most_offsets = self.corrector.derivatives.offsets(std::slice::from_ref(ground.from))[0] + MORE_OFFSETS;
        let farthest = FARTHEST * ground.radius;
        let mut reached = vec![(farthest, End::Farthest); ways.len()];
        // What was seen a stride before, as parts of what ends it.
        let mut before = vec![[0.0, 1.0 - MORE_OFFSETS / most_offsets]; ways.len()];
        let mut open: Vec<usize> = (0..ways.len()).collect();
        for stride in 1..=STRIDES as usize {
            let length = ground.stride() * stride as f64;
            let mut moved: Vec<&mut Way> =
                ways.iter_mut().enumerate().filter(|(way, _)| open.contains(way)).map(|(_, way)| way).collect();
            let share = |part: f64| (part + (stride - 1) as f64) / STRIDES;
            let lengths = vec![length; moved.len()];
            if self.advance(ground, &mut moved, &lengths, &mut |part| watch(share(part))).is_break() {
                return Ok(None);
            }
            let points: Vec<Point> = open.iter().map(|&way| ways[way].corrected.clone()).collect();
            let offsets = self.corrector.derivatives.offsets(&points);
            let seen = self.corrector.derivatives.see(&points);
            let mut still = Vec::with_capacity(open.len());
            for ((&way, seen), offsets) in open.iter().zip(seen).zip(offsets) {
                let middle = &ground.middle;
                let image = Image::from_network(middle.channels(), middle.height(), middle.width(), &seen.image)?;
                let change = most_changed(&squared_differences(&image, middle), middle).1;
                let now = [change / visible, offsets / most_offsets];
                // Where within the stride either came to 1.
                let within = |kind: usize| {
                    let [was, is] = [before[way][kind], now[kind]];
                    (is >= 1.0).then(|| ((1.0 - was) / (is - was)).clamp(0.0, 1.0))
                };
                let first = [(within(0), End::Changed), (within(1), End::Implausible)];
                let first = first.into_iter().filter_map(|(part, end)| Some((part?, end)));
                match first.min_by(|a, b| a.0.total_cmp(&b.0)) {
                    Some((part, end)) => reached[way] = (length - (1.0 - part) * ground.stride(), end),
                    None => still.push(way),
                }
                before[way] = now;
            }
            open = still;
            if open.is_empty() {
                break;
            }
        }
        Ok(Some(reached))
    }

    /// Takes each way to its next length, from where it is: a step along the great circle, what the point before was corrected
    /// by, and a correction of its own.
    fn advance(
        &mut self,
        ground: &Ground<'_>,
        ways: &mut [&mut Way],
        lengths: &[f64],
        watch: Watch<'_>,
    ) -> ControlFlow<()> {
        let Ground { from, latent, corrected, .. } = ground;
        let mut points = Vec::with_capacity(ways.len());
        for (way, &length) in ways.iter_mut().zip(lengths) {
            let along: Vec<f32> = way.vector.iter().map(|v| length as f32 * v).collect();
            let predicted = latent.travel(from, &along);
            points.push(latent.carried(&predicted, &way.predicted, &way.corrected));
            way.predicted = predicted;
        }
        self.corrector.approach(corrected, &mut points, watch)?;
        for (way, point) in ways.iter_mut().zip(points) {
            way.corrected = point;
        }
        ControlFlow::Continue(())
    }
}

impl Ground<'_> {
    /// The longest step that is corrected at once.
    fn stride(&self) -> f64 {
        FARTHEST * self.radius / STRIDES
    }

    fn frame(&self, frame: Frame, length: f64) -> CurveFrame {
        let change = frame.image.mean_squared_difference(&self.middle).sqrt();
        let most = most_changed(&squared_differences(&frame.image, &self.middle), &self.middle).1;
        CurveFrame { frame, length, change, most }
    }

    /// The part that changes most from the candidate to both ends.
    fn part(&self, frames: &[CurveFrame]) -> Rectangle {
        let mut squares = vec![0.0; self.middle.width() * self.middle.height()];
        for end in [frames.first(), frames.last()].into_iter().flatten() {
            let of_end = squared_differences(&end.frame.image, &self.middle);
            squares.iter_mut().zip(of_end).for_each(|(sum, square)| *sum += square);
        }
        most_changed(&squares, &self.middle).0
    }
}
