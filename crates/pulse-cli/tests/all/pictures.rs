//! Pictures and folders of pictures as people have them.

use std::path::Path;

use pulse::image::{Image, Kernel, Raster, Reader, Rectangle, Size, encode_png};

use crate::folder::{QUICK, pictures};
use crate::program::{Place, Ran};

/// Copies small files that were reported to be stumbled over.
fn cases(place: &Place, names: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pulse/tests/fixtures/cases");
    for name in names {
        std::fs::copy(folder.join(name), place.path(name)).unwrap();
    }
}

/// A quick search for these, with more arguments.
fn run(place: &Place, inputs: &[&str], more: &[&str]) -> Ran {
    let arguments: Vec<_> = std::iter::once("up").chain(inputs.iter().copied()).chain(["--progress", "none"]).collect();
    place.run(&arguments.into_iter().chain(QUICK).chain(more.iter().copied()).collect::<Vec<_>>())
}

fn csv(place: &Place) -> Vec<u8> {
    std::fs::read(place.path("pulse-out/summary.csv")).unwrap()
}

#[test]
fn a_colour_profile_is_honoured_and_one_line_says_so() {
    let place = Place::new();
    cases(&place, &["display_p3.png", "same_in_srgb.png"]);
    let ran = run(&place, &["display_p3.png"], &[]);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("its colours are P3") && ran.err.contains("converted to sRGB"), "{}", ran.err);
    let (target, expected) =
        (place.read_picture("pulse-out/display_p3/target.png"), place.read_picture("same_in_srgb.png"));
    assert!(255.0 * target.mean_squared_difference(&expected).sqrt() < 0.6);
}

#[test]
fn candidates_of_a_grey_picture_are_grey_to_the_bit() {
    for name in ["grey8.png", "grey8_as_rgb.png"] {
        let place = Place::new();
        cases(&place, &[name]);
        let ran = run(&place, &[name], &[]);
        assert!(ran.err.contains("it is grey, so every candidate is; --measurement gray,bicubic"), "{}", ran.err);
        let stem = name.trim_end_matches(".png");
        let candidate = place.read_picture(&format!("pulse-out/{stem}/candidate-01.png"));
        assert!(candidate.is_grey_in_colour(), "the candidate of {name}");
    }
    // A picture in colour is none.
    let place = Place::new();
    place.picture("small.png", 3, 16, 16);
    run(&place, &["small.png"], &[]).ended_with(0);
    assert!(!place.read_picture("pulse-out/small/candidate-01.png").is_grey_in_colour());
}

#[test]
fn a_toned_picture_gets_a_hint() {
    let place = Place::new();
    let grey = place.read_picture(place.picture("grey.png", 1, 16, 16).to_str().unwrap());
    let tone = |value: f32| [1.0, 0.85, 0.65].map(|share| share * value);
    let values: Vec<f32> =
        (0..3).flat_map(|channel| grey.values().iter().map(move |&value| tone(value)[channel])).collect();
    let sepia = Image::new(3, 16, 16, values).unwrap();
    place.write("sepia.png", &encode_png(&sepia, None).unwrap());
    let ran = run(&place, &["sepia.png"], &[]);
    assert!(ran.err.contains("grey and toned") && ran.err.contains("--measurement gray,bicubic"), "{}", ran.err);
}

#[test]
fn what_is_transparent_in_a_small_picture_is_unknown() {
    let place = Place::new();
    cases(&place, &["transparent_hole.png"]);
    let ran = run(&place, &["transparent_hole.png"], &[]);
    assert!(ran.err.contains("of its pixels are transparent") && ran.err.contains("unknown"), "{}", ran.err);
    assert!(!ran.err.contains("every candidate is it"), "{}", ran.err);
    let record = place.record("pulse-out/transparent_hole");
    assert_eq!(
        (&record["measurement"], &record["files"]["known"]),
        (&"bicubic,mask:known.png".into(), &"known.png".into())
    );
    // Something is imagined in the hole.
    let (raster, candidate) = (
        Raster::read("p", &std::fs::read(place.path("transparent_hole.png")).unwrap()).unwrap(),
        place.read_picture("pulse-out/transparent_hole/candidate-01.png"),
    );
    let (opacity, own) = (raster.opacity().unwrap(), raster.opaque().image().unwrap());
    let known =
        opacity.values().iter().zip(candidate.plane(1)).zip(own.plane(1)).filter(|((opacity, _), _)| **opacity == 1.0);
    let differ = known.filter(|((_, found), own)| (*found - *own).abs() > 2.5 / 255.0).count();
    assert!(differ < 40, "{differ} known pixels were changed");
    // The run is whole in its folder: it can be taken up again wherever that is, and from what was explored too.
    std::fs::rename(place.path("pulse-out/transparent_hole"), place.path("moved")).unwrap();
    let steered = ["--like", "1", "-n", "1", "--progress", "none", "--out", "steered"];
    let ran = place.run(&[&["explore", "moved"][..], &steered].concat());
    assert_ne!(ran.status, 2, "{}", ran.err);
    assert_eq!(place.record("steered")["files"]["known"], "known.png");
    assert!(place.path("steered/known.png").is_file());
    // Over a colour it is what it was.
    let ran = run(&place, &["transparent_hole.png"], &["--background", "white", "--force"]);
    assert!(ran.err.contains("every candidate is it"), "{}", ran.err);
}

#[test]
fn another_background_is_another_setting_only_where_something_shows_through() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    cases(&place, &["transparent_hole.png"]);
    run(&place, &["small.png"], &["--background", "white"]).ended_with(0);
    let before = place.record("pulse-out/small");
    run(&place, &["small.png"], &[]).ended_with(0);
    run(&place, &["small.png"], &["--background", "black"]).ended_with(0);
    assert_eq!(place.record("pulse-out/small"), before, "it was searched for again");
    run(&place, &["transparent_hole.png"], &[]);
    run(&place, &["transparent_hole.png"], &["--background", "white"]).failed_with(&["background none, not #ffffff"]);
}

#[test]
fn a_mask_that_is_grey_is_not_called_black() {
    let place = Place::new();
    cases(&place, &["masked64.png", "mask_grey127.png"]);
    run(&place, &["masked64.png"], &["-m", "mask:mask_grey127.png"])
        .failed_with(&["is grey in 3216 of its 4096 pixels", "paint white"]);
    let white = Image::new(1, 64, 64, vec![1.0; 4096]).unwrap();
    place.write("ma,sk.png", &encode_png(&white, None).unwrap());
    let ran = run(&place, &["masked64.png"], &["-m", "mask:\"ma,sk.png\""]);
    assert_ne!(ran.status, 2, "{}", ran.err);
    assert_eq!(place.record("pulse-out/masked64")["measurement"], "mask:\"ma,sk.png\"");
}

#[test]
fn damaged_jpegs_say_so() {
    let place = Place::new();
    cases(&place, &["jpeg_without_eoi.jpg", "jpeg_damaged_inside.jpg"]);
    let ran = run(&place, &["jpeg_without_eoi.jpg"], &[]);
    assert!(ran.status != 2 && ran.err.contains("all of the picture is there"), "{}", ran.err);
    let ran = run(&place, &["jpeg_damaged_inside.jpg"], &["--pixelate", "16"]);
    assert!(ran.status != 2 && ran.err.contains("it is damaged inside"), "{}", ran.err);
}

#[test]
fn what_is_left_out_of_a_folder_is_told() {
    let place = Place::new();
    pictures(&place, "in", &["a.png"]);
    std::fs::create_dir(place.path("in/sub")).unwrap();
    pictures(&place, "in/sub", &["a.png"]);
    cases(&place, &["phone.heic", "a.avif"]);
    std::fs::rename(place.path("phone.heic"), place.path("in/phone.HEIC")).unwrap();
    let ran = run(&place, &["in"], &[]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.out.contains("3 pictures: 1 found, 2 left out"), "{}", ran.out);
    let text = String::from_utf8(csv(&place)).unwrap();
    assert!(
        text.contains("in/phone.HEIC,,left out,,,,,its format is not read here: convert it to PNG or JPEG\r\n"),
        "{text}"
    );
    assert!(
        text.contains("in/sub,,left out,,,,,it is a folder with pictures in it: --recursive takes them too\r\n"),
        "{text}"
    );

    let ran = run(&place, &["in"], &["--recursive"]);
    assert!(ran.out.contains("3 pictures: 1 found, 1 left out, 1 skipped"), "{}", ran.out);
    assert_eq!(place.list("pulse-out"), ["a", "sub--a", "summary.csv"]);
    // Named alone it fails; a folder of nothing else is told too.
    run(&place, &["a.avif"], &[]).failed_with(&["of the format AVIF", "convert it to PNG"]);
    std::fs::create_dir(place.path("phone")).unwrap();
    std::fs::copy(place.path("in/phone.HEIC"), place.path("phone/1.heic")).unwrap();
    let ran = run(&place, &["phone"], &[]).ended_with(1);
    assert!(ran.out.contains("1 picture: 1 left out"), "{}", ran.out);
}

#[test]
fn what_is_small_already_is_left_out_of_a_demonstration() {
    let place = Place::new();
    std::fs::create_dir(place.path("in")).unwrap();
    place.picture("in/large.png", 3, 40, 40);
    place.picture("in/small.png", 3, 13, 13);
    let ran = run(&place, &["in"], &["--pixelate", "16"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(
        ran.out.contains("2 pictures: 1 found, 1 left out") && ran.out.contains("it is small already"),
        "{}",
        ran.out
    );
    run(&place, &["in/small.png"], &["--pixelate", "16"]).failed_with(&["13x13", "16x16", "leave --pixelate out"]);
}

#[test]
fn folders_of_runs_do_not_depend_on_which_files_are_there() {
    let place = Place::new();
    pictures(&place, "in", &["b.png", "b.pnm"]);
    run(&place, &["in"], &[]).ended_with(0);
    assert_eq!(place.list("pulse-out"), ["b", "b.pnm", "summary.csv"]);
    pictures(&place, "other", &["x.png", "y.png", "b.bmp"]);
    std::fs::copy(place.path("other/b.bmp"), place.path("in/b.bmp")).unwrap();
    let ran = run(&place, &["in"], &[]).ended_with(0);
    assert!(ran.out.contains("3 pictures: 1 found, 2 skipped"), "{}", ran.out);
    std::fs::remove_file(place.path("in/b.png")).unwrap();
    let ran = run(&place, &["in"], &[]).ended_with(0);
    assert!(ran.out.contains("2 pictures: 2 skipped"), "{}", ran.out);
}

#[test]
fn a_torn_record_beside_files_of_others_can_be_replaced() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    run(&place, &["small.png"], &[]).ended_with(0);
    place.write("pulse-out/small/run.json", b"");
    place.write("pulse-out/small/Thumbs.db", b"of another program");
    run(&place, &["small.png"], &[]).failed_with(&["is not empty", "--force"]);
    run(&place, &["small.png"], &["--force"]).ended_with(0);
    assert_eq!(std::fs::read(place.path("pulse-out/small/Thumbs.db")).unwrap(), b"of another program");
    assert_eq!(place.record("pulse-out/small")["input"]["path"], "small.png");
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_survive_in_the_summary() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    pictures(&place, "in", &["a.png"]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    std::fs::copy(place.path("in/a.png"), place.path("in").join(name)).unwrap();
    run(&place, &["in"], &[]).ended_with(0);
    let text = csv(&place);
    assert!(
        text.windows(11).any(|part| part == b"in/caf\xe9.png"[..11].as_ref()),
        "{}",
        String::from_utf8_lossy(&text)
    );
}

#[test]
fn bombs_are_refused_by_their_size() {
    let place = Place::new();
    cases(&place, &["pic_gif_10k.gif", "pic_bmp_rle_ok.bmp", "pic_12mp.png"]);
    for (name, size) in
        [("pic_gif_10k.gif", "10000x10000"), ("pic_bmp_rle_ok.bmp", "10000x10000"), ("pic_12mp.png", "4000x3000")]
    {
        run(&place, &[name], &[]).failed_with(&[size, "more than the 64x64"]);
        run(&place, &[name], &["--mosaic", "off", "--as", "small"]).failed_with(&[size, "more than the 64x64"]);
    }
}

#[test]
fn blocks_that_were_turned_are_named_with_the_way_out() {
    let place = Place::new();
    cases(&place, &["mosaic_rot5.png"]);
    for how in [&[][..], &["--as", "small"], &["--as", "mosaic"]] {
        let words = ["turned by about 5.0 degrees counterclockwise", "-distort SRT 5.0", "--mosaic 24+"];
        run(&place, &["mosaic_rot5.png"], how).failed_with(&words);
    }
    // One that is small enough to be searched for is, and the same is said.
    let small = place.read_picture("mosaic_rot5.png").resized(Kernel::Area, Size::new(128, 128)).unwrap();
    let small = small.crop(Rectangle { left: 32, top: 32, width: 64, height: 64 }).unwrap();
    place.write("small.png", &encode_png(&small, None).unwrap());
    let ran = run(&place, &["small.png"], &[]);
    assert!(ran.status == 0 && ran.err.contains("turned by about 5"), "{}", ran.err);
}

#[test]
fn a_demonstration_of_a_jpeg_is_searched_to_its_noise() {
    let place = Place::new();
    place.picture("large.png", 3, 64, 64);
    let ran = run(&place, &["large.png"], &["--pixelate", "16", "-m", "bicubic,jpeg:75"]);
    assert_ne!(ran.status, 2, "{}", ran.err);
    let arguments = ["up", "large.png", "--progress", "none", "--steps", "1", "--candidates", "1", "--place", "off"];
    let more = ["--pixelate", "16", "-m", "bicubic,jpeg:75", "--out", "noisy"];
    place.run(&[&arguments[..], &more].concat());
    let record = place.record("noisy/large");
    let sigma = record["settings"]["sigma"].as_f64().unwrap();
    assert!((5.0..13.0).contains(&(255.0 * sigma)), "{sigma}");
    assert_eq!(record["measurement"], "bicubic,jpeg:75");
}

#[test]
fn a_demonstration_of_counted_light_is_searched_to_the_noise_of_its_counts() {
    let place = Place::new();
    place.picture("large.png", 3, 64, 64);
    let arguments = ["up", "large.png", "--progress", "none", "--steps", "1", "--candidates", "1", "--place", "off"];
    let counted = ["--pixelate", "16", "-m", "bicubic,photons:100"];
    place.run(&[&arguments[..], &counted, &["--out", "counted"]].concat());
    let sigma = place.record("counted/large")["settings"]["sigma"].as_f64().unwrap();
    assert!((sigma - (0.51f64 / 100.0).sqrt()).abs() < 1e-3, "{sigma}");
    // The camera's own noise comes on top.
    place.run(&[&arguments[..], &counted, &["--sigma", "20", "--out", "both"]].concat());
    let both = place.record("both/large")["settings"]["sigma"].as_f64().unwrap();
    assert!((both - sigma.hypot(20.0 / 255.0)).abs() < 1e-6, "{both}");
    let small = place.read_picture("counted/large/target.png");
    let clean = place.read_picture("large.png").resized(Kernel::Bicubic, Size::new(16, 16)).unwrap();
    let error = small.mean_squared_difference(&clean).sqrt();
    assert!((0.3..1.5).contains(&(error / sigma)), "{error} of {sigma}");
}

/// A face in a photograph, under blocks of `size` pixels.
fn blocks_in_a_photograph(place: &Place, size: usize, parts: &[[usize; 2]]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/p002_studio_portrait.jpg");
    let mut raster = Raster::from(&Reader::default().read(&path).unwrap());
    let whole = raster.image().unwrap();
    for &[left, top] in parts {
        let part = Rectangle { left, top, width: 14 * size, height: 14 * size };
        let small = whole.crop(part).unwrap().resized(Kernel::Area, Size::new(14, 14)).unwrap();
        raster.put(part, &small.resized(Kernel::Nearest, Size::new(14 * size, 14 * size)).unwrap());
    }
    place.write("photograph.png", &encode_png(&raster.image().unwrap(), None).unwrap());
}

#[test]
fn blocks_in_a_photograph_are_put_back_into_it() {
    let place = Place::new();
    blocks_in_a_photograph(&place, 22, &[[351, 303]]);
    let ran = run(&place, &["photograph.png"], &["--as", "mosaic"]);
    assert!(ran.err.contains("made of 14x14 blocks of 22.00 pixels"), "{}", ran.err);
    let (before, after) =
        (place.read_picture("photograph.png"), place.read_picture("pulse-out/photograph/photograph-01.png"));
    assert_eq!(before.size(), after.size());
    let width = before.width();
    let mut changed = 0;
    for (at, (old, new)) in before.plane(0).iter().zip(after.plane(0)).enumerate() {
        let (x, y) = (at % width, at / width);
        let inside = (351..351 + 308).contains(&x) && (303..303 + 308).contains(&y);
        assert!(inside || old == new, "{x}, {y}");
        changed += usize::from(old != new);
    }
    assert!(changed > 40_000, "{changed}");
    assert_eq!(place.record("pulse-out/photograph")["files"]["photographs"][0], "photograph-01.png");
}

#[test]
fn other_blocks_are_listed_with_how_to_choose_them() {
    let place = Place::new();
    blocks_in_a_photograph(&place, 18, &[[105, 111], [601, 603]]);
    let ran = run(&place, &["photograph.png"], &["--as", "mosaic"]);
    assert!(
        ran.err.contains("other parts of it are made of blocks too: ") && ran.err.contains("--crop"),
        "{}",
        ran.err
    );
}
