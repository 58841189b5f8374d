//! Figures from many measurements of one thing.

/// Measured times in nanoseconds, in ascending order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    /// Sorts what was measured.
    pub(crate) fn new(mut nanoseconds: Vec<u64>) -> Self {
        nanoseconds.sort_unstable();
        Self(nanoseconds)
    }

    /// All of these as one.
    pub(crate) fn merged<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::new(all.into_iter().flat_map(|times| times.0.iter().copied()).collect())
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The median, in microseconds.
    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    /// What 95 of 100 stay at or below, in microseconds.
    pub(crate) fn p95(&self) -> f64 {
        self.percentile(95)
    }

    /// Nearest rank.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        microseconds(*self.0.get(rank - 1).expect("something was measured"))
    }
}

#[allow(clippy::cast_precision_loss, reason = "no time here comes near 2^53 nanoseconds")]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values_by_nearest_rank() {
        let times = Times::new((1..=20).rev().map(|n| n * 1_000).collect());
        assert!((times.p50() - 10.0).abs() < 1e-9 && (times.p95() - 19.0).abs() < 1e-9);
        let one = Times::new(vec![7_000]);
        assert!((one.p50() - 7.0).abs() < 1e-9 && (one.p95() - 7.0).abs() < 1e-9);
    }
}
