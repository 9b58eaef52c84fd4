//! The page of a run.

use pulse::generator::Subject;
use pulse::image::Image;
use pulse::judge::Order;
use pulse::record::{MadeRecord, SteeringRecord};

use crate::run::Story;

/// The values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split_once('"')).map(|found| found.0).collect()
}

#[test]
fn every_candidate_is_on_the_page() {
    for count in [1, 3, 20] {
        let page = Story::new(count).page();
        let numbers: Vec<_> = attributes(&page, "data-number").into_iter().map(str::to_owned).collect();
        assert_eq!(numbers, (1..=count).map(|number| number.to_string()).collect::<Vec<_>>());
        for number in 1..=count {
            for alt in [format!("Candidate {number}"), format!("What candidate {number} shrinks to")] {
                assert!(attributes(&page, "alt").contains(&alt.as_str()), "{alt}");
            }
            assert!(attributes(&page, "href").contains(&format!("candidate-{number:02}.png").as_str()));
        }
        // The given picture, three a candidate, and two of what they agree on.
        assert_eq!(attributes(&page, "src").len(), 1 + 3 * count + if count > 1 { 2 } else { 0 });
    }
}

#[test]
fn it_loads_nothing() {
    let mut story = Story::new(3);
    story.original = Some(story.candidates[1].image.clone());
    let page = story.page();
    assert!(attributes(&page, "src").iter().all(|source| source.starts_with("data:image/png;base64,")));
    for place in attributes(&page, "href") {
        assert!(place.starts_with('#') || place.starts_with("candidate-"), "{place}");
    }
    let text = page.replace("data:image/png;base64,", "");
    for outside in
        ["http:", "https:", "//www", "url(", "@import", "<link", "<iframe", "fetch(", "import(", " style=", " onclick="]
    {
        assert!(!text.contains(outside), "{outside}");
    }
    let policy = attributes(&page, "content").into_iter().find(|content| content.contains("default-src")).unwrap();
    assert!(policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"));
    // Before anything that it is about.
    assert!(page.find("Content-Security-Policy").unwrap() < page.find("<style>").unwrap());
    assert_eq!((page.matches("<script>").count(), page.matches("</script>").count()), (1, 1));
    assert!(!page.contains("{{"));
}

#[test]
fn hostile_names_stay_text() {
    for name in [
        "<script>alert(1)</script>.png",
        "\"><img src=x onerror=alert(1)>.png",
        "' onmouseover='alert(1)",
        "</title><style>*{display:none}</style>",
        "{{style}}{{cards}}",
        "&lt;b&gt;\u{202e}gnp.exe\u{0}",
        "]]><!-- -->",
    ] {
        let mut story = Story::new(2);
        story.path = name.into();
        let page = story.page();
        assert_eq!(page.matches("<script>").count(), 1, "{name}");
        assert_eq!(page.matches("<style>").count(), 1, "{name}");
        assert!(!page.contains("<img src=x") && !page.contains("<!-- "), "{name}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'), "{name}");
        assert!(attributes(&page, "src").iter().all(|source| source.starts_with("data:")), "{name}");
        assert!(!name.contains('<') || page.contains("&lt;"), "{name}");
    }
}

#[test]
fn what_it_says_is_computed() {
    let mut story = Story::new(3);
    let page = story.page();
    assert!(
        page.contains("All but one of these 3 faces shrink to your picture to within 45 dB"),
        "the first was missed"
    );
    story.candidates.remove(0);
    for (candidate, by) in story.candidates.iter_mut().zip([0.1, -0.1]) {
        let stripe = |at: usize| 0.5 + by * if at.is_multiple_of(2) { 1.0 } else { -1.0 };
        candidate.image = Image::new(3, 64, 64, (0..3 * 64 * 64).map(stripe).collect()).unwrap();
    }
    let all: Vec<_> = story.candidates.iter().map(|candidate| candidate.image.clone()).collect();
    story.measure(&all);
    let page = story.page();
    assert!(page.contains("These 2 faces all shrink to your picture to within 21 dB"));
    assert!(page.contains("the two most different (2 and 3) are as far apart in detail as two random faces"));
    assert!(page.contains("people who do not exist"));

    story.subject = Subject::Pictures;
    let half: Vec<_> = all.iter().map(|image| image.values().iter().map(|x| 0.25 + 0.5 * x).collect()).collect();
    let half: Vec<_> = half.into_iter().map(|values| Image::new(3, 64, 64, values).unwrap()).collect();
    story.measure(&half);
    let page = story.page();
    assert!(page.contains("are 2.0 times as far apart in detail as two random pictures"));
    // The name of the file and of the generator apart, nothing says that these are faces.
    assert!(!page.replace("face.npy", "").replace("faces (DCGAN)", "").replace("generator faces", "").contains("face"));
}

#[test]
fn the_wanted_order_is_that_of_the_page() {
    let mut story = Story::new(3);
    story.order = Order::Consistency;
    let page = story.page();
    assert_eq!(attributes(&page, "data-number"), ["3", "2", "1"]);
    assert_eq!(attributes(&page, "data-first"), ["consistency"]);
    // The last two are only of runs that have them.
    for &order in &Order::ALL[..5] {
        assert!(attributes(&page, "value").contains(&order.name()), "{order}");
        assert_eq!(attributes(&page, &format!("data-{order}")).len(), 3, "{order}");
    }
    // Grey pictures have no sharpness.
    assert_eq!(attributes(&page, "data-sharpness"), ["", "", ""]);
}

#[test]
fn a_discriminator_is_on_the_page_where_there_is_one() {
    let mut story = Story::new(3);
    assert!(!story.page().contains("iscriminator"));
    story.logits = vec![Some(-1.25), None, Some(0.5)];
    story.order = Order::Discriminator;
    story.measure(&[]);
    let page = story.page();
    assert_eq!(attributes(&page, "data-number"), ["3", "1", "2"]);
    assert_eq!(attributes(&page, "data-discriminator"), ["-0.5", "1.25"]);
    assert!(attributes(&page, "value").contains(&"discriminator"));
    assert!(page.contains("<dt>Discriminator</dt><dd>-1.25</dd>") && page.contains("only differences mean anything"));
}

/// An original beside which the candidates are measured.
fn demonstration() -> Story {
    let mut story = Story::new(4);
    let ramp = (0..3 * 64 * 64).map(|at| 0.1 + 0.2 * (at % 64) as f32 / 64.0).collect();
    story.original = Some(Image::new(3, 64, 64, ramp).unwrap());
    story
}

#[test]
fn bicubic_mean_and_candidates_stand_beside_the_original_with_their_errors() {
    let story = demonstration();
    let (page, record) = (story.page(), story.record());
    let truth = record.summary.truth.unwrap();
    let original = story.original.as_ref().unwrap();
    let bicubic = story.target.resized(pulse::measurement::Kernel::Bicubic, original.size()).unwrap();
    assert!((truth.bicubic_error - bicubic.mean_squared_difference(original).sqrt()).abs() < 1e-9);
    let mean = Image::new(3, 64, 64, vec![0.15; 3 * 64 * 64]).unwrap();
    assert!((truth.mean_error.unwrap() - mean.mean_squared_difference(original).sqrt()).abs() < 1e-6);
    // Candidates are 0, 0.1, 0.2 and 0.3; their 90% interval is far wider than the ramp.
    assert_eq!(truth.coverage, Some(1.0));
    for (candidate, found) in record.candidates.iter().zip(&story.candidates) {
        let error = found.image.mean_squared_difference(original).sqrt();
        assert!((candidate.original_error.unwrap() - error).abs() < 1e-9);
        assert!(page.contains(&format!("<dt>From the original</dt><dd>{:.1} of 255</dd>", 255.0 * error)));
    }
    assert!(page.contains("Beside the original") && page.contains("hold 100 % of the original"), "no coverage");
    for name in ["Bicubic enlargement", "Mean of the candidates", "Candidate 3, the nearest"] {
        assert!(page.contains(&format!("{name}: ")), "{name}");
        assert!(page.contains(&format!("alt=\"Where the error of it is: {name}\"")), "no error map of {name}");
    }
    // One that cannot be compared is not compared.
    let mut story = demonstration();
    story.original = Some(Image::new(3, 32, 64, vec![0.5; 3 * 32 * 64]).unwrap());
    assert!(story.record().summary.truth.is_none() && !story.page().contains("Beside the original"));
    assert!(Story::new(4).record().summary.truth.is_none());
}

#[test]
fn the_fit_before_the_projection_and_its_size_are_on_page_in_json_and_in_csv() {
    let story = Story::new(2);
    let page = story.page();
    assert!(page.contains("<dt>Before projection</dt><dd>20.0 dB</dd>"));
    // 0.01 of the value range.
    assert!(page.contains("<dt>Projection moved</dt><dd>2.5 of 255</dd>") || page.contains("<dd>2.6 of 255</dd>"));
    assert_eq!(story.record().candidates[1].moved, Some(0.01));
    let table = story.file("candidates.csv");
    let mut lines = table.lines();
    let heads: Vec<_> = lines.next().unwrap().split(',').collect();
    let cells: Vec<_> = lines.nth(1).unwrap().split(',').collect();
    assert_eq!(heads.len(), cells.len());
    let cell = |name: &str| cells[heads.iter().position(|head| *head == name).unwrap()];
    assert_eq!(["number", "db", "searched_db", "moved"].map(cell), ["2", "21", "20", "0.01"]);
    assert_eq!(cell("image"), "candidate-02.png");
}

#[test]
fn a_steered_run_says_of_what_run_candidate_and_mask() {
    let mut story = Story::new(2);
    story.steering = Some(SteeringRecord {
        run: "out/<b>".into(),
        candidate: Some(3),
        keep: Some("mouth.png".into()),
        vary: None,
        toward: None,
        like: None,
        amount: None,
        run_inputs: None,
        files: Vec::new(),
    });
    let page = story.page();
    assert!(page.contains("<dt>Steered</dt><dd>steered: the region of mouth.png of candidate 3 kept</dd>"));
    assert!(page.contains("<dt>Steered from</dt><dd>the run in out/&lt;b&gt;</dd>"));
}

#[test]
fn command_date_measurement_and_noise_are_on_the_page() {
    let mut story = Story::new(2);
    let command = ["pulse", "upsample", "a b.png"].map(str::to_owned).to_vec();
    story.made = Some(MadeRecord { command, date: "2026-01-31T12:00:00Z".into() });
    let page = story.page();
    assert!(page.contains("<dt>Command</dt><dd>pulse upsample &#39;a b.png&#39;</dd>"));
    assert!(page.contains("<dt>Written</dt><dd>2026-01-31 12:00:00 UTC</dd>") && page.contains(" on 2026-01-31 with"));
    assert!(page.contains("<dt>Measurement</dt><dd>bicubic: ") && page.contains("<dt>Noise (sigma)</dt><dd>none</dd>"));
    for riddle in ["Its size", "Its pictures", "They shrink by"] {
        assert!(!page.contains(riddle), "{riddle}");
    }
    assert_eq!(story.record().made, story.made);
}

#[test]
fn the_colours_of_certainty_are_the_same_in_every_run() {
    for spread in [0.01, 0.2] {
        let mut story = Story::new(2);
        for (candidate, level) in story.candidates.iter_mut().zip([0.5 - spread, 0.5 + spread]) {
            candidate.image = Image::new(3, 64, 64, vec![level; 3 * 64 * 64]).unwrap();
        }
        story.measure(&[]);
        let page = story.page();
        assert!(page.contains("a standard deviation of 40 levels of 255 or more, in every report"), "{spread}");
    }
}

#[test]
fn a_candidate_is_enlarged_by_whole_pixels_and_can_be_looked_at_closer() {
    let page = Story::new(2).page();
    // 64 pixels in 256.
    assert!(page.contains("<img class=\"pixels whole\" data-picture=\"candidate 1\""));
    assert_eq!(page.matches(" width=\"256\" height=\"256\" alt=\"Candidate").count(), 2);
    assert_eq!(attributes(&page, "data-look"), ["candidate 1", "candidate 2"]);
    for id in ["shown", "against", "zoom", "flicker", "part-left", "part-top", "part-width", "part-height", "figures"] {
        assert!(attributes(&page, "id").contains(&id), "{id}");
    }
}
