//! How steeply a series rises: pure functions of numbers that a few wild values do not move.

/// More points than these are first joined to medians of neighbours.
const MOST_POINTS: usize = 1_000;

/// Theil and Sen's: the median of the slopes between any two points; 0 where there are less than two.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let points = thinned(points);
    let pairs = points.iter().enumerate().flat_map(|(at, &(x, y))| {
        let later = points.get(at + 1..).unwrap_or_default();
        later.iter().map(move |&(later_x, later_y)| (later_y - y) / (later_x - x))
    });
    median(pairs.filter(|slope| slope.is_finite()).collect()).unwrap_or(0.0)
}

/// The middle value, the upper one of two; `None` without values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let group = points.len().div_ceil(MOST_POINTS).max(1);
    let middle = |points: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| median(points.iter().map(of).collect());
    points
        .chunks(group)
        .filter_map(|part| Some((middle(part, |point| point.0)?, middle(part, |point| point.1)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{median, slope};

    fn line(points: usize, rise: f64) -> Vec<(f64, f64)> {
        (0..points).map(|x| (x as f64, 100.0 + rise * x as f64)).collect()
    }

    #[test]
    fn a_line_has_its_slope_however_many_its_points() {
        for points in [2, 3, 100, 1_000, 1_001, 7_000] {
            assert!((slope(&line(points, 0.25)) - 0.25).abs() < 1e-9, "{points}");
        }
        assert_eq!((slope(&[]), slope(&line(1, 1.0))), (0.0, 0.0));
    }

    #[test]
    fn a_quarter_of_wild_values_does_not_tilt_it() {
        let mut points = line(200, 0.0);
        points.iter_mut().skip(150).step_by(2).for_each(|point| point.1 = 1e9);
        assert_eq!(slope(&points), 0.0);
    }

    #[test]
    fn the_middle_value() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(3.0));
    }
}
