//! Which buffers may share memory.

/// A buffer that is needed from one step to another, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    /// Floats.
    pub(crate) len: usize,
    /// The first step that writes it.
    pub(crate) from: usize,
    /// The last step that reads it.
    pub(crate) until: usize,
}

/// Where a buffer was put.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// Its first float in the shared memory.
    pub(crate) start: usize,
    /// Whether another buffer has some of the same memory at another time.
    pub(crate) shared: bool,
}

/// Puts the buffers into as little memory as a greedy search finds: the largest first, each at the lowest
/// place that is free while it lives. Gives the places and the total.
pub(crate) fn place(buffers: &[Buffer]) -> (Vec<Place>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(buffers[i].len));
    let mut places = vec![Place::default(); buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut total = 0;
    for &i in &order {
        let buffer = buffers[i];
        let mut start = 0;
        // `placed` is sorted by start, so the first gap that is wide enough is the lowest.
        for &other in &placed {
            let (begin, end) = (places[other].start, places[other].start + buffers[other].len);
            let together = buffers[other].from <= buffer.until && buffer.from <= buffers[other].until;
            if together && begin < start + buffer.len && start < end {
                start = end;
            }
        }
        places[i].start = start;
        total = total.max(start + buffer.len);
        let position = placed.partition_point(|&other| places[other].start <= start);
        placed.insert(position, i);
    }
    for i in 0..buffers.len() {
        let range = |k: usize| places[k].start..places[k].start + buffers[k].len;
        places[i].shared =
            (0..buffers.len()).any(|k| k != i && range(k).start < range(i).end && range(i).start < range(k).end);
    }
    (places, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_live_together_never_overlap() {
        let mut state = 1u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let buffers: Vec<_> = (0..60)
            .map(|_| {
                let from = random(40);
                Buffer { len: 16 * (1 + random(50)), from, until: from + random(12) }
            })
            .collect();
        let (places, total) = place(&buffers);
        for (i, a) in buffers.iter().enumerate() {
            assert!(places[i].start + a.len <= total);
            for (k, b) in buffers.iter().enumerate().take(i) {
                let together = a.from <= b.until && b.from <= a.until;
                let overlap = places[i].start < places[k].start + b.len && places[k].start < places[i].start + a.len;
                assert!(!(together && overlap));
                assert!(!overlap || (places[i].shared && places[k].shared));
            }
        }
        assert!(total < buffers.iter().map(|buffer| buffer.len).sum());
    }
}
