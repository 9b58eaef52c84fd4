//! `pulse bench`. No time is asserted, only that there is one.

use serde_json::Value;

use crate::program::Place;

#[test]
fn a_case_is_timed_and_counted() {
    let place = Place::new();
    let ran = place.run(&["bench", "dcgan-b1", "--runs", "1", "--threads", "1", "--json"]).ended_with(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["threads"], 1);
    let [case] = report["cases"].as_array().unwrap().as_slice() else { panic!("one case: {report}") };
    assert_eq!((&case["case"], &case["batch"], &case["runs"]), (&"dcgan-b1".into(), &1.into(), &1.into()));
    let number = |key: &str| case[key].as_f64().unwrap();
    assert!(number("median_seconds") >= number("least_seconds") && number("least_seconds") > 0.0, "{report}");
    assert!(number("gflop_per_second") > 0.0, "{report}");
    // z of 100, then 512, 256, 128, 64 and 3 channels by 4x4 kernels from 1, 4, 8, 16 and 32 pixels.
    let products = [(100 * 512, 1), (512 * 256, 4), (256 * 128, 8), (128 * 64, 16), (64 * 3, 32)];
    let products: u32 = products.iter().map(|(channels, size)| 16 * channels * size * size).sum();
    assert!((number("gflop") - 4.0 * f64::from(products) / 1e9).abs() < 1e-9, "{report}");
    if cfg!(target_os = "linux") {
        assert!(number("peak_bytes") > 0.0, "{report}");
    }
}

#[test]
fn several_cases_are_rows_of_one_table() {
    let ran = Place::new().run(&["bench", "dcgan-b8", "dcgan-b1", "--runs", "1"]).ended_with(0);
    let rows: Vec<_> = ran.out.lines().skip(2).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(rows, ["dcgan-b8", "dcgan-b1"], "{}", ran.out);
}

#[test]
fn an_unknown_case_is_answered_with_the_known_ones() {
    Place::new().run(&["bench", "biggan"]).failed_with(&["biggan", "dcgan-b1", "stylegan2-1024", "all"]);
    Place::new().run(&["bench", "--runs", "0"]).failed_with(&["--runs"]);
}
