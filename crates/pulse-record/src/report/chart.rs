//! Curves as SVG.

use std::fmt::Write as _;

use super::curves::Curves;

/// The picture's size, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// Where the axes stand.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 204.0;
const RIGHT: f64 = 628.0;
const TOP: f64 = 12.0;
/// How many lines of the grid there are at most.
const LINES: f64 = 5.0;

/// What a chart shows of each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The weighted sum of the losses, in powers of ten.
    Loss,
    /// The consistency in dB.
    Consistency,
}

/// The curves of all candidates, one line each; nothing where no step has a finite number. `name` is read aloud.
pub(super) fn chart(curves: &Curves, shown: Shown, name: &str) -> Option<String> {
    let height = |total: f64, db: f64| {
        let height = if shown == Shown::Loss { total.log10() } else { db };
        Some(height).filter(|height| height.is_finite())
    };
    let courses: Vec<Vec<(f64, f64)>> = curves
        .all()
        .iter()
        .map(|curve| curve.points().iter().filter_map(|p| Some((p.step as f64, height(p.total, p.db)?))).collect())
        .collect();
    let all = || courses.iter().flatten();
    let last = all().map(|point| point.0).reduce(f64::max)?;
    let (least, most) = (all().map(|p| p.1).reduce(f64::min)?, all().map(|p| p.1).reduce(f64::max)?);
    let spacing = spacing((most - least).max(1e-3));
    let (low, high) = ((least / spacing).floor() * spacing, (most / spacing).ceil() * spacing);
    let high = if high > low { high } else { low + spacing };
    let x = |step: f64| LEFT + (RIGHT - LEFT) * step / last.max(1.0);
    let y = |height: f64| BOTTOM - (BOTTOM - TOP) * (height - low) / (high - low);

    let mut svg = format!(r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">"#);
    for line in 0..=((high - low) / spacing).round() as usize {
        let height = low + line as f64 * spacing;
        let label = if shown == Shown::Loss { scientific(10f64.powf(height)) } else { format!("{height:.0}") };
        let (at, text) = (y(height), y(height) + 4.0);
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{LEFT} {at:.1}H{RIGHT}"/><text class="tick end" x="{}" y="{text:.1}">{label}</text>"#,
            LEFT - 6.0
        );
    }
    let _ = write!(svg, r#"<text class="tick" x="{LEFT}" y="{}">0</text>"#, BOTTOM + 16.0);
    let _ = write!(svg, r#"<text class="tick end" x="{RIGHT}" y="{}">step {last:.0}</text>"#, BOTTOM + 16.0);
    for course in courses.iter().filter(|course| !course.is_empty()) {
        let mut path = String::new();
        for (index, &(step, height)) in course.iter().enumerate() {
            let _ = write!(path, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, x(step), y(height));
        }
        let _ = write!(svg, r#"<path class="curve" d="{path}"/>"#);
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// A round distance between the lines of a grid over this range.
fn spacing(range: f64) -> f64 {
    let rough = range / LINES;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
    factor * power
}

fn scientific(value: f64) -> String {
    match value {
        1.0..1000.0 => format!("{value:.0}"),
        0.001..1.0 => {
            let digits = (1.0 - value.log10().floor()) as usize;
            format!("{value:.digits$}").trim_end_matches('0').to_owned()
        }
        _ => format!("{value:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulse_core::event::{SearchEvent, Step};

    #[test]
    fn labels_are_short() {
        for (value, label) in
            [(1e-4, "1e-4"), (0.001, "0.001"), (0.1, "0.1"), (0.316, "0.32"), (1.0, "1"), (31.6, "32"), (1e4, "1e4")]
        {
            assert_eq!(scientific(value), label);
        }
    }

    #[test]
    fn what_is_not_finite_leaves_no_mark() {
        let mut curves = Curves::default();
        assert_eq!(chart(&curves, Shown::Loss, "loss"), None);
        curves.event(&SearchEvent::Started { candidates: 2, steps: 3 });
        for (step, total, db) in [(0, f64::NAN, f64::NEG_INFINITY), (1, 1.0, 20.0), (2, 0.001, 50.0)] {
            let step = Step::new(0, step, total, db);
            curves.event(&SearchEvent::Step(step));
        }
        for shown in [Shown::Loss, Shown::Consistency] {
            let svg = chart(&curves, shown, "name").unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert_eq!(svg.matches(r#"class="curve""#).count(), 1);
        }
    }
}
