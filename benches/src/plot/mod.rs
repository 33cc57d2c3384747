//! The figures as pictures: time and peak memory of every contender beside one of them, as SVG.

mod axis;
mod chart;
mod palette;

use crate::contender::ContenderName::{self, Glibc, Mimalloc3};
use crate::grid::{Cell, Grid};
use crate::plot::chart::{Chart, Group};

/// A picture, and what its file is called behind the name of the run.
pub(crate) struct Picture {
    pub(crate) extension: &'static str,
    pub(crate) svg: String,
}

/// Time and peak memory; none where there is nobody to compare with.
pub(crate) fn pictures(grid: &Grid, subtitle: &str) -> Result<Vec<Picture>, String> {
    let Some(reference) = [Glibc, Mimalloc3].into_iter().find(|name| grid.contenders().contains(name)) else {
        return Ok(Vec::new());
    };
    let time = |cell: &Cell| cell.subject.is_timed().then(|| cell.time());
    let peak = |cell: &Cell| Some(cell.peak_kb());
    let charts = [
        (
            "time.svg",
            chart(grid, reference, &format!("Time beside that of {reference} (1): shorter is faster"), subtitle, time),
        ),
        (
            "peak.svg",
            chart(
                grid,
                reference,
                &format!("Peak memory beside that of {reference} (1): shorter is leaner"),
                subtitle,
                peak,
            ),
        ),
    ];
    let drawn = charts.into_iter().filter(|(_, chart)| !chart.groups.is_empty()).map(|(extension, chart)| {
        let svg = chart.svg().map_err(|error| format!("{extension}: {error}"))?;
        Ok(Picture { extension, svg })
    });
    drawn.collect()
}

fn chart(
    grid: &Grid,
    reference: ContenderName,
    title: &str,
    subtitle: &str,
    number: impl Fn(&Cell) -> Option<f64>,
) -> Chart {
    let mut contenders = grid.contenders();
    contenders.retain(|&contender| contender != reference);
    let group = |subject| {
        let one = number(grid.cell(subject, reference)?)?;
        let others = grid.row(subject).filter(|cell| cell.contender != reference);
        let ratios: Vec<_> = others.filter_map(|cell| Some((cell.contender, number(cell)? / one))).collect();
        (!ratios.is_empty()).then(|| Group { name: format!("{subject}"), ratios })
    };
    let groups = grid.subjects().into_iter().filter_map(group).collect();
    Chart { title: title.into(), subtitle: subtitle.into(), contenders, groups }
}

#[cfg(test)]
mod tests {
    use super::pictures;
    use crate::contender::ContenderName::{self, Glibc, Hakmem, Tbb};
    use crate::grid::{Cell, Grid};
    use crate::sample::Sample;
    use crate::workload::Workload;

    fn cell(workload: Workload, contender: ContenderName, wall_ns: u64) -> Cell {
        let samples = vec![Sample { steps: 1, wall_ns, peak_kb: 1_000, ..Sample::default() }];
        Cell { subject: workload.into(), contender, samples, failure: None, took_long: false }
    }

    #[test]
    fn what_is_timed_has_a_group_in_both_pictures_and_the_rest_in_one() {
        let cells = vec![
            cell(Workload::Pair, Glibc, 100),
            cell(Workload::Pair, Hakmem, 50),
            cell(Workload::Pair, Tbb, 2_000),
            cell(Workload::Nothing, Glibc, 1),
            cell(Workload::Nothing, Hakmem, 1),
        ];
        let pictures = pictures(&Grid { cells, ..Grid::default() }, "a machine").expect("drawn in memory");
        let [time, peak] = &pictures[..] else { panic!("two pictures") };
        assert_eq!((time.extension, peak.extension), ("time.svg", "peak.svg"));
        for words in ["pair", "hakmem 0.50", "tbb", "a machine"] {
            assert!(time.svg.contains(words), "{words}");
        }
        assert!(!time.svg.contains("nothing") && peak.svg.contains("nothing"));
    }

    #[test]
    fn without_anybody_to_compare_with_there_is_no_picture() {
        let alone = |contender| Grid { cells: vec![cell(Workload::Pair, contender, 1)], ..Grid::default() };
        assert!(pictures(&alone(Hakmem), "").expect("nothing is drawn").is_empty());
        assert!(pictures(&alone(Glibc), "").expect("nothing is drawn").is_empty());
    }
}
