//! Help and the small commands.

use crate::program::Place;

#[test]
fn help_says_what_it_is_not() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["-h"], &["upsample", "--help"], &["up", "-h"]] {
        let help = place.run(arguments).ended_with(0).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("people who do not exist"), "{arguments:?}");
        assert!(help.contains("cannot tell you who was in the picture"), "{arguments:?}");
    }
    let version = place.run(&["--version"]).ended_with(0).out;
    assert_eq!(version, format!("pulse {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_shows_the_librarys_defaults() {
    let help = Place::new().run(&["up", "--help"]).ended_with(0).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let default = pulse::search::SearchConfig::default();
    let paper = pulse::search::SearchConfig::paper();
    let candidates = format!("[default: {}; paper: {}]", default.candidates, paper.candidates);
    assert!(help.contains(&candidates), "{candidates}");
    assert!(help.contains(&default.loss.to_string()));
    assert!(help.contains(&default.optimizer.to_string()));
}

#[test]
fn generators_are_described() {
    let place = Place::new();
    let all = place.run(&["info"]).ended_with(0).out;
    for word in ["faces", "DCGAN", "64x64 RGB", "[100]", "feature.0", "DigiFace-1M"] {
        assert!(all.contains(word), "{word}: {all}");
    }
    assert!(all.starts_with(&place.run(&["info", "faces"]).ended_with(0).out));
    assert!(all.contains(&place.run(&["info", "faces-flow"]).ended_with(0).out));
    place.run(&["info", "nobody"]).failed_with(&["nobody", "faces"]);
}

#[test]
fn the_engines_agree() {
    let out = Place::new().run(&["verify", "--points", "1"]).ended_with(0).out;
    assert!(out.contains("image") && out.contains("gradient of z"), "{out}");
}

#[test]
fn shells_and_manuals() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(place.run(&["completions", shell]).ended_with(0).out.contains("upsample"), "{shell}");
    }
    assert!(place.run(&["man"]).ended_with(0).out.contains(".TH pulse 1"));
    assert!(place.run(&["man", "upsample"]).ended_with(0).out.contains("pixelate"));
    place.run(&["man", "woman"]).failed_with(&["woman", "pulse --help"]);
}
