//! The lanes on x86-64. Each function is one or two instructions. `clippy` sees no safety comments on them
//! because the reasons are two for all: a vector in hand shows that its instructions are there, as [`Lanes`] says; and who
//! makes or stores one keeps what [`Lanes`] asks for.
#![allow(clippy::undocumented_unsafe_blocks)]

use super::{LANES, Lanes};
use std::arch::x86_64::{
    __m256, __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_epi32,
    _mm256_add_ps, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_div_ps,
    _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_stream_ps,
    _mm256_sub_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm512_add_epi32, _mm512_add_ps, _mm512_castpd_ps,
    _mm512_castps_pd, _mm512_castps_si512, _mm512_castps512_ps256, _mm512_castsi512_ps, _mm512_div_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_max_ps, _mm512_min_ps, _mm512_movepi32_mask, _mm512_mul_ps,
    _mm512_set1_ps, _mm512_shuffle_f32x4, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_stream_ps, _mm512_sub_ps,
    _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

/// One register of AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

impl Lanes for Avx512 {
    const PIXELS: usize = 12;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn raised(self, exponent: Self) -> Self {
        unsafe {
            let power = _mm512_slli_epi32::<23>(_mm512_castps_si512(exponent.0));
            Self(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), power)))
        }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn where_negative(self, negative: Self, positive: Self) -> Self {
        unsafe {
            let signs = _mm512_movepi32_mask(_mm512_castps_si512(self.0));
            Self(_mm512_mask_blend_ps(signs, positive.0, negative.0))
        }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        unsafe { _mm512_stream_ps(to, self.0) }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        unsafe {
            let high = _mm512_shuffle_f32x4::<0b11_10_11_10>(self.0, self.0);
            sum_of_eight(_mm512_castps512_ps256(_mm512_add_ps(self.0, high)))
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        unsafe {
            let mut square = [_mm512_set1_ps(0.0); LANES];
            for (to, row) in square.iter_mut().zip(rows) {
                *to = row.0;
            }
            // Squares of two lanes within each quarter of a vector, then of four.
            for i in (0..LANES).step_by(2) {
                let (a, b) = (square[i], square[i + 1]);
                (square[i], square[i + 1]) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            }
            for i in (0..LANES).step_by(4) {
                let (a, b) = (_mm512_castps_pd(square[i]), _mm512_castps_pd(square[i + 1]));
                let (c, d) = (_mm512_castps_pd(square[i + 2]), _mm512_castps_pd(square[i + 3]));
                square[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
                square[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
                square[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
                square[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
            }
            // Vector `4 i + k` now has, in its quarter `q`, column `4 q + k` of the rows `4 i` to `4 i + 3`.
            let mut columns = rows;
            for k in 0..4 {
                let [a, b, c, d] = [square[k], square[4 + k], square[8 + k], square[12 + k]];
                let even = [_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d)];
                let odd = [_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d)];
                columns[k] = Self(_mm512_shuffle_f32x4::<0x88>(even[0], even[1]));
                columns[8 + k] = Self(_mm512_shuffle_f32x4::<0xdd>(even[0], even[1]));
                columns[4 + k] = Self(_mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]));
                columns[12 + k] = Self(_mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]));
            }
            columns
        }
    }
}

/// Two registers of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256, __m256);

impl Lanes for Avx2 {
    const PIXELS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        let half = unsafe { _mm256_set1_ps(value) };
        Self(half, half)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        unsafe { Self(_mm256_div_ps(self.0, other.0), _mm256_div_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn raised(self, exponent: Self) -> Self {
        unsafe { Self(raise(self.0, exponent.0), raise(self.1, exponent.1)) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, addend.0), _mm256_fmadd_ps(self.1, factor.1, addend.1)) }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        unsafe { Self(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn where_negative(self, negative: Self, positive: Self) -> Self {
        unsafe {
            Self(_mm256_blendv_ps(positive.0, negative.0, self.0), _mm256_blendv_ps(positive.1, negative.1, self.1))
        }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        unsafe {
            _mm256_stream_ps(to, self.0);
            _mm256_stream_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        unsafe { sum_of_eight(_mm256_add_ps(self.0, self.1)) }
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        unsafe {
            let mut columns = rows;
            for k in 0..2 {
                // Rows `8 k` to `8 k + 7`, with the left half of their registers and the right one.
                let mut halves = [[_mm256_set1_ps(0.0); 4]; 4];
                for i in 0..4 {
                    let (above, below) = (rows[8 * k + i], rows[8 * k + 4 + i]);
                    halves[0][i] = _mm256_permute2f128_ps::<0x20>(above.0, below.0);
                    halves[1][i] = _mm256_permute2f128_ps::<0x31>(above.0, below.0);
                    halves[2][i] = _mm256_permute2f128_ps::<0x20>(above.1, below.1);
                    halves[3][i] = _mm256_permute2f128_ps::<0x31>(above.1, below.1);
                }
                for (four, half) in halves.into_iter().enumerate() {
                    for (i, column) in squares_of_four(half).into_iter().enumerate() {
                        let to = &mut columns[4 * four + i];
                        *(if k == 0 { &mut to.0 } else { &mut to.1 }) = column;
                    }
                }
            }
            columns
        }
    }
}

/// [`Lanes::raised`] for a register.
#[inline(always)]
unsafe fn raise(x: __m256, exponent: __m256) -> __m256 {
    unsafe {
        let power = _mm256_slli_epi32::<23>(_mm256_castps_si256(exponent));
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power))
    }
}

/// Rows for columns within each half of four vectors.
#[inline(always)]
unsafe fn squares_of_four([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    unsafe {
        let [ab, cd] = [_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d)];
        let [ab_high, cd_high] = [_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d)];
        [
            _mm256_shuffle_ps::<0x44>(ab, cd),
            _mm256_shuffle_ps::<0xee>(ab, cd),
            _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
            _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
        ]
    }
}

/// The sum by halves, as [`Lanes::sum`] has it.
#[inline(always)]
unsafe fn sum_of_eight(x: __m256) -> f32 {
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<0b01>(two, two)))
    }
}
