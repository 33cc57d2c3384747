//! Resident memory over time as SVG: a panel for each role, its children thin beside it.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::life::{Life, Lives};

type Area<'text> = DrawingArea<SVGBackend<'text>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const FAINT_INK: RGBColor = RGBColor(0x66, 0x66, 0x66);
const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
const OWN: RGBColor = RGBColor(0xC8, 0x1D, 0x25);
const CHILD: RGBColor = RGBColor(0x9F, 0xB8, 0xD0);

const WIDTH: i32 = 940;
const HEAD: i32 = 70;
const PANEL: i32 = 170;
const LEFT: i32 = 70;
const RIGHT: i32 = 20;
/// Of a panel, its name above and the marks below.
const ABOVE: i32 = 26;
const BELOW: i32 = 24;
/// At most so many marks on an axis.
const MOST_MARKS: f64 = 6.0;

/// The picture as SVG.
pub(crate) fn svg(lives: &Lives, title: &str, subtitle: &str) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
    let mut roles: Vec<&str> = lives.0.iter().map(|life| life.role.name).collect();
    roles.sort_unstable();
    roles.dedup();
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, (WIDTH as u32, (HEAD + roles.len() as i32 * PANEL) as u32));
    let area = area.into_drawing_area();
    area.fill(&WHITE)?;
    write(&area, title, (LEFT, 22), 20, &INK, HPos::Left)?;
    write(&area, subtitle, (LEFT, 46), 13, &FAINT_INK, HPos::Left)?;
    let seconds = lives.0.iter().flat_map(|life| &life.looks).map(|look| look.second).fold(1.0, f64::max);
    for (number, role) in (0..).zip(roles) {
        let all: Vec<&Life> = lives.0.iter().filter(|life| life.role.name == role).collect();
        draw_panel(&area, role, &all, seconds, HEAD + number * PANEL)?;
    }
    area.present()?;
    drop(area);
    Ok(text)
}

fn draw_panel(area: &Area<'_>, role: &str, all: &[&Life], seconds: f64, top: i32) -> Drawn {
    let (floor, ceiling) = (top + PANEL - BELOW, top + ABOVE);
    let kb = all.iter().flat_map(|life| &life.looks).map(|look| look.rss_kb).max().unwrap_or(1);
    let mib = kb as f64 / 1_024.0;
    let up = step(mib);
    let most = (mib / up).ceil() * up;
    let across = |second: f64| LEFT + (second / seconds * f64::from(WIDTH - LEFT - RIGHT)).round() as i32;
    let height = |mib: f64| floor - (mib / most * f64::from(floor - ceiling)).round() as i32;
    write(area, role, (LEFT, top + 12), 15, &INK, HPos::Left)?;
    for mark in (0..=(most / up).round() as u32).map(|number| f64::from(number) * up) {
        area.draw(&PathElement::new([(LEFT, height(mark)), (WIDTH - RIGHT, height(mark))], GRID.stroke_width(1)))?;
        write(area, &format!("{mark} MiB"), (LEFT - 6, height(mark)), 11, &FAINT_INK, HPos::Right)?;
    }
    let minutes = seconds / 60.0;
    let along = step(minutes);
    for mark in (0..=(minutes / along) as u32).map(|number| f64::from(number) * along) {
        let place = across(mark * 60.0);
        area.draw(&PathElement::new([(place, ceiling), (place, floor)], GRID.stroke_width(1)))?;
        write(area, &format!("{mark} min"), (place, floor + 11), 11, &FAINT_INK, HPos::Center)?;
    }
    // The children first: the process itself lies above them.
    for (is_child, colour, width) in [(true, CHILD, 1), (false, OWN, 2)] {
        for life in all.iter().filter(|life| life.is_child == is_child) {
            let place = |look: &crate::life::Look| (across(look.second), height(look.rss_kb as f64 / 1_024.0));
            let points: Vec<(i32, i32)> = life.looks.iter().map(place).collect();
            area.draw(&PathElement::new(points, colour.stroke_width(width)))?;
        }
    }
    Ok(())
}

/// The step between marks: 1, 2 or 5 of a power of ten.
fn step(top: f64) -> f64 {
    let steps = (-2..6).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    steps.into_iter().find(|step| top / step <= MOST_MARKS).unwrap_or(top)
}

fn write(area: &Area<'_>, words: &str, place: (i32, i32), size: i32, ink: &RGBColor, side: HPos) -> Drawn {
    let style = ("sans-serif", size).into_font().color(ink).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(words.to_owned(), place, style))
}

#[cfg(test)]
mod tests {
    use super::{step, svg};
    use crate::life::{Life, Lives, Look};
    use crate::stage::Role;

    #[test]
    fn every_role_has_a_panel() {
        let life = |name, is_child| {
            let look = |second: u32| Look { second: second.into(), rss_kb: 50_000, ..Look::default() };
            let role = Role { name, turn: None };
            Life { role, turn: 0, process: 1, born: 1, is_child, looks: (0..60).map(look).collect() }
        };
        let lives = Lives(vec![life("redis", false), life("redis", true), life("python", false)]);
        let text = svg(&lives, "a title", "a machine").expect("drawn in memory");
        for words in ["a title", "a machine", "redis", "python", "MiB", "min"] {
            assert!(text.contains(words), "{words}");
        }
        assert_eq!(text.matches("<polyline").count() - text.matches("#DDDDDD").count(), 3);
    }

    #[test]
    fn marks_are_round() {
        assert_eq!((step(60.0), step(61.0), step(0.5), step(30.0)), (10.0, 20.0, 0.1, 5.0));
    }
}
