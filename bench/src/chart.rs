//! Cost against the number of enrolled users, both logarithmic, as an SVG that reads on light and dark pages.
use crate::bars::{figure, grouped_count};
use crate::measures::Measured;
use crate::module::{End, Module};
use std::fmt::{self, Write as _};

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 250.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;
/// Readable on white and on black.
const GREY: &str = "#808080";

/// Draws what a login that is let in costs.
pub(crate) fn draw(measured: &Measured) -> String {
    let mut svg = String::new();
    // Writing to a String cannot fail.
    let _ = Chart::of(measured).draw(&mut svg);
    svg
}

struct Line {
    module: Module,
    /// Enrolled users and microseconds, as powers of ten.
    points: Vec<(f64, f64)>,
    last: f64,
}

struct Chart {
    lines: Vec<Line>,
    sizes: Vec<(f64, String)>,
    lowest: i32,
    highest: i32,
}

impl Chart {
    fn of(measured: &Measured) -> Self {
        let sizes: Vec<_> = measured.sizes.iter().map(|size| (power(*size), grouped_count(*size))).collect();
        let line = |module| {
            let cost = |size: &u64| Some((power(*size), measured.cost(module, *size, End::In)?.0.max(1.0)));
            let costs: Vec<_> = measured.sizes.iter().filter_map(cost).collect();
            let last = costs.last().map_or(1.0, |(_, cost)| *cost);
            Line { module, points: costs.into_iter().map(|(size, cost)| (size, cost.log10())).collect(), last }
        };
        let lines: Vec<_> = Module::ALL.into_iter().skip(1).map(line).collect();
        let powers = || lines.iter().flat_map(|line| line.points.iter().map(|(_, cost)| *cost));
        let (lowest, highest) = (powers().fold(f64::MAX, f64::min), powers().fold(f64::MIN, f64::max));
        Self { lowest: whole(lowest.floor()), highest: whole(highest.ceil()), lines, sizes }
    }

    fn x(&self, power: f64) -> f64 {
        let (first, last) = (self.sizes.first(), self.sizes.last());
        let (first, last) = (first.map_or(0.0, |size| size.0), last.map_or(1.0, |size| size.0));
        LEFT + (power - first) / (last - first).max(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, power: f64) -> f64 {
        let span = f64::from(self.highest - self.lowest).max(1.0);
        HEIGHT - BOTTOM - (power - f64::from(self.lowest)) / span * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, out: &mut String) -> fmt::Result {
        write!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" "#)?;
        writeln!(out, r#"font-family="sans-serif" font-size="12" fill="{GREY}">"#)?;
        writeln!(out, "<title>Cost of a login by number of enrolled users</title>")?;
        writeln!(
            out,
            r#"<text x="{LEFT}" y="22" font-size="14">Microseconds a login costs above pam_permit (median)</text>"#
        )?;
        self.grid(out)?;
        // Labels stand at the right, and keep their distance from each other.
        let mut ends: Vec<_> =
            self.lines.iter().filter_map(|line| Some((self.y(line.points.last()?.1), line))).collect();
        ends.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut free = TOP;
        for (y, line) in ends {
            let label = y.max(free);
            free = label + 18.0;
            self.line(out, line, label)?;
        }
        writeln!(out, "</svg>")
    }

    fn grid(&self, out: &mut String) -> fmt::Result {
        for power in self.lowest..=self.highest {
            let (y, right) = (self.y(f64::from(power)), WIDTH - RIGHT);
            writeln!(out, r#"<path d="M{LEFT} {y:.1}H{right}" stroke="{GREY}" stroke-opacity="0.35"/>"#)?;
            let text = figure(10f64.powi(power));
            writeln!(out, r#"<text x="{}" y="{:.1}" text-anchor="end">{text}</text>"#, LEFT - 8.0, y + 4.0)?;
        }
        let bottom = HEIGHT - BOTTOM;
        for (power, text) in &self.sizes {
            writeln!(
                out,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{text}</text>"#,
                self.x(*power),
                bottom + 20.0
            )?;
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        writeln!(out, r#"<text x="{middle}" y="{}" text-anchor="middle">enrolled users</text>"#, bottom + 40.0)
    }

    fn line(&self, out: &mut String, line: &Line, label: f64) -> fmt::Result {
        let colour = match line.module {
            Module::Permit | Module::Floor => GREY,
            Module::Google => "#c77d0a",
            Module::Oath => "#c2504d",
            Module::Countersign => "#2f86d1",
        };
        let width = if line.module == Module::Countersign { 3.0 } else { 2.0 };
        let places: Vec<_> = line.points.iter().map(|(size, cost)| (self.x(*size), self.y(*cost))).collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        writeln!(out, r#"<path d="M{}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#, path.join("L"))?;
        for (x, y) in &places {
            writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#)?;
        }
        let (name, last, x) = (line.module.name(), figure(line.last), WIDTH - RIGHT + 12.0);
        writeln!(out, r#"<text x="{x}" y="{:.1}" fill="{colour}">{name} {last} µs</text>"#, label + 4.0)
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of users stays far below 2^53")]
fn power(count: u64) -> f64 {
    (count as f64).log10()
}

#[allow(clippy::cast_possible_truncation, reason = "a whole power of ten of a time")]
fn whole(number: f64) -> i32 {
    number as i32
}
