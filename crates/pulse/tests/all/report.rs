//! The page of a run.

use pulse::generator::Subject;
use pulse::image::Image;
use pulse::judge::Order;

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
