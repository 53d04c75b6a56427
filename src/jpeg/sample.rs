//! Down-sampling of chroma and the samples beyond the edge.
//!
//! A sample of the smaller plane is the mean of those it covers, which puts it midway between them, where JFIF has it
//! (ITU-T T.871 clause 8). The functions on rows are the specification of the kernels in `simd`: same order of
//! operations, none fused.

/// Halves a row: 2 samples to 1. `full` is twice as long as `half`.
pub(crate) fn h2v1(full: &[f32], half: &mut [f32]) {
    let (pairs, _) = full.as_chunks();
    for (&[left, right], half) in pairs.iter().zip(half) {
        *half = (left + right) * 0.5;
    }
}

/// Halves two rows to one: 4 samples to 1. `upper` and `lower` are twice as long as `half`.
pub(crate) fn h2v2(upper: &[f32], lower: &[f32], half: &mut [f32]) {
    let (upper, _) = upper.as_chunks();
    let (lower, _) = lower.as_chunks();
    for ((&[a, b], &[c, d]), half) in upper.iter().zip(lower).zip(half) {
        *half = ((a + c) + (b + d)) * 0.25;
    }
}

/// Repeats the last sample of the picture, `row[width - 1]`, to the end of the row: the padding that T.81 A.2.4
/// recommends. A width of 0 leaves the row as it is.
pub(crate) fn replicate_edge(row: &mut [f32], width: usize) {
    if let Some((&mut [.., last], padding)) = row.split_at_mut_checked(width) {
        padding.fill(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_what_a_sample_covers() {
        let mut half = [0.0; 2];
        h2v1(&[1.0, 2.0, -8.0, -9.0], &mut half);
        assert_eq!(half, [1.5, -8.5]);
        h2v2(&[1.0, 2.0, 0.0, 0.0], &[3.0, 4.0, 0.0, 1.0], &mut half);
        assert_eq!(half, [2.5, 0.25]);
    }

    #[test]
    fn the_last_sample_fills_the_padding() {
        let mut row = [1.0, 2.0, 0.0, 0.0];
        replicate_edge(&mut row, 2);
        assert_eq!(row, [1.0, 2.0, 2.0, 2.0]);
        replicate_edge(&mut row, 4);
        assert_eq!(row, [1.0, 2.0, 2.0, 2.0]);
    }
}
