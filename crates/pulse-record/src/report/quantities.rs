//! Quantities on the page: a sentence and a picture for each.

use std::fmt::Write as _;

use super::page::escaped;
use crate::record::QuantityRecord;

/// The picture's size, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
/// Where the axis stands.
const LEFT: f64 = 20.0;
const RIGHT: f64 = 620.0;
const BASE: f64 = 116.0;
/// The highest bar.
const BARS: f64 = 84.0;
/// How many bars the random pictures make.
const BINS: usize = 16;

/// The section; empty without quantities.
pub(super) fn section(quantities: &[QuantityRecord]) -> String {
    if quantities.is_empty() {
        return String::new();
    }
    let mut section = String::from(
        "<section aria-labelledby=\"quantities-heading\"><h2 id=\"quantities-heading\">What is read off them</h2>\
         <p>Bars: random pictures of this generator, which have not seen your picture. Marks: the candidates, with the interval that \
         should hold nine of ten. Where both lie alike, your picture says nothing that the generator did not assume.</p>\
         <div class=\"charts\">",
    );
    for quantity in quantities {
        let _ = write!(
            section,
            "<figure>{}<figcaption>{}.</figcaption></figure>",
            chart(quantity).unwrap_or_default(),
            escaped(&quantity.to_string())
        );
    }
    section + "</div></section>\n"
}

/// The random pictures as bars, the candidates as marks above them.
fn chart(quantity: &QuantityRecord) -> Option<String> {
    let found = || quantity.candidates.iter().copied().flatten();
    let interval = quantity.found.iter().flat_map(|found| found.interval);
    let all = || found().chain(quantity.random.iter().copied()).chain(quantity.original);
    let all = || all().chain(interval.clone()).filter(|value| value.is_finite());
    let (low, high) = (all().reduce(f64::min)?, all().reduce(f64::max)?);
    let wide = if high > low { high - low } else { 1.0 };
    let x = |value: f64| LEFT + (RIGHT - LEFT) * (value - low) / wide;

    let name = escaped(&quantity.to_string());
    let mut svg = format!(r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">"#);
    let mut bins = [0usize; BINS];
    for value in &quantity.random {
        bins[(((value - low) / wide * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let most = bins.iter().max().copied().unwrap_or(1).max(1);
    let step = (RIGHT - LEFT) / BINS as f64;
    for (place, count) in bins.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let height = BARS * count as f64 / most as f64;
        let (left, top) = (LEFT + place as f64 * step, BASE - height);
        let _ = write!(svg, r#"<path class="bar" d="M{left:.1} {BASE}V{top:.1}h{:.1}V{BASE}z"/>"#, step - 1.0);
    }
    let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {BASE}H{RIGHT}"/>"#);
    if let Some([from, to]) = quantity.found.map(|found| found.interval.map(x)) {
        let _ = write!(svg, r#"<path class="interval" d="M{from:.1} 14H{to:.1}M{from:.1} 9v10M{to:.1} 9v10"/>"#);
    }
    for value in found() {
        let _ = write!(svg, r#"<circle class="mark" cx="{:.1}" cy="14" r="4.5"/>"#, x(value));
    }
    if let Some(original) = quantity.original {
        let at = x(original);
        let _ = write!(
            svg,
            r#"<path class="original" d="M{at:.1} 5V{BASE}"/><text class="tick middle" x="{at:.1}" y="{}">original</text>"#,
            BASE + 30.0
        );
    }
    let digits = if wide < 3.0 { 2 } else { usize::from(wide < 30.0) };
    let ticks = [(low, "", LEFT), (f64::midpoint(low, high), " middle", WIDTH / 2.0), (high, " end", RIGHT)];
    for (value, class, at) in ticks {
        let _ = write!(svg, r#"<text class="tick{class}" x="{at}" y="{}">{value:.digits$}</text>"#, BASE + 16.0);
    }
    svg.push_str("</svg>");
    Some(svg)
}
