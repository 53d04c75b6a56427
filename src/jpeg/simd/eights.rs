//! Tokens of coefficients, eight positions at a time: there are so few ways for some of those to be zero that a table
//! knows for each where the others go, and the runs between them.

use std::arch::x86_64::*;

use crate::jpeg::entropy::token::{MAX_SIZE, Room, SlotKind, Token};

/// Positions that are looked at together.
const EIGHT: usize = 8;
/// Where the last of them begin.
const LAST: u32 = 56;

/// What is known of eight things by which of them are wanted.
#[derive(Clone, Copy)]
struct Choice {
    /// For each byte of those that are wanted, one after the other, where it comes from; a zero for those behind them.
    from: [u8; 2 * EIGHT],
    /// Words with how many are left out before each, at the place of the zeros in a symbol.
    zeros: [u8; 2 * EIGHT],
}

/// By the bits of those that are wanted.
static CHOICES: [Choice; 1 << EIGHT] = {
    let mut choices = [Choice { from: [0x80; 2 * EIGHT], zeros: [0; 2 * EIGHT] }; 1 << EIGHT];
    let mut bits = 0;
    while bits < 1 << EIGHT {
        let (mut count, mut next, mut i) = (0, 0, 0);
        while i < EIGHT {
            if bits >> i & 1 == 1 {
                choices[bits].from[2 * count] = 2 * i as u8;
                choices[bits].from[2 * count + 1] = 2 * i as u8 + 1;
                choices[bits].zeros[2 * count] = ((i - next) << 4) as u8;
                (count, next) = (count + 1, i + 1);
            }
            i += 1;
        }
        bits += 1;
    }
    choices
};

/// Puts the tokens of the coefficients in `new`, which are some, at the precision `low` into `room` from `at` on, where
/// no run is over 15; the first is counted from the position `next` on. Returns where they end; `None` where one is too
/// large for one token.
///
/// `values` gives eight values for a position and the bits of those that are wanted from there on, with the bits that
/// they have among the eight.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn first<'a>(
    values: impl Fn(u32, u64) -> (&'a [i16; EIGHT], u64),
    new: u64,
    low: u32,
    mut next: u32,
    room: &mut Room,
    mut at: usize,
) -> Option<usize> {
    const { assert!(MAX_SIZE == 8 && SlotKind::Ac.extra_at() == 8) };
    // Of a magnitude of up to 8 bits: the size of its lower half, and that of both if the upper one is not zero.
    let sizes_of_lower = _mm_setr_epi8(0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4);
    let sizes_of_upper = _mm_setr_epi8(0, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8);
    let ones_of_size = _mm_setr_epi8(0, 1, 3, 7, 15, 31, 63, 127, -1, 0, 0, 0, 0, 0, 0, 0);
    let (half, not_a_byte) = (_mm_set1_epi16(0x0F), _mm_set1_epi16(!0xFF));
    let low = _mm_cvtsi32_si128(low.cast_signed());
    let mut rest = new;
    loop {
        let position = rest.trailing_zeros().min(LAST);
        let wanted = rest >> position & 0xFF;
        let (values, chosen) = values(position, wanted);
        let from = load_bytes(&CHOICES[chosen as usize % CHOICES.len()].from);
        let zeros = load_bytes(&CHOICES[wanted as usize % CHOICES.len()].zeros);
        let values = _mm_shuffle_epi8(load_words(values), from);
        // The point transform of AC divides and drops the fraction: a shift of the magnitude (T.81 G.1.2.2).
        let magnitudes = _mm_srl_epi16(_mm_abs_epi16(values), low);
        if _mm_testz_si128(magnitudes, not_a_byte) == 0 {
            return None;
        }
        let upper = _mm_and_si128(_mm_srli_epi16::<4>(magnitudes), half);
        let sizes = _mm_shuffle_epi8(sizes_of_lower, _mm_and_si128(magnitudes, half));
        let sizes = _mm_max_epu8(sizes, _mm_shuffle_epi8(sizes_of_upper, upper));
        let bits = _mm_xor_si128(magnitudes, _mm_srai_epi16::<15>(values));
        let extra = _mm_slli_epi16::<8>(_mm_and_si128(bits, _mm_shuffle_epi8(ones_of_size, sizes)));
        // Before the first there are zeros from the last on.
        let before = _mm_cvtsi32_si128((position.wrapping_sub(next) << 4 & 0xFFFF).cast_signed());
        let symbols = _mm_add_epi16(_mm_add_epi16(zeros, before), sizes);
        store(_mm_or_si128(extra, symbols), &mut room[at..]);
        at += wanted.count_ones() as usize;
        rest &= !(0xFF << position);
        if rest == 0 {
            return Some(at);
        }
        next = position + u64::BITS - wanted.leading_zeros();
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn load_words(from: &[i16; EIGHT]) -> __m128i {
    // SAFETY: the array has the 16 bytes that are read; no alignment is asked for.
    unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn load_bytes(from: &[u8; 2 * EIGHT]) -> __m128i {
    // SAFETY: the array has the 16 bytes that are read; no alignment is asked for.
    unsafe { _mm_loadu_si128(from.as_ptr().cast()) }
}

/// Puts eight where there is room for more.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn store(tokens: __m128i, room: &mut [Token]) {
    let (eights, _) = room.as_chunks_mut::<EIGHT>();
    // SAFETY: the array has the 16 bytes that are written; no alignment is asked for.
    unsafe { _mm_storeu_si128(eights[0].as_mut_ptr().cast(), tokens) }
}
