//! A picture of ratios: a group of bars for each workload or program, a colour for each contender.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::contender::ContenderName::{self, Hakmem};
use crate::plot::axis::Axis;
use crate::plot::palette::{FAINT_INK, GRID, INK, STRIPE, colour};

type Area<'file> = DrawingArea<SVGBackend<'file>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

const BAR: i32 = 7;
const GAP: i32 = 12;
/// The name and our own ratio below it need so much.
const LEAST_GROUP: i32 = 34;
const EDGE: i32 = 20;
const NAMES: i32 = 140;
const BARS: i32 = 470;
const COLUMN: i32 = NAMES + BARS + EDGE;
/// More groups than these stand in two columns.
const ONE_COLUMN: usize = 12;
const HEAD: i32 = 66;
const LEGEND_ENTRY: i32 = 170;
const LEGEND_LINE: i32 = 20;
const MARKS: i32 = 24;
/// Wider than a mark's number.
const LEAST_BETWEEN_MARKS: i32 = 30;

/// The ratios of one workload or program.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) ratios: Vec<(ContenderName, f64)>,
}

/// What a picture shows.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) contenders: Vec<ContenderName>,
    pub(super) groups: Vec<Group>,
}

impl Chart {
    /// The picture as SVG.
    pub(super) fn svg(&self) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
        let mut text = String::new();
        let columns = if self.groups.len() > ONE_COLUMN { 2 } else { 1 };
        let rows = self.groups.len().div_ceil(columns);
        let width = EDGE + columns as i32 * COLUMN;
        let top = HEAD + self.legend_lines(width) * LEGEND_LINE + MARKS;
        let height = top + rows as i32 * self.group_height() + MARKS;
        let area = SVGBackend::with_string(&mut text, (width as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        write(&area, &self.title, (EDGE, 22), 20, &INK, HPos::Left)?;
        write(&area, &self.subtitle, (EDGE, 44), 13, &FAINT_INK, HPos::Left)?;
        self.draw_legend(&area, width)?;
        let ratios = self.groups.iter().flat_map(|group| group.ratios.iter().map(|(_, ratio)| *ratio));
        let axis = Axis::of(ratios);
        for (number, groups) in self.groups.chunks(rows.max(1)).enumerate() {
            self.draw_column(&area, axis, groups, (EDGE + number as i32 * COLUMN, top))?;
        }
        area.present()?;
        drop(area);
        Ok(text)
    }

    fn group_height(&self) -> i32 {
        (self.contenders.len() as i32 * BAR + GAP).max(LEAST_GROUP)
    }

    fn legend_lines(&self, width: i32) -> i32 {
        self.contenders.len().div_ceil(legend_entries(width) as usize) as i32
    }

    fn draw_legend(&self, area: &Area<'_>, width: i32) -> Drawn {
        let entries_a_line = legend_entries(width);
        for (number, &contender) in (0..).zip(&self.contenders) {
            let left = EDGE + number % entries_a_line * LEGEND_ENTRY;
            let middle = HEAD + number / entries_a_line * LEGEND_LINE;
            area.draw(&Rectangle::new([(left, middle - 6), (left + 12, middle + 6)], colour(contender).filled()))?;
            write(area, &contender.to_string(), (left + 18, middle), 13, &INK, HPos::Left)?;
        }
        Ok(())
    }

    fn draw_column(&self, area: &Area<'_>, axis: Axis, groups: &[Group], (left, top): (i32, i32)) -> Drawn {
        let (start, height) = (left + NAMES, self.group_height());
        let bottom = top + groups.len() as i32 * height;
        let across = |ratio: f64| start + (axis.place(ratio) * f64::from(BARS)).round() as i32;
        for number in (1..groups.len() as i32).step_by(2) {
            let stripe = top + number * height;
            area.draw(&Rectangle::new([(left, stripe), (start + BARS, stripe + height)], STRIPE.filled()))?;
        }
        draw_marks(area, axis, across, (top, bottom))?;
        for (number, group) in (0..).zip(groups) {
            let middle = top + number * height + height / 2;
            write(area, &group.name, (start - 8, middle - 8), 13, &INK, HPos::Right)?;
            let mut bar = middle - self.contenders.len() as i32 * BAR / 2;
            for &contender in &self.contenders {
                if let Some(&(_, ratio)) = group.ratios.iter().find(|(name, _)| *name == contender) {
                    if contender == Hakmem {
                        let words = format!("hakmem {ratio:.2}");
                        write(area, &words, (start - 8, middle + 8), 12, &colour(Hakmem), HPos::Right)?;
                    }
                    let ends = [(across(axis.start()), bar), (across(ratio), bar + BAR - 1)];
                    area.draw(&Rectangle::new(ends, colour(contender).filled()))?;
                }
                bar += BAR;
            }
        }
        let one = across(1.0);
        area.draw(&PathElement::new([(one, top), (one, bottom)], INK.stroke_width(1)))
    }
}

/// How many stand side by side.
fn legend_entries(width: i32) -> i32 {
    (width - EDGE) / LEGEND_ENTRY
}

/// The lines of an axis, with their numbers above and below.
fn draw_marks(area: &Area<'_>, axis: Axis, across: impl Fn(f64) -> i32, (top, bottom): (i32, i32)) -> Drawn {
    let mut last = i32::MIN / 2;
    for mark in axis.marks() {
        let place = across(mark);
        area.draw(&PathElement::new([(place, top), (place, bottom)], GRID.stroke_width(1)))?;
        if place - last < LEAST_BETWEEN_MARKS {
            continue;
        }
        last = place;
        for height in [top - 10, bottom + 12] {
            write(area, &format!("{mark}"), (place, height), 12, &FAINT_INK, HPos::Center)?;
        }
    }
    Ok(())
}

fn write(area: &Area<'_>, words: &str, place: (i32, i32), size: i32, ink: &RGBColor, side: HPos) -> Drawn {
    let style = ("sans-serif", size).into_font().color(ink).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(words.to_owned(), place, style))
}
