//! What happens to a map's numbers on the way out of a linear operator, piece by piece: a piece is still in a near
//! cache when its bias, noise and activation come, and when the sums that a norm needs are taken.

#![allow(unsafe_code)]

use super::activation::LeakyRelu;
use super::kernel::{Run, Tensor};
use super::layout::LANES;
use super::simd::Lanes;

/// A map to be written.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) tensor: Tensor,
    pub(super) writing: Writing<'a>,
}

/// `y[c,p] = activation(x[c,p] + bias[c] + strength[c] · noise[p])`, as far as there is any of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Writing<'a> {
    /// One for each channel, the filling's included.
    pub(super) bias: Option<&'a [f32]>,
    /// The strength for each channel, the filling's included, and the noise map.
    pub(super) noise: Option<(&'a [f32], Tensor)>,
    pub(super) activation: Option<LeakyRelu>,
    pub(super) moments: Option<Moments>,
}

/// Where the sums over each piece of a map go: `Σ y` and `Σ (y − mean of the piece)²`, or, of a gradient `g`,
/// `Σ g` and `Σ g (x − mean x)` with the map `x` whose gradient it is. They are added up in one order, whoever takes
/// them.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub(super) data: *mut f32,
    /// Height and width of a piece; those at the edge may be smaller.
    pub(super) piece: [usize; 2],
    /// The styled map `x`.
    pub(super) with: Option<Tensor>,
}

// SAFETY: an address. Who writes through it keeps the tasks apart.
unsafe impl Sync for Moments {}
// SAFETY: as above.
unsafe impl Send for Moments {}

/// What the pieces of a plane add up to, for each of its channels.
pub(super) struct Sums {
    /// `Σ y`, or `Σ g`.
    pub(super) first: [f64; LANES],
    /// `Σ (y − mean y)²`, or `Σ g (x − mean x)`.
    pub(super) second: [f64; LANES],
}

impl Moments {
    /// Which number is the mean among the coefficients of a styled map.
    pub(super) const MEAN: usize = 2;

    /// Floats for the pieces of a map.
    pub(super) fn len(tensor_planes: usize, size: [usize; 2], piece: [usize; 2], candidates: usize) -> usize {
        candidates * tensor_planes * size[0].div_ceil(piece[0]) * size[1].div_ceil(piece[1]) * 2 * LANES
    }

    /// # Safety
    /// The candidate, the plane and the piece must be of the map.
    #[inline(always)]
    unsafe fn place(&self, tensor: &Tensor, candidate: usize, plane: usize, row: usize, column: usize) -> *mut f32 {
        let layout = &tensor.layout;
        let (rows, columns) = (layout.height.div_ceil(self.piece[0]), layout.width.div_ceil(self.piece[1]));
        let index = ((candidate * layout.planes + plane) * rows + row) * columns + column;
        // SAFETY: the caller's promise.
        unsafe { self.data.add(index * 2 * LANES) }
    }

    /// Adds up a plane's pieces.
    ///
    /// # Safety
    /// All of them must have been written.
    #[inline(always)]
    pub(super) unsafe fn sums(&self, tensor: &Tensor, candidate: usize, plane: usize) -> Sums {
        let layout = &tensor.layout;
        let ([mut first, mut second], mut between) = ([[0.0; LANES]; 2], [0.0; LANES]);
        for row in 0..layout.height.div_ceil(self.piece[0]) {
            let height = self.piece[0].min(layout.height - row * self.piece[0]);
            for column in 0..layout.width.div_ceil(self.piece[1]) {
                let width = self.piece[1].min(layout.width - column * self.piece[1]);
                let share = 1.0 / (height * width) as f64;
                // SAFETY: the caller's promise.
                let [a, b] =
                    unsafe { self.place(tensor, candidate, plane, row, column).cast::<[[f32; LANES]; 2]>().read() };
                for lane in 0..LANES {
                    let a = f64::from(a[lane]);
                    first[lane] += a;
                    second[lane] += f64::from(b[lane]);
                    between[lane] += a * a * share;
                }
            }
        }
        if self.with.is_none() {
            // Chan, Golub and LeVeque 1979: the deviations within the pieces, and those of the pieces' means.
            let share = 1.0 / (layout.height * layout.width) as f64;
            for lane in 0..LANES {
                second[lane] += between[lane] - first[lane] * first[lane] * share;
            }
        }
        Sums { first, second }
    }
}

impl Target<'_> {
    pub(super) fn plain(tensor: Tensor) -> Self {
        Self { tensor, writing: Writing::default() }
    }

    /// Writes a rectangle of one plane from `numbers`, whose rows are `stride` floats apart. It is one piece of
    /// the moments, and inside of the map. The map must be blocked.
    ///
    /// # Safety
    /// The numbers must be there, and one task must have the rectangle.
    #[inline(always)]
    pub(super) unsafe fn write<L: Lanes>(
        &self,
        candidate: usize,
        plane: usize,
        [y, x]: [usize; 2],
        [height, width]: [usize; 2],
        numbers: *const f32,
        stride: usize,
    ) {
        let layout = &self.tensor.layout;
        let Writing { bias, noise, activation, moments } = self.writing;
        // SAFETY: the caller's promise; bias and strength are sixteen for every plane.
        unsafe {
            let start = self.tensor.candidate(candidate).add(layout.row(plane, y) + x * LANES);
            let row = layout.row_stride();
            let bias = bias.map_or(L::splat(0.0), |bias| L::load(bias.as_ptr().add(plane * LANES)));
            let mut sum = L::splat(0.0);
            for i in 0..height {
                let (from, to) = (numbers.add(i * stride), start.add(i * row));
                match noise {
                    None => {
                        for j in 0..width {
                            let mut value = L::load(from.add(j * LANES)).add(bias);
                            if let Some(activation) = activation {
                                value = activation.lanes(value);
                            }
                            sum = sum.add(value);
                            value.store(to.add(j * LANES));
                        }
                    }
                    Some((strength, noise)) => {
                        let strength = L::load(strength.as_ptr().add(plane * LANES));
                        let noise = noise.candidate(candidate).add(noise.layout.row(0, y + i) + x);
                        for j in 0..width {
                            let given = L::load(from.add(j * LANES)).add(bias);
                            let mut value = strength.mul_add(L::splat(*noise.add(j)), given);
                            if let Some(activation) = activation {
                                value = activation.lanes(value);
                            }
                            sum = sum.add(value);
                            value.store(to.add(j * LANES));
                        }
                    }
                }
            }
            let Some(moments) = moments else { return };
            let place = moments.place(&self.tensor, candidate, plane, y / moments.piece[0], x / moments.piece[1]);
            sum.store(place);
            let mut second = L::splat(0.0);
            if let Some(with) = moments.with {
                let mean = L::load(with.coefficients().of(candidate, Moments::MEAN, plane));
                let with_start = with.candidate(candidate).add(with.layout.row(plane, y) + x * LANES);
                for i in 0..height {
                    for j in 0..width {
                        let deviation = L::load(with_start.add(i * with.layout.row_stride() + j * LANES)).sub(mean);
                        second = L::load(start.add(i * row + j * LANES)).mul_add(deviation, second);
                    }
                }
            } else {
                let mean = sum.mul(L::splat(1.0 / (height * width) as f32));
                for i in 0..height {
                    for j in 0..width {
                        let deviation = L::load(start.add(i * row + j * LANES)).sub(mean);
                        second = deviation.mul_add(deviation, second);
                    }
                }
            }
            second.store(place.add(LANES));
        }
    }

    /// Does to the whole map, which holds the operator's numbers already, what else becomes of them.
    pub(super) fn finish(&self, run: &Run) {
        let layout = self.tensor.layout;
        let [piece_height, piece_width] = self.writing.moments.map_or([1, layout.width], |moments| moments.piece);
        let rows = layout.height.div_ceil(piece_height);
        run.tasks(run.active * layout.planes * rows, |_, task| {
            let (candidate, plane, row) = (task / (layout.planes * rows), task / rows % layout.planes, task % rows);
            run.instructions.run(Rows {
                target: *self,
                candidate,
                plane,
                y: row * piece_height,
                piece_height,
                piece_width,
            });
        });
    }
}

/// A row of pieces.
struct Rows<'a> {
    target: Target<'a>,
    candidate: usize,
    plane: usize,
    y: usize,
    piece_height: usize,
    piece_width: usize,
}

impl super::simd::Vectorized for Rows<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { target, candidate, plane, y, .. } = self;
        let layout = target.tensor.layout;
        let height = self.piece_height.min(layout.height - y);
        for x in (0..layout.width).step_by(self.piece_width) {
            let width = self.piece_width.min(layout.width - x);
            // SAFETY: the piece is inside of the map, and this task's alone.
            unsafe {
                let from = target.tensor.candidate(candidate).add(layout.row(plane, y) + x * LANES);
                target.write::<L>(candidate, plane, [y, x], [height, width], from.cast_const(), layout.row_stride());
            }
        }
    }
}
