//! The part of the page in which one looks closer, and measures: it is there for those whose browser runs its script.

use super::Report;

/// How a picture is looked at, and what is measured.
const LOOKING: &str = "One picture, enlarged by whole pixels. Choose another one against it and let the two flicker, to see where they \
    differ. Drag over the picture, or type numbers, to measure a part of it in all candidates.";

const MEASURING: &str = "Mean of the part, in levels of 255, of the pictures on this page: over all candidates, in the least and in the \
    greatest of them (their numbers stand behind), and the standard deviation from candidate to candidate.";

/// Where colours stand for grey, the page's own pixels are not what was found.
const NO_FIGURES: &str =
    "Colours stand for grey on this page, so nothing is measured here: a report without --colormap does.";

impl Report<'_> {
    /// The section.
    pub(super) fn closer(&self) -> String {
        if self.candidates.is_empty() {
            return String::new();
        }
        let field = |id: &str, name: &str, least: usize| {
            format!(
                "<label for=\"part-{id}\">{name}</label><input type=\"number\" id=\"part-{id}\" min=\"{least}\" value=\"{least}\" step=\"1\">"
            )
        };
        let fields = [
            field("left", "Left", 0),
            field("top", "Top", 0),
            field("width", "Width", 1),
            field("height", "Height", 1),
        ];
        let figures = if self.colours.is_some() && self.target.channels() == 1 {
            format!("<p class=\"quiet\">{NO_FIGURES}</p>")
        } else {
            format!(
                "<p class=\"quiet\">{MEASURING}</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures of the part\"><table>\
                 <thead><tr><td></td><th scope=\"col\">mean</th><th scope=\"col\">least</th><th scope=\"col\">greatest</th>\
                 <th scope=\"col\">deviation</th><th scope=\"col\">given</th><th scope=\"col\">original</th></tr></thead>\
                 <tbody id=\"figures\"></tbody></table></div>"
            )
        };
        format!(
            "<section id=\"look\" aria-labelledby=\"look-heading\" hidden><h2 id=\"look-heading\">Look closer, and measure</h2>\
             <p>{LOOKING}</p><div class=\"tools\"><label for=\"shown\">Show</label><select id=\"shown\"></select>\
             <label for=\"against\">against</label><select id=\"against\"><option value=\"\">nothing</option></select>\
             <label for=\"zoom\">Zoom</label><select id=\"zoom\"></select>\
             <label class=\"check\"><input type=\"checkbox\" id=\"flicker\" disabled> Flicker</label></div>\
             <div class=\"closer\"><figure class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The enlarged picture\"><canvas id=\"canvas\" role=\"img\" aria-label=\"The picture\"></canvas>\
             <figcaption id=\"seen\"></figcaption></figure><div>\
             <fieldset><legend>Part that is measured, in pixels</legend>{}<button type=\"button\" id=\"whole\">The whole picture</button></fieldset>\
             {figures}</div></div></section>\n",
            fields.concat(),
        )
    }
}
