//! Sixteen lanes of `f32`, on whatever the processor has.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod x86;

/// The lanes of one vector, and how many channels a block has.
pub(crate) const LANES: usize = 16;

/// The instruction sets that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstructionSet {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// Code that is compiled once for every instruction set. Both the implementation of
/// [`run`](Vectorized::run) and all that it calls must be `#[inline(always)]`.
pub(crate) trait Vectorized {
    /// # Safety
    /// The processor must have the instruction set of `L`.
    unsafe fn run<L: Lanes>(self);
}

struct Call<F>(F);

impl<F: FnOnce()> Vectorized for Call<F> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        (self.0)();
    }
}

impl InstructionSet {
    /// The widest that the processor has, or what the environment variable `PULSE_SIMD` asks for (`avx512`,
    /// `avx2` or `portable`) when the processor has it.
    pub(crate) fn detect() -> Self {
        let wanted = std::env::var("PULSE_SIMD").unwrap_or_default();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
            if avx512 && !matches!(wanted.as_str(), "avx2" | "portable") {
                return Self::Avx512;
            }
            if avx2 && wanted != "portable" {
                return Self::Avx2;
            }
        }
        let _ = wanted;
        Self::Portable
    }

    /// As `PULSE_SIMD` names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// How many vectors of output channels a convolution works on at a time.
    pub(crate) fn vectors(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 2,
            _ => 1,
        }
    }

    /// Runs a kernel as compiled for this instruction set.
    #[inline]
    pub(crate) fn run(self, kernel: impl Vectorized) {
        match self {
            // SAFETY: `detect` has seen that the processor has these.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { run_avx512(kernel) },
            // SAFETY: `detect` has seen that the processor has these.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: plain Rust runs on every processor.
            Self::Portable => unsafe { kernel.run::<Portable>() },
        }
    }

    /// Runs plain loops that the compiler vectorises for this instruction set.
    #[inline]
    pub(crate) fn call(self, body: impl FnOnce()) {
        self.run(Call(body));
    }
}

/// # Safety
/// The processor must have AVX-512 F and DQ.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
unsafe fn run_avx512(kernel: impl Vectorized) {
    // SAFETY: the caller runs this on a processor that has them.
    unsafe { kernel.run::<x86::Avx512>() }
}

/// # Safety
/// The processor must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(kernel: impl Vectorized) {
    // SAFETY: the caller runs this on a processor that has them.
    unsafe { kernel.run::<x86::Avx2>() }
}

/// Has a line of memory fetched to a near cache, where it is going to be read. The address need not be one.
#[inline(always)]
pub(crate) fn prefetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has SSE; what it cannot fetch, it does not.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A vector of sixteen `f32`.
///
/// A vector is a proof that the processor has the instruction set of its type, for only [`splat`](Lanes::splat) and
/// [`load`](Lanes::load) make one from nothing. So what works on vectors alone is safe.
pub(crate) trait Lanes: Copy {
    /// How many pixels a convolution accumulates at a time.
    const PIXELS: usize;

    /// The value in all lanes.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn splat(value: f32) -> Self;
    /// # Safety
    /// The processor must have the instruction set, and there must be sixteen readable floats, of any alignment.
    unsafe fn load(from: *const f32) -> Self;
    /// # Safety
    /// There must be sixteen writable floats, of any alignment.
    unsafe fn store(self, to: *mut f32);
    /// Stores past the caches.
    ///
    /// # Safety
    /// There must be sixteen writable floats, at a multiple of 64 bytes.
    unsafe fn stream(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// `self · factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `self · 2ⁿ` for a small whole number `n` that stands in the lowest bits of another number. Neither may be zero or
    /// out of a float's range.
    fn raised(self, exponent: Self) -> Self;
    /// The smaller; `other` where either is not a number.
    fn min(self, other: Self) -> Self;
    /// The larger; `other` where either is not a number.
    fn max(self, other: Self) -> Self;

    /// `negative` where the sign is, `positive` elsewhere. Zeros have signs.
    fn where_negative(self, negative: Self, positive: Self) -> Self;

    /// The value in all lanes.
    #[inline(always)]
    fn like(self, value: f32) -> Self {
        // SAFETY: the vector in hand shows that the instruction set is there.
        unsafe { Self::splat(value) }
    }

    /// `self · factor`.
    #[inline(always)]
    fn times(self, factor: f32) -> Self {
        self.mul(self.like(factor))
    }

    /// `self · factor + addend`.
    #[inline(always)]
    fn times_add(self, factor: f32, addend: Self) -> Self {
        self.mul_add(self.like(factor), addend)
    }

    /// The lanes as an array.
    #[inline(always)]
    fn to_array(self) -> [f32; LANES] {
        let mut array = [0.0; LANES];
        // SAFETY: the array has sixteen floats.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }

    /// Rows for columns: lane `i` of vector `j` becomes lane `j` of vector `i`.
    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let mut square = [0.0; LANES * LANES];
        let mut columns = rows;
        // SAFETY: the square has a row of sixteen for each vector, which show that the instruction set is there.
        unsafe {
            for (i, row) in rows.into_iter().enumerate() {
                for (j, value) in row.to_array().into_iter().enumerate() {
                    square[j * LANES + i] = value;
                }
            }
            for (column, values) in columns.iter_mut().zip(square.chunks_exact(LANES)) {
                *column = Self::load(values.as_ptr());
            }
        }
        columns
    }

    /// The sum of the lanes, in a fixed order.
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut lanes = self.to_array();
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }
}

/// Lanes in plain Rust.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Portable {
    const PIXELS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has sixteen readable floats there.
        Self(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller has sixteen writable floats there.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    fn raised(self, exponent: Self) -> Self {
        self.zip(exponent, |x, n| f32::from_bits(x.to_bits().wrapping_add(n.to_bits() << 23)))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // A fused operation is a slow function call where the instruction is not in the baseline.
        let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        Self(std::array::from_fn(|i| {
            if fused { self.0[i].mul_add(factor.0[i], addend.0[i]) } else { self.0[i] * factor.0[i] + addend.0[i] }
        }))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn where_negative(self, negative: Self, positive: Self) -> Self {
        Self(std::array::from_fn(|i| if self.0[i].is_sign_negative() { negative.0[i] } else { positive.0[i] }))
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller has sixteen writable floats there.
        unsafe { self.store(to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Transposed;

    impl Vectorized for Transposed {
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let square: [[f32; LANES]; LANES] = std::array::from_fn(|i| std::array::from_fn(|j| (16 * i + j) as f32));
            // SAFETY: `run` is called where the instruction set is, and the rows have sixteen floats.
            unsafe {
                let columns = L::transpose(square.map(|row| L::load(row.as_ptr())));
                for (i, column) in columns.into_iter().enumerate() {
                    assert_eq!(column.to_array(), square.map(|row| row[i]));
                }
            }
        }
    }

    struct Summed;

    impl Vectorized for Summed {
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let numbers: [f32; LANES] = std::array::from_fn(|i| 1.0 / (i + 1) as f32);
            // SAFETY: `run` is called where the instruction set is, and there are sixteen numbers.
            unsafe {
                let [found, expected] = [L::load(numbers.as_ptr()).sum(), Portable(numbers).sum()];
                assert_eq!(found.to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn sums_are_taken_in_one_order() {
        InstructionSet::detect().run(Summed);
    }

    #[test]
    fn transposing_swaps_rows_and_columns() {
        InstructionSet::Portable.run(Transposed);
        InstructionSet::detect().run(Transposed);
    }
}
