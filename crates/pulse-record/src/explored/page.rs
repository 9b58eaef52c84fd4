//! `explore.html`: walks on one page that opens offline. Pictures are data, the script is allowed by its hash, and nothing is loaded.

use std::fmt::Write as _;

use super::walk::{HOW_TO_READ, MAGNIFIED, Walk, consistency_of};
use crate::Result;
use crate::image::{Provenance, encode_png};
use crate::record::MadeRecord;
use crate::report::page::{data_uri, definitions, escaped, filled, hash_source};
use crate::report::{STYLE, cards::LARGEST, reduced};
use pulse_core::image::Image;

const TEMPLATE: &str = include_str!("explore.html");
const SCRIPT: &str = include_str!("walk.js");

/// What is on the page.
pub(super) struct Page<'a> {
    pub(super) title: String,
    pub(super) walks: Vec<Walk<'a>>,
    pub(super) epsilon: f64,
    /// The report of the run, as a link from here, where there is one.
    pub(super) parent: Option<&'a str>,
    pub(super) run: &'a str,
    pub(super) generator: &'a str,
    pub(super) made: Option<&'a MadeRecord>,
    pub(super) provenance: &'a Provenance,
}

impl Page<'_> {
    pub(super) fn html(&self) -> Result<String> {
        let worst = self.walks.iter().map(Walk::worst_db).fold(f64::INFINITY, f64::min);
        let sections = self.walks.iter().enumerate().map(|(index, walk)| self.section(index + 1, walk));
        let parent = self.parent.map_or_else(String::new, |parent| {
            format!("<p><a href=\"{}\">The report of the run</a></p>", escaped(parent))
        });
        let program = format!("pulse {}", env!("CARGO_PKG_VERSION"));
        let settings = definitions(&[
            ("Run", Some(self.run.to_owned())),
            ("Generator", Some(self.generator.to_owned())),
            ("Command", self.made.map(MadeRecord::line)),
            ("Written", self.made.map(|made| made.date.replace('T', " ").replace('Z', " UTC"))),
            ("Program", Some(program.clone())),
        ]);
        let values = [
            ("style-hash", hash_source(STYLE)),
            ("script-hash", hash_source(SCRIPT)),
            ("style", STYLE.to_owned()),
            ("script", SCRIPT.to_owned()),
            ("title", escaped(&self.title)),
            ("statement", escaped(&consistency_of(worst, self.epsilon))),
            ("warning", escaped(HOW_TO_READ)),
            ("parent", parent),
            ("walks", sections.collect::<Result<String>>()?),
            ("settings", settings),
            ("footer", escaped(&format!("Made by {program}. All pictures here are synthetic."))),
        ];
        Ok(filled(TEMPLATE, &values))
    }

    fn section(&self, number: usize, walk: &Walk<'_>) -> Result<String> {
        let image = |picture: &Image, class: &str, alt: &str| -> Result<String> {
            let picture = reduced(picture, LARGEST / 2)?;
            let (width, height) = (picture.width(), picture.height());
            let data = data_uri(&encode_png(&picture, Some(self.provenance))?);
            Ok(format!(
                "<img class=\"{class}\" src=\"{data}\" width=\"{width}\" height=\"{height}\" alt=\"{}\">",
                escaped(alt)
            ))
        };
        let mut stops = String::new();
        for stop in &walk.stops {
            let alt = format!("{}, {}", walk.title, stop.heading);
            let _ = write!(
                stops,
                "<li{}>{}{}{}<strong>{}</strong><span class=\"quiet\">{}</span></li>",
                if stop.marked { " class=\"marked\"" } else { "" },
                image(&stop.frame.image, "whole-picture", &alt)?,
                image(&walk.zoomed(stop)?, "zoomed", &format!("{alt}: the part that changes most"))?,
                image(
                    &walk.difference(stop)?,
                    "difference",
                    &format!("{alt}: {MAGNIFIED:.0} times its difference from the candidate")
                )?,
                escaped(&stop.heading),
                escaped(&stop.lines.join(", ")),
            );
        }
        let (title, text) = (escaped(&walk.title), escaped(&walk.text));
        let [left, top, width, height] = [walk.part.left, walk.part.top, walk.part.width, walk.part.height];
        Ok(format!(
            "<section class=\"walk\" aria-labelledby=\"walk-{number}-heading\"><h2 id=\"walk-{number}-heading\">{title}</h2>\
             <p>{text} That part is {width} × {height} pixels at column {left}, row {top}.</p>\
             <div class=\"tools slider\" hidden><label for=\"walk-{number}\">{title}, from one end to the other</label>\
             <input type=\"range\" id=\"walk-{number}\" min=\"0\" max=\"{}\" step=\"1\"><output for=\"walk-{number}\"></output></div>\
             <div class=\"stage\"></div><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"All pictures, {title}\"><ol class=\"stops\">{stops}</ol></div></section>\n",
            walk.stops.len() - 1
        ))
    }
}
