//! Median and deviation: pure functions of numbers.

#[cfg(test)]
mod tests;

/// The middle and the spread of some runs.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) mean: f64,
    /// Median of the distances to the median, in percent of it.
    pub(crate) mad_percent: f64,
    /// Standard deviation of the sample, in percent of the mean.
    pub(crate) deviation_percent: f64,
}

impl Spread {
    /// `None` without values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let median = median(values)?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        let mad = self::median(&distances)?;
        Some(Self {
            median,
            mean,
            mad_percent: percent(mad, median),
            deviation_percent: percent(deviation(values, mean), mean),
        })
    }
}

/// The middle value, or the mean of the two middle ones.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted[sorted.len() / 2 - 1] + upper) / 2.0)
}

/// `None` without values; each must be above 0.
pub(crate) fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = values.map(f64::ln).collect();
    (!logarithms.is_empty()).then(|| (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}

/// Standard deviation of a sample (n − 1); 0 for a single value.
fn deviation(values: &[f64], mean: f64) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { 100.0 * part / whole }
}
