//! Convolutions of one pixel between blocked maps: matrices of channels, for a few pixels at a time.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, Layout, PackedWeights, Run, Tensor, Vectorized};
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::Source;
use crate::cpu::linear::target::{Target, Writing};
use crate::cpu::linear::winograd::{Cursor, block};
use crate::cpu::settings::Settings;

/// Pixels of a row that a task takes.
const PIXELS: usize = 96;

/// `y[o, p] = Σ_i W[o, i] x[i, p]`.
pub(crate) struct Pointwise {
    /// For each group of output channels, each input channel: the output channels side by side.
    weights: PackedWeights,
    in_planes: usize,
    out_planes: usize,
    /// Vectors of output channels in a group.
    vectors: usize,
}

impl Pointwise {
    /// `weight(o, i)` is that of output channel `o` and input channel `i`.
    pub(crate) fn new(
        settings: Settings,
        [out_channels, in_channels]: [usize; 2],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let vectors = settings.instructions.vectors().min(out_channels.div_ceil(LANES));
        let (side, in_planes) = (vectors * LANES, in_channels.div_ceil(LANES));
        let groups = out_channels.div_ceil(side);
        let mut weights = settings.weights(groups * in_planes * LANES * side);
        if let Some(weights) = weights.unfilled() {
            for o in 0..out_channels {
                for i in 0..in_channels {
                    weights[(o / side * in_planes * LANES + i) * side + o % side] = weight(o, i);
                }
            }
        }
        Self { weights, in_planes, out_planes: out_channels.div_ceil(LANES), vectors }
    }

    /// The weights of a group; behind the last, the address is not one of a weight.
    fn of(&self, group: usize) -> *const f32 {
        self.weights.as_ptr().wrapping_add(group * self.in_planes * LANES * self.vectors * LANES)
    }
}

impl LinearMap for Pointwise {
    fn describe(&self) -> String {
        "matrix of channels".into()
    }

    fn piece(&self) -> Option<[usize; 2]> {
        Some([1, PIXELS])
    }

    fn weights(&self) -> usize {
        self.weights.count()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let (source, target) = in_one_row(source.tensor, target);
        let Layout { height, width, .. } = target.tensor.layout;
        let groups = self.out_planes.div_ceil(self.vectors);
        let pieces = width.div_ceil(PIXELS);
        run.tasks(run.active * height * pieces * groups, |_, task| {
            let (group, piece) = (task % groups, task / groups % pieces);
            let (y, candidate) = (task / groups / pieces % height, task / groups / pieces / height);
            let columns = [piece * PIXELS, width.min((piece + 1) * PIXELS)];
            run.instructions.run(Piece { map: self, source, target: &target, group, candidate, y, columns });
        });
    }
}

/// Maps without borders as ones of a single row, where nothing on the way asks for rows.
fn in_one_row<'a>(source: Tensor, target: &Target<'a>) -> (Tensor, Target<'a>) {
    let Writing { noise, moments, edges, addend, .. } = target.writing;
    let bare = |tensor: &Tensor| tensor.layout.border == 0;
    let rows_count = noise.is_some() || moments.is_some() || edges.is_some();
    if rows_count || !bare(&source) || !bare(&target.tensor) || addend.is_some_and(|(addend, _)| !bare(&addend)) {
        return (source, *target);
    }
    let flat = |tensor: Tensor| {
        let Layout { height, width, .. } = tensor.layout;
        Tensor { layout: Layout { height: 1, width: height * width, ..tensor.layout }, ..tensor }
    };
    let writing = Writing { addend: addend.map(|(addend, factor)| (flat(addend), factor)), ..target.writing };
    (flat(source), Target::new(flat(target.tensor), &writing))
}

/// A piece of a row in the planes of one group.
struct Piece<'a> {
    map: &'a Pointwise,
    source: Tensor,
    target: &'a Target<'a>,
    group: usize,
    candidate: usize,
    y: usize,
    columns: [usize; 2],
}

impl Vectorized for Piece<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: `run` is called where the instruction set is.
        unsafe {
            match self.map.vectors {
                1 => self.pixels::<L, 1>(),
                _ => self.pixels::<L, 2>(),
            }
        }
    }
}

#[repr(align(64))]
struct Buffer([f32; 2 * PIXELS * LANES]);

impl Piece<'_> {
    /// All of its pixels, `V` vectors of output channels each.
    ///
    /// # Safety
    /// The pixels must be this task's in the planes of the group, and the processor have the instruction set of `L`.
    #[inline(always)]
    unsafe fn pixels<L: Lanes, const V: usize>(&self) {
        let Self { map, source, target, group, candidate, y, columns: [first, end] } = *self;
        let count = end - first;
        let blocks = count.div_ceil(L::PIXELS);
        let lines = (V * LANES).div_ceil(blocks);
        let mut cursor = Cursor { data: map.of(group), next: map.of(group + 1), lines };
        let mut sums = Buffer([0.0; 2 * PIXELS * LANES]);
        let mut done = 0;
        // SAFETY: the pixels are in the source, and this task's in the target; the buffer has room for them.
        unsafe {
            let row = source.candidate(candidate).add(source.layout.row(0, y) + first * LANES).cast_const();
            for left in (1..=blocks).rev() {
                let n = (count - done).div_ceil(left);
                let inputs = [row.add(done * LANES)];
                let to = sums.0.as_mut_ptr().add(done * LANES);
                block::<L, V>(n, &cursor, &inputs, map.in_planes, source.layout.plane_stride(), to, PIXELS * LANES);
                cursor.next = cursor.next.wrapping_add(map.in_planes * lines * LANES);
                done += n;
            }
            for v in (0..V).take_while(|v| group * V + v < map.out_planes) {
                let numbers = sums.0.as_mut_ptr().add(v * PIXELS * LANES);
                target.write::<L>(candidate, group * V + v, [y, first], [1, count], numbers, PIXELS * LANES);
            }
        }
    }
}
