//! Mean and variance of every channel of a map, in pieces that lie in a near cache.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::cpu::lanes::{LANES, Layout, Run, Tensor};

/// Rows of a piece: so many that a sum over them is short.
pub(super) fn rows_of_piece(layout: &Layout) -> usize {
    const FLOATS: usize = 256 * LANES;
    (FLOATS / layout.row_len()).clamp(1, layout.height)
}

/// Runs `body(candidate, plane, piece, rows)` for every piece of every plane of every candidate.
pub(super) fn tasks(run: &Run, layout: &Layout, body: impl Fn(usize, usize, usize, Range<usize>) + Sync) {
    let rows = rows_of_piece(layout);
    let pieces = layout.height.div_ceil(rows);
    run.tasks(run.active * layout.planes * pieces, |_, task| {
        let (plane, piece) = (task / pieces, task % pieces);
        let lines = piece * rows..layout.height.min((piece + 1) * rows);
        body(plane / layout.planes, plane % layout.planes, piece, lines);
    });
}

/// Where the statistics of a map are taken.
pub(super) struct Statistics {
    pub(super) layout: Layout,
}

/// What a piece has of each channel: a number near its mean, the sum of the deviations from it, and that of their
/// squares.
type Piece = [[f32; LANES]; 3];

/// For each channel the mean and the sum of squared deviations.
type Channels = [[f64; 2]; LANES];

impl Statistics {
    fn pieces(&self) -> usize {
        self.layout.height.div_ceil(rows_of_piece(&self.layout))
    }

    /// Floats of two sums for each channel of each piece of a candidate.
    pub(super) fn sums(&self) -> usize {
        self.layout.planes * self.pieces() * 2 * LANES
    }

    /// Floats that taking them needs for a candidate.
    pub(super) fn len(&self) -> usize {
        self.layout.planes * (self.pieces() * size_of::<Piece>() + size_of::<Channels>()) / size_of::<f32>()
    }
}

#[allow(clippy::cast_ptr_alignment)] // Scratch memory begins at a line of the cache.
/// Takes them, and gives those of each channel: sixteen for each plane, of which a planar one has its own in the first.
pub(super) fn statistics(run: &Run, of: &Statistics, x: Tensor) -> Taken {
    let (layout, count) = (of.layout, of.pieces());
    let channels = Address(run.scratch.cast::<Channels>());
    let taken = Address(channels.0.wrapping_add(run.active * layout.planes).cast::<Piece>());
    let place = move |candidate: usize, plane: usize| (candidate * layout.planes + plane) * count;
    tasks(run, &layout, |candidate, plane, piece, lines| {
        run.instructions.call(
            #[inline(always)]
            || {
                // SAFETY: no task writes `x`, and one task has the place of a piece.
                unsafe {
                    let statistics = of_piece(
                        &layout,
                        #[inline(always)]
                        |y| x.row(candidate, plane, y),
                        lines,
                    );
                    taken.get().add(place(candidate, plane) + piece).write(statistics);
                }
            },
        );
    });
    run.planes(
        &layout,
        #[inline(always)]
        |candidate, plane| {
            // SAFETY: all pieces have been written, and one task has the place of a plane.
            unsafe {
                let taken = std::slice::from_raw_parts(taken.get().add(place(candidate, plane)), count);
                channels.get().add(candidate * layout.planes + plane).write(joined(&layout, taken));
            }
        },
    );
    Taken { channels, planes: layout.planes }
}

/// The statistics of all channels.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    channels: Address<Channels>,
    planes: usize,
}

impl Taken {
    /// Those of a candidate, sixteen for each plane.
    pub(super) fn of(&self, candidate: usize) -> *const [f64; 2] {
        self.channels.0.wrapping_add(candidate * self.planes).cast_const().cast()
    }
}

/// An address that tasks share.
#[derive(Clone, Copy)]
struct Address<T>(*mut T);

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl<T> Send for Address<T> {}
// SAFETY: as for `Send`.
unsafe impl<T> Sync for Address<T> {}

impl<T> Address<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

/// A piece from its rows. A few of its numbers say where its mean is: even if they are the worst outliers, the
/// squares of their deviations are not many times the variance, and no digits are lost.
#[inline(always)]
fn of_piece<'a>(layout: &Layout, row: impl Fn(usize) -> &'a [f32], lines: Range<usize>) -> Piece {
    const SAMPLES: usize = 8;
    let first = row(lines.start);
    let mut center = [0.0; LANES];
    for sample in 0..SAMPLES {
        let pixel = &first[sample * layout.width / SAMPLES * layout.lanes..];
        match pixel.first_chunk::<LANES>() {
            Some(pixel) if layout.lanes == LANES => (0..LANES).for_each(|lane| center[lane] += pixel[lane]),
            _ => center.iter_mut().for_each(|center| *center += pixel[0]),
        }
    }
    let center = center.map(|sum| sum / SAMPLES as f32);
    // Two sums of each kind in turn, so that one addition need not wait for the one before.
    let mut sums = [[[0.0f32; LANES]; 2]; 2];
    for y in lines {
        let (pixels, rest) = row(y).as_chunks::<LANES>();
        let (pairs, single) = pixels.as_chunks::<2>();
        for pair in pairs {
            for (sums, pixel) in sums.iter_mut().zip(pair) {
                add(sums, pixel, &center);
            }
        }
        for pixel in single {
            add(&mut sums[0], pixel, &center);
        }
        for (lane, x) in rest.iter().enumerate() {
            let deviation = x - center[lane];
            sums[0][0][lane] += deviation;
            sums[0][1][lane] += deviation * deviation;
        }
    }
    let [deviations, squares] =
        [0, 1].map(|kind| std::array::from_fn(|lane| sums[0][kind][lane] + sums[1][kind][lane]));
    [center, deviations, squares]
}

#[inline(always)]
fn add(sums: &mut [[f32; LANES]; 2], pixel: &[f32; LANES], center: &[f32; LANES]) {
    for lane in 0..LANES {
        let deviation = pixel[lane] - center[lane];
        sums[0][lane] += deviation;
        sums[1][lane] += deviation * deviation;
    }
}

/// The pieces of a plane together (Chan, Golub and LeVeque 1979). A planar one's lanes are all of one channel.
#[inline(always)]
fn joined(layout: &Layout, taken: &[Piece]) -> Channels {
    let rows = rows_of_piece(layout);
    let planar = layout.lanes == 1;
    let pixels = (layout.height * layout.width) as f64;
    let size = |piece: usize| ((layout.height - piece * rows).min(rows) * layout.width) as f64;
    let sum = |numbers: &[f32; LANES], lane: usize| {
        if planar { numbers.iter().map(|&x| f64::from(x)).sum() } else { f64::from(numbers[lane]) }
    };
    std::array::from_fn(|lane| {
        if planar && lane > 0 {
            return [0.0; 2];
        }
        let mean = |(piece, [center, deviations, _]): (usize, &Piece)| {
            f64::from(center[lane]) + sum(deviations, lane) / size(piece)
        };
        let total = taken.iter().enumerate().map(|piece| mean(piece) * size(piece.0)).sum::<f64>() / pixels;
        let squares = taken.iter().enumerate().map(|(piece, numbers)| {
            let [_, deviations, squares] = numbers;
            let (own, apart) = (sum(deviations, lane), mean((piece, numbers)) - total);
            sum(squares, lane) - own * own / size(piece) + size(piece) * apart * apart
        });
        [total, squares.sum::<f64>().max(0.0)]
    })
}
