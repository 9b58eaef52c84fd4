//! The way down and the way up again, size after size.

use super::super::layers::convolution;
use super::super::resample::Direction;
use super::super::steps::Step;
use super::{Kind, Network};
use crate::Result;
use crate::tensors::MOST_BLOCKS;

/// A picture's side is no longer.
const LARGEST: usize = 4 << MOST_BLOCKS;

/// The side of the pictures, when this is the weight of the first layer: `enc.64x64_conv.weight`.
pub(super) fn size_of_conv(name: &str) -> Option<usize> {
    let (height, width) = name.strip_prefix("enc.")?.strip_suffix("_conv.weight")?.split_once('x')?;
    let size = height.parse().ok().filter(|size| (1..=LARGEST).contains(size))?;
    (width == height).then_some(size)
}

/// All steps of a network.
pub(super) struct Levels {
    pub(super) steps: Vec<Step>,
    /// Channels of the picture that goes in.
    pub(super) channels: usize,
    /// Channels of what comes out.
    pub(super) outputs: usize,
}

impl Network<'_> {
    /// The side of the pictures: what the first layer is called by.
    pub(super) fn size(&self) -> Result<usize> {
        let names = self.tensors.names().filter_map(|name| name.strip_prefix(self.prefix));
        let size = names.filter_map(size_of_conv).max();
        size.ok_or_else(|| self.tensors.unfit(&self.name("enc"), "has no first layer"))
    }

    /// All steps, for an embedding of this width.
    pub(super) fn levels(&self, size: usize, embedding: usize) -> Result<Levels> {
        let first = convolution(self.tensors, &self.name(&format!("enc.{size}x{size}_conv")), [None; 2])?;
        let mut levels = Levels { channels: first.in_channels, outputs: 0, steps: Vec::new() };
        levels.steps.extend([Step::Convolution(first), Step::Keep]);
        let sizes: Vec<usize> = (0..=MOST_BLOCKS).map(|level| size >> level).collect();
        let is_there = |&(level, size): &(usize, &usize)| {
            level == 0 || (*size > 0 && self.has(&format!("enc.{size}x{size}_down.norm0.weight")))
        };
        let count = sizes.iter().enumerate().take_while(is_there).count();
        for (level, size) in sizes[..count].iter().enumerate() {
            self.down(&format!("enc.{size}x{size}"), level > 0, embedding, &mut levels)?;
        }
        for (level, size) in sizes[..count].iter().enumerate().rev() {
            self.up(&format!("dec.{size}x{size}"), level + 1 == count, embedding, &mut levels)?;
        }
        if self.kind == Kind::Dhariwal {
            self.make("out_norm", "out_conv", &mut levels)?;
        }
        Ok(levels)
    }

    fn down(&self, level: &str, shrinks: bool, embedding: usize, levels: &mut Levels) -> Result<()> {
        if shrinks {
            self.block(&format!("{level}_down"), Some(Direction::Halve), embedding, &mut levels.steps)?;
            self.side(level, &mut levels.steps)?;
            levels.steps.push(Step::Keep);
        }
        for index in self.indices(level) {
            self.block(&format!("{level}_block{index}"), None, embedding, &mut levels.steps)?;
            levels.steps.push(Step::Keep);
        }
        Ok(())
    }

    /// What comes in from the side: `skip` and `residual` of Song et al. 2021, appendix H.
    fn side(&self, level: &str, steps: &mut Vec<Step>) -> Result<()> {
        let (skip, residual) = (format!("{level}_aux_skip"), format!("{level}_aux_residual"));
        if self.has(&format!("{skip}.weight")) {
            let shrink = self.filter(&format!("{level}_aux_down"), Direction::Halve)?;
            let add = convolution(self.tensors, &self.name(&skip), [None; 2])?;
            steps.extend([Step::ShrinkSide(shrink), Step::AddSide(add)]);
        }
        if self.has(&format!("{residual}.weight")) {
            // Padded for the filter too, which then has no padding of its own.
            let mut merge = convolution(self.tensors, &self.name(&residual), [None; 2])?;
            let mut shrink = self.filter(&residual, Direction::Halve)?;
            let before = shrink.padding_y[0];
            merge.padding += before.unsigned_abs();
            (shrink.padding_y, shrink.padding_x) = ([0; 2], [0; 2]);
            steps.push(Step::MergeSide(merge, shrink));
        }
        Ok(())
    }

    fn up(&self, level: &str, lowest: bool, embedding: usize, levels: &mut Levels) -> Result<()> {
        if lowest {
            self.block(&format!("{level}_in0"), None, embedding, &mut levels.steps)?;
            self.block(&format!("{level}_in1"), None, embedding, &mut levels.steps)?;
        } else {
            self.block(&format!("{level}_up"), Some(Direction::Double), embedding, &mut levels.steps)?;
        }
        for index in self.indices(level) {
            levels.steps.push(Step::Join);
            self.block(&format!("{level}_block{index}"), None, embedding, &mut levels.steps)?;
        }
        if self.has(&format!("{level}_aux_conv.weight")) {
            if levels.outputs > 0 {
                levels.steps.push(Step::DoubleMade(self.filter(&format!("{level}_aux_up"), Direction::Double)?));
            }
            self.make(&format!("{level}_aux_norm"), &format!("{level}_aux_conv"), levels)?;
        }
        Ok(())
    }

    fn make(&self, norm: &str, conv: &str, levels: &mut Levels) -> Result<()> {
        let norm = self.norm(norm)?;
        let conv = convolution(self.tensors, &self.name(conv), [Some(norm.scale.len()), None])?;
        levels.outputs = conv.out_channels;
        levels.steps.push(Step::Make(norm, conv));
        Ok(())
    }

    /// The numbers of the blocks of one size.
    fn indices(&self, level: &str) -> impl Iterator<Item = usize> {
        (0..).take_while(move |index| self.has(&format!("{level}_block{index}.norm0.weight")))
    }
}
