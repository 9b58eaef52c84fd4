//! What happens to a map's numbers on the way out of a linear operator, piece by piece: a piece is still in a near
//! cache when its bias, noise and activation come, and when the sums that a norm needs are taken.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Coefficients, LANES, Lanes, Run, Tensor, Vectorized};
use crate::cpu::pointwise::LeakyRelu;

/// A map to be written.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) tensor: Tensor,
    pub(crate) writing: Writing<'a>,
    /// Whether it is written past the caches.
    streams: bool,
}

/// `y[c,p] = factor[c] · (activation(scale[c] · x[c,p] + bias[c] + strength[c] · noise[p]) + f · addend[c,p])`, as far as
/// there is any of it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Writing<'a> {
    /// The first of its coefficients.
    pub(crate) scale: Option<Coefficients>,
    /// One for each channel, the filling's included.
    pub(crate) bias: Option<&'a [f32]>,
    /// The strength for each channel, the filling's included, and the noise map.
    pub(crate) noise: Option<(&'a [f32], Tensor)>,
    pub(crate) activation: Option<LeakyRelu>,
    /// A map, and what it is multiplied by before it is added.
    pub(crate) addend: Option<(Tensor, f32)>,
    /// Sums over the map before the factor.
    pub(crate) moments: Option<Moments>,
    /// The first of its coefficients.
    pub(crate) factor: Option<Coefficients>,
    /// What is added along the edges before anything else; not every map can.
    pub(crate) edges: Option<EdgeValues>,
}

/// Where the sums over each piece of a map go: `Σ y` and `Σ (y − mean of the piece)²`, or, of a gradient `g`,
/// `Σ g` and `Σ g (x − mean x)` with the map `x` whose gradient it is. They are added up in one order, whoever takes
/// them.
#[derive(Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) data: *mut f32,
    /// Height and width of a piece; those at the edge may be smaller.
    pub(crate) piece: [usize; 2],
    /// The map `x`; of one that is not styled, `Σ g x` is taken.
    pub(crate) with: Option<Tensor>,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Sync for Moments {}
// SAFETY: as for the trait above.
unsafe impl Send for Moments {}

/// What the pieces of a plane add up to, for each of its channels.
pub(crate) struct Sums {
    /// `Σ y`, or `Σ g`.
    pub(crate) first: [f64; LANES],
    /// `Σ (y − mean y)²`, or `Σ g (x − mean x)`.
    pub(crate) second: [f64; LANES],
}

impl Moments {
    /// Which number is the mean among the coefficients of a styled map.
    pub(crate) const MEAN: usize = 2;

    /// Floats for the pieces of a map.
    pub(crate) fn len(tensor_planes: usize, size: [usize; 2], piece: [usize; 2], candidates: usize) -> usize {
        candidates * tensor_planes * size[0].div_ceil(piece[0]) * size[1].div_ceil(piece[1]) * 2 * LANES
    }

    /// # Safety
    /// The candidate, the plane and the piece must be of the map.
    #[inline(always)]
    unsafe fn place(&self, tensor: &Tensor, candidate: usize, plane: usize, row: usize, column: usize) -> *mut f32 {
        let layout = &tensor.layout;
        let (rows, columns) = (layout.height.div_ceil(self.piece[0]), layout.width.div_ceil(self.piece[1]));
        let index = ((candidate * layout.planes + plane) * rows + row) * columns + column;
        // SAFETY: the caller says that the map has the piece, and there is room for all pieces of the map.
        unsafe { self.data.add(index * 2 * LANES) }
    }

    /// Takes the sums over a piece, the first of which is given.
    ///
    /// # Safety
    /// The piece must be one of the map, this task's alone, its numbers be readable, and the processor have the instruction
    /// set of `L`.
    #[inline(always)]
    unsafe fn take<L: Lanes>(&self, tensor: &Tensor, piece: &Piece, sum: L) {
        let &Piece { candidate, plane, corner: [y, x], size: [height, width], numbers, stride } = piece;
        // SAFETY: the caller has the piece and its numbers; the map whose gradient it is has as many pixels.
        unsafe {
            let place = self.place(tensor, candidate, plane, y / self.piece[0], x / self.piece[1]);
            sum.store(place);
            let mut second = L::splat(0.0);
            if let Some(with) = self.with {
                let mean = if with.layout.styled {
                    L::load(with.coefficients().of(candidate, Self::MEAN, plane))
                } else {
                    L::splat(0.0)
                };
                let start = with.candidate(candidate).add(with.layout.row(plane, y) + x * LANES);
                for i in 0..height {
                    for j in 0..width {
                        let deviation = L::load(start.add(i * with.layout.row_stride() + j * LANES)).sub(mean);
                        second = L::load(numbers.add(i * stride + j * LANES)).mul_add(deviation, second);
                    }
                }
            } else {
                let mean = sum.mul(L::splat(1.0 / (height * width) as f32));
                for i in 0..height {
                    for j in 0..width {
                        let deviation = L::load(numbers.add(i * stride + j * LANES)).sub(mean);
                        second = deviation.mul_add(deviation, second);
                    }
                }
            }
            second.store(place.add(LANES));
        }
    }

    /// Adds up a plane's pieces.
    ///
    /// # Safety
    /// All of them must have been written.
    #[inline(always)]
    pub(crate) unsafe fn sums(&self, tensor: &Tensor, candidate: usize, plane: usize) -> Sums {
        let layout = &tensor.layout;
        let ([mut first, mut second], mut between) = ([[0.0; LANES]; 2], [0.0; LANES]);
        for row in 0..layout.height.div_ceil(self.piece[0]) {
            let height = self.piece[0].min(layout.height - row * self.piece[0]);
            for column in 0..layout.width.div_ceil(self.piece[1]) {
                let width = self.piece[1].min(layout.width - column * self.piece[1]);
                let share = 1.0 / (height * width) as f64;
                // SAFETY: the caller says that every piece of the plane has been written.
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

/// A rectangle of a plane, and its numbers on the way.
struct Piece {
    candidate: usize,
    plane: usize,
    corner: [usize; 2],
    size: [usize; 2],
    numbers: *mut f32,
    /// Floats between a row of the numbers and the next.
    stride: usize,
}

impl<'a> Target<'a> {
    pub(crate) fn new(tensor: Tensor, writing: &Writing<'a>) -> Self {
        /// Floats of a map that does not stay in the far cache until it is read.
        const LARGE: usize = 1 << 21;
        Self { tensor, writing: *writing, streams: tensor.layout.len() >= LARGE }
    }

    /// Whether all that there is to do is to add a bias, apply an activation, and perhaps add another map.
    pub(crate) fn is_simple(&self, adds: bool) -> bool {
        let Writing { scale, noise, moments, factor, addend, .. } = &self.writing;
        let plain = scale.is_none() && noise.is_none() && moments.is_none() && factor.is_none();
        plain && (adds || addend.is_none())
    }

    pub(crate) fn plain(tensor: Tensor) -> Self {
        Self::new(tensor, &Writing::default())
    }

    /// Writes a rectangle of one plane from `numbers`, whose rows are `stride` floats apart, and which are used up. It is
    /// one piece of the moments, and inside of the map. The map must be blocked. The numbers may be the map's own.
    ///
    /// # Safety
    /// The numbers must be there, one task must have the rectangle, and the processor must have the instruction set of `L`.
    #[inline(always)]
    pub(crate) unsafe fn write<L: Lanes>(
        &self,
        candidate: usize,
        plane: usize,
        corner: [usize; 2],
        size: [usize; 2],
        numbers: *mut f32,
        stride: usize,
    ) {
        let layout = &self.tensor.layout;
        let piece = Piece { candidate, plane, corner, size, numbers, stride };
        // SAFETY: the caller has the numbers, and has the rectangle alone; a factor is sixteen for every plane.
        unsafe {
            let sum = self.complete::<L>(&piece);
            if let Some(moments) = &self.writing.moments {
                moments.take::<L>(&self.tensor, &piece, sum);
            }
            let start = self.tensor.candidate(candidate).add(layout.row(plane, corner[0]) + corner[1] * LANES);
            let factor = self.writing.factor.map(|factor| L::load(factor.of(candidate, 0, plane)));
            if start == numbers && factor.is_none() {
                return;
            }
            let row = layout.row_stride();
            for i in 0..size[0] {
                for j in 0..size[1] {
                    let mut value = L::load(numbers.add(i * stride + j * LANES));
                    if let Some(factor) = factor {
                        value = value.mul(factor);
                    }
                    let to = start.add(i * row + j * LANES);
                    if self.streams { value.stream(to) } else { value.store(to) }
                }
            }
        }
    }

    /// Adds bias and noise and applies the activation, in place, and gives the sum for each channel.
    ///
    /// # Safety
    /// As for [`write`](Self::write).
    #[inline(always)]
    unsafe fn complete<L: Lanes>(&self, piece: &Piece) -> L {
        let &Piece { candidate, plane, corner: [y, x], size: [height, width], numbers, stride } = piece;
        let Writing { scale, bias, noise, activation, addend, moments, .. } = self.writing;
        // SAFETY: the caller has the numbers of the piece, and another map is as large; scale and bias are sixteen for every
        // plane.
        unsafe {
            let mut sum = L::splat(0.0);
            let nothing = scale.is_none() && bias.is_none() && noise.is_none() && activation.is_none();
            if nothing && addend.is_none() && moments.is_none() {
                return sum;
            }
            let scale = scale.map_or(L::splat(1.0), |scale| L::load(scale.of(candidate, 0, plane)));
            let bias = bias.map_or(L::splat(0.0), |bias| L::load(bias.as_ptr().add(plane * LANES)));
            for i in 0..height {
                for j in 0..width {
                    let at = numbers.add(i * stride + j * LANES);
                    let mut value = self.noisy(piece, L::load(at).mul_add(scale, bias), i, j);
                    if let Some(activation) = activation {
                        value = activation.lanes(value);
                    }
                    if let Some((addend, factor)) = &addend {
                        let at = addend.candidate(candidate).add(addend.layout.row(plane, y + i) + (x + j) * LANES);
                        value = L::load(at).times_add(*factor, value);
                    }
                    sum = sum.add(value);
                    value.store(at);
                }
            }
            sum
        }
    }

    /// A number with its noise.
    ///
    /// # Safety
    /// The pixel must be in the piece, and the piece in the map.
    #[inline(always)]
    unsafe fn noisy<L: Lanes>(&self, piece: &Piece, value: L, i: usize, j: usize) -> L {
        let Some((strength, noise)) = self.writing.noise else { return value };
        let [y, x] = piece.corner;
        // SAFETY: the noise map has the pixel, as the map has it; the strength is sixteen for every plane.
        unsafe {
            let strength = L::load(strength.as_ptr().add(piece.plane * LANES));
            let at = noise.candidate(piece.candidate).add(noise.layout.row(0, y + i) + x + j);
            strength.mul_add(L::splat(*at), value)
        }
    }

    /// Does to the whole map, which holds the operator's numbers already, what else becomes of them.
    pub(crate) fn finish(&self, run: &Run) {
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

impl Vectorized for Rows<'_> {
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
                target.write::<L>(candidate, plane, [y, x], [height, width], from, layout.row_stride());
            }
        }
    }
}

/// The four edges in turn: first row, last row, first column, last column.
pub(crate) const EDGES: usize = 4;

/// What is added along the edges of a map.
#[derive(Clone, Copy)]
pub(crate) struct EdgeValues {
    pub(crate) data: *mut f32,
    /// Floats of one edge of one candidate.
    pub(crate) len: usize,
    pub(crate) planes: usize,
    /// Pixels of the map along both axes.
    pub(crate) size: [usize; 2],
    pub(crate) candidates: usize,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Send for EdgeValues {}
// SAFETY: as for the trait above.
unsafe impl Sync for EdgeValues {}

impl EdgeValues {
    /// The values of a plane along an edge.
    ///
    /// # Safety
    /// The edge, the candidate and the plane must exist.
    #[inline(always)]
    pub(crate) unsafe fn of(&self, edge: usize, candidate: usize, plane: usize) -> *mut f32 {
        let length = self.len / self.planes;
        // SAFETY: the caller says that there are the edge, the candidate and the plane.
        unsafe { self.data.add((edge * self.candidates + candidate) * self.len + plane * length) }
    }

    /// Adds to a square of `side` pixels that begins at `(y, x)`, as far as it is at an edge.
    ///
    /// # Safety
    /// The square and the plane must exist.
    #[inline(always)]
    pub(crate) unsafe fn add<L: Lanes>(
        &self,
        candidate: usize,
        plane: usize,
        [y, x]: [usize; 2],
        side: usize,
        square: *mut f32,
    ) {
        let [height, width] = self.size;
        for edge in 0..EDGES {
            let column = edge >= 2;
            let (at, size) = if column { (x, width) } else { (y, height) };
            let line = if edge % 2 == 0 { 0 } else { size - 1 };
            if !(at..at + side).contains(&line) {
                continue;
            }
            let (along, length) = if column { (y, height) } else { (x, width) };
            for t in 0..side.min(length - along) {
                let (i, j) = if column { (t, line - at) } else { (line - at, t) };
                // SAFETY: the pixel is in the square, and its value in the edge.
                unsafe {
                    let value = L::load(self.of(edge, candidate, plane).add((along + t) * LANES));
                    let pixel = square.add((i * side + j) * LANES);
                    L::load(pixel).add(value).store(pixel);
                }
            }
        }
    }
}
