//! The scale of ratios along a chart: from 0, or logarithmic where they lie far apart.

/// A ratio above this makes the axis logarithmic: all others would lie in its first quarter.
const FAR: f64 = 4.0;
/// Marks of a decade.
const DECADE: [f64; 3] = [1.0, 2.0, 5.0];
/// At most so many marks on a linear axis.
const MOST_MARKS: f64 = 7.0;

/// From left to right.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Axis {
    /// 0 at the left.
    Linear { top: f64 },
    /// Bars go left and right from 1.
    Logarithmic { bottom: f64, top: f64 },
}

impl Axis {
    /// One that all ratios, which are above 0, have room on.
    pub(super) fn of(ratios: impl Iterator<Item = f64> + Clone) -> Self {
        let most = ratios.clone().fold(1.0, f64::max);
        let least = ratios.fold(1.0, f64::min);
        if most <= FAR {
            let step = step(most);
            return Self::Linear { top: (most / step).ceil() * step };
        }
        let marks = decades();
        let bottom = marks.clone().rfind(|&mark| mark <= least).unwrap_or(least);
        Self::Logarithmic { bottom, top: marks.into_iter().find(|&mark| mark >= most).unwrap_or(most) }
    }

    /// The ratio that bars begin at.
    pub(super) fn start(self) -> f64 {
        match self {
            Self::Linear { .. } => 0.0,
            Self::Logarithmic { .. } => 1.0,
        }
    }

    /// 0 at the left end, 1 at the right.
    pub(super) fn place(self, ratio: f64) -> f64 {
        match self {
            Self::Linear { top } => ratio / top,
            Self::Logarithmic { bottom, top } => (ratio / bottom).ln() / (top / bottom).ln(),
        }
    }

    /// Where lines are drawn, 1 among them.
    pub(super) fn marks(self) -> Vec<f64> {
        match self {
            Self::Linear { top } => {
                let step = step(top);
                (0..=(top / step).round() as u32).map(|number| f64::from(number) * step).collect()
            }
            Self::Logarithmic { bottom, top } => decades().filter(|mark| (bottom..=top).contains(mark)).collect(),
        }
    }
}

/// 0.001, 0.002, 0.005, 0.01 and so on.
fn decades() -> impl DoubleEndedIterator<Item = f64> + Clone {
    (-3..=6).flat_map(|power| DECADE.map(|digit| (digit * 10f64.powi(power) * 1e6).round() / 1e6))
}

/// The step between marks: a half, one or two.
fn step(top: f64) -> f64 {
    [0.25, 0.5, 1.0].into_iter().find(|step| top / step <= MOST_MARKS).unwrap_or(2.0)
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn near_ratios_stand_on_a_linear_axis() {
        let axis = Axis::of([0.4, 1.3].into_iter());
        assert_eq!(axis, Axis::Linear { top: 1.5 });
        assert_eq!(axis.marks(), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]);
        assert_eq!((axis.start(), axis.place(0.75)), (0.0, 0.5));
    }

    #[test]
    fn far_ratios_stand_on_a_logarithmic_axis() {
        let axis = Axis::of([0.3, 30.0].into_iter());
        assert_eq!(axis, Axis::Logarithmic { bottom: 0.2, top: 50.0 });
        assert_eq!(axis.marks(), [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!((axis.place(0.2), axis.place(50.0)), (0.0, 1.0));
    }

    #[test]
    fn without_ratios_there_is_still_an_axis() {
        assert_eq!(Axis::of([].into_iter()), Axis::Linear { top: 1.0 });
    }
}
