//! Help that is wrapped once: as wide as the terminal.

/// A text that is written in lines, with each paragraph in one line, so that only the terminal breaks it. Lines that are indented
/// are tables and examples, and stay; and so does the line above them.
pub(crate) fn paragraphs(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let stands_alone = line.is_empty() || line.starts_with(' ') || line.ends_with(':');
        match lines.last_mut() {
            // A heading ends the paragraph that it stands in.
            Some(last) if open && !line.is_empty() && !line.starts_with(' ') => {
                last.push(' ');
                last.push_str(line);
                open = !line.ends_with(':');
            }
            _ => {
                lines.push(line.to_owned());
                open = !stands_alone;
            }
        }
    }
    lines.join("\n")
}

/// A manual page in which indented lines stay lines: without filling, and without hyphens.
pub(crate) fn with_examples_kept(roff: &str) -> String {
    let mut page = String::with_capacity(roff.len() + 64);
    let mut kept = false;
    for line in roff.lines() {
        let is_indented = line.starts_with("  ");
        if is_indented != kept {
            page += if is_indented { ".nf\n" } else { ".fi\n" };
            kept = is_indented;
        }
        page += line;
        page.push('\n');
    }
    if kept { page + ".fi\n" } else { page }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_one_line_and_examples_stay() {
        let text = "They leave behind, in\na folder:\n  a.png   the\n  b.png   other\n\nOne\ntwo.\n\nExamples:\n  pulse a\n  pulse b\n\nEnd:\nit";
        let expected = "They leave behind, in a folder:\n  a.png   the\n  b.png   other\n\nOne two.\n\nExamples:\n  pulse a\n  pulse b\n\nEnd:\nit";
        assert_eq!(paragraphs(text), expected);
    }

    #[test]
    fn examples_of_a_manual_page_are_not_filled() {
        assert_eq!(
            with_examples_kept(".SH E\nExamples:\n  a\n  b\nend\n  c"),
            ".SH E\nExamples:\n.nf\n  a\n  b\n.fi\nend\n.nf\n  c\n.fi\n"
        );
    }
}
