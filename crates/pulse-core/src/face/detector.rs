//! Finding the faces of a picture.
//!
//! Views that cover the picture only propose faces. Views that are centred on a proposal, and turned as it is, decide, and
//! their mean is the answer. That rejects what looks like a face in one view only, makes landmarks exact, and lets six turns of
//! 60 degrees find a face at any angle.

use pulse_engine::{Engine, InputId, Network, OutputId, Program};

use super::decode::{self, Maps};
use super::network::{GRIDS, IMAGE, INPUT, network};
use super::pyramid::Pyramid;
use super::suppress::{blended, is_same, mean};
use super::{Face, Square, views};
use crate::Result;
use crate::image::Image;

/// How a [`Detector`] looks for faces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorConfig {
    /// The least [score](Face::score) of a face, in [0, 1].
    pub confidence: f64,
    /// The side of the smallest face that is looked for, as a fraction of the picture's longer side, in (0, 1].
    pub smallest: f64,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self { confidence: 0.75, smallest: 0.025 }
    }
}

/// Views that the network runs at a time.
const BATCH: usize = 8;

/// A first look only has to be half as sure: every face is looked at again.
const FIRST_LOOK: f64 = 0.5;

/// The sides of the views in which a face is looked at again, in terms of its own.
const CLOSER: [f64; 4] = [1.8, 2.1, 2.4, 2.8];

/// How often a face is looked at again, each time where it was last.
const LOOKS: usize = 3;

/// Finds faces of any size and at any angle in the plane of the picture.
///
/// The picture is looked at whole and in ever smaller views that overlap, upright and turned; what is found is looked
/// at again in views that are centred on the face and turned as it is, whose mean is the answer.
pub struct Detector {
    config: DetectorConfig,
    program: Box<dyn Program>,
    image: InputId,
    /// Scores and boxes of each grid.
    outputs: [[OutputId; 2]; GRIDS.len()],
}

impl Detector {
    /// A detector that runs on `engine`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(engine: &dyn Engine, config: DetectorConfig) -> Result<Self> {
        config.validate()?;
        let network = network()?;
        let output = |kind: &str, cells: usize| network.output(&format!("{kind}.{cells}"));
        let mut outputs = Vec::new();
        for (cells, _) in GRIDS {
            outputs.push([output("scores", cells)?, output("boxes", cells)?]);
        }
        let outputs = [outputs[0], outputs[1]];
        Ok(Self { config, program: engine.compile(&network, BATCH)?, image: input(&network)?, outputs })
    }

    /// The faces of a picture, the surest first.
    pub fn detect(&mut self, picture: &Image) -> Vec<Face> {
        let size = picture.size();
        let pyramid = Pyramid::new(picture, INPUT);
        let longer = size.width.max(size.height) as f64;
        let levels = views::levels(size, self.config.smallest * longer, INPUT);
        let upright: Vec<_> = (0..levels).map(|level| views::upright(size, level)).collect();
        let mut found = self.look(&pyramid, &upright.concat()).concat();
        // Faces that are not upright are rare: the small ones are only looked for when nothing else is there.
        let turned = if found.is_empty() { levels } else { levels.min(2) };
        found.extend(self.look(&pyramid, &views::turned(&upright[..turned as usize].concat())).concat());
        let closer: Vec<_> = blended(found).iter().filter_map(|face| self.look_closer(&pyramid, face)).collect();
        let mut faces = blended(closer);
        faces.retain(|face| face.score >= self.config.confidence);
        faces
    }

    /// Everything that looks like a face, view by view.
    fn look(&mut self, pyramid: &Pyramid<'_>, views: &[Square]) -> Vec<Vec<Face>> {
        const PIXELS: usize = 3 * INPUT * INPUT;
        let mut faces = Vec::new();
        for views in views.chunks(BATCH) {
            let images = self.program.input_mut(self.image).chunks_exact_mut(PIXELS);
            images.zip(views).for_each(|(image, view)| pyramid.sample(view, INPUT, image));
            self.program.forward(views.len(), self.outputs.as_flattened());
            for (index, view) in views.iter().enumerate() {
                let mut maps: Maps<'_> = [[&[]; 2]; GRIDS.len()];
                for (maps, outputs) in maps.iter_mut().zip(self.outputs) {
                    for (map, output) in maps.iter_mut().zip(outputs) {
                        let rows = self.program.output(output);
                        let length = rows.len() / BATCH;
                        *map = &rows[index * length..][..length];
                    }
                }
                faces.push(decode::faces(maps, view, FIRST_LOOK.min(self.config.confidence)));
            }
        }
        faces
    }

    /// The face as closer views show it; nothing where they show none.
    fn look_closer(&mut self, pyramid: &Pyramid<'_>, face: &Face) -> Option<Face> {
        let mut face = face.clone();
        for _ in 0..LOOKS {
            let upright = upright(&face);
            let near = self.look(pyramid, &CLOSER.map(|factor| upright.scaled(factor)));
            let same = |near| blended(near).into_iter().find(|near| is_same(&near.outline, &face.outline));
            let seen: Vec<_> = near.into_iter().filter_map(same).collect();
            // One view with a high score is not enough.
            if 2 * seen.len() < CLOSER.len() + 1 {
                return None;
            }
            face = mean(&seen);
        }
        Some(Face { outline: upright(&face), ..face })
    }
}

/// The face's outline, turned so that its eyes are level.
fn upright(face: &Face) -> Square {
    let Square { centre, .. } = face.outline;
    let [left, right] = [face.landmarks.eye_left, face.landmarks.eye_right];
    Square::upright(centre, face.outline.side()).turned((right[1] - left[1]).atan2(right[0] - left[0]))
}

fn input(network: &Network) -> Result<InputId> {
    Ok(network.input(IMAGE)?)
}

impl DetectorConfig {
    fn validate(&self) -> Result<()> {
        use crate::{Error, ErrorKind};
        let fault = |text: &str, number: f64| Err(Error::new(ErrorKind::Setting, format!("{text}, not {number}")));
        if !(0.0..=1.0).contains(&self.confidence) {
            return fault("the confidence of a face is a number from 0 to 1", self.confidence);
        }
        if !(self.smallest > 0.0 && self.smallest <= 1.0) {
            return fault(
                "the smallest face is a part of the picture's longer side, above 0 and at most 1",
                self.smallest,
            );
        }
        Ok(())
    }
}
