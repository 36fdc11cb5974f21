//! Medians, percentiles and growth: the arithmetic of what was measured.

use std::time::Duration;

/// The value that so many hundredths of the values do not exceed; the values need no order. None of none.
pub fn percentile(values: &[f64], hundredth: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last * hundredth).div_ceil(100)).copied()
}

/// The value in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50)
}

/// A duration in milliseconds.
pub fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// How `y` grows with `x`: the exponent `e` of the line `y = c * x^e` that fits best, which is the slope of the least
/// squares through the logarithms. 0 is flat, 1 is proportional. None unless there are two points apart.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (logs.len() > 1 && spread > 0.0).then(|| together / spread)
}

#[cfg(test)]
mod tests {
    use super::{exponent, median, percentile};

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 0), Some(1.0));
        assert_eq!(percentile(&values, 99), Some(100.0));
        assert_eq!(percentile(&values, 100), Some(100.0));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn the_exponent_tells_flat_from_linear_from_square() {
        let grown = |e: f64| -> Vec<(f64, f64)> {
            [64.0_f64, 256.0, 2048.0].iter().map(|x| (*x, 3.0 * x.powf(e))).collect()
        };
        for e in [0.0, 0.5, 1.0, 2.0] {
            assert!((exponent(&grown(e)).expect("three points") - e).abs() < 1e-9);
        }
        assert_eq!(exponent(&[(64.0, 1.0)]), None);
        assert_eq!(exponent(&[(64.0, 1.0), (64.0, 2.0)]), None, "two measures of one size say nothing");
    }
}
