//! The StyleGAN family through the program, against the numbers of its reference implementations.

use std::path::{Path, PathBuf};

use pulse::inputs::{Inputs, read_inputs};
use pulse_checkpoint::{Checkpoint, OpenOptions, Tensor};
use pulse_engine::Shape;
use serde_json::Value;

use crate::program::{Place, Ran};
use crate::upsample::mean_difference;

/// Both sides round f32 sums of some hundred products in each of a few layers.
pub(crate) const MAPPING: f64 = 1e-5;
/// The same through all layers of the synthesis, whose norms enlarge small channels.
pub(crate) const IMAGE: f64 = 1e-4;
/// A leaky ReLU near zero may fall on either side and take its path with it.
pub(crate) const GRADIENT: f64 = 1e-3;

/// The generators whose reference has `ws` to picture and back.
const SYNTHESES: [&str; 6] =
    ["stylegan2ada_skip", "stylegan2ada_cond", "stylegan2ada_resnet", "stylegan3_t", "stylegan3_r", "rosinality"];

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pulse/tests/fixtures").join(name)
}

/// The path of a generator in the fixtures.
pub(crate) fn generator(name: &str) -> String {
    let endings = ["", ".pkl", ".pt"].into_iter().map(|ending| fixture(&format!("{name}{ending}")));
    let path = endings.into_iter().find(|path| path.exists()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The reference numbers of one generator.
pub(crate) struct Case(Checkpoint);

impl Case {
    pub(crate) fn open(name: &str) -> Self {
        Self(Checkpoint::open(fixture(&format!("{name}_case.safetensors"))).unwrap())
    }

    pub(crate) fn tensor(&self, name: &str) -> &Tensor {
        self.0.tensor(name).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        self.0.tensors.contains_key(name)
    }

    pub(crate) fn setting(&self, name: &str) -> &str {
        self.0.configuration[name].as_str().unwrap()
    }

    /// A file of inputs: each name, and the tensor of the case that it holds.
    pub(crate) fn write(&self, place: &Place, file: &str, arrays: &[(&str, &str)]) {
        let mut inputs = Inputs::default();
        for (name, from) in arrays {
            let tensor = self.tensor(from);
            let rows = tensor.shape()[0];
            inputs.insert(*name, rows, Shape::Vector(tensor.data().len() / rows), tensor.data().to_vec());
        }
        place.write(file, &inputs.to_bytes().unwrap());
    }
}

/// Renders `in.safetensors` with more options, and gives the arrays that were written.
pub(crate) fn render(place: &Place, generator: &str, more: &[&str]) -> Inputs {
    let mut arguments = vec!["render", generator, "--inputs", "in.safetensors", "--out", "out.safetensors"];
    arguments.extend(more);
    assert_eq!(place.run(&arguments).ended_with(0).out, "out.safetensors\n");
    read_inputs(&place.path("out.safetensors")).unwrap()
}

/// Holds the relative error of an array to its bound.
#[track_caller]
pub(crate) fn check(what: &str, found: &Tensor, wanted: &Tensor, bound: f64) {
    assert_eq!(found.shape(), wanted.shape(), "{what}");
    let square = |x: f32| f64::from(x) * f64::from(x);
    let error: f64 = found.data().iter().zip(&**wanted.data()).map(|(&a, &b)| square(a - b)).sum();
    let error = (error / wanted.data().iter().map(|&b| square(b)).sum::<f64>()).sqrt();
    assert!(error < bound, "{what}: {error:e}");
}

#[test]
fn ws_make_the_pictures_and_gradients_of_the_reference() {
    let place = Place::new();
    for name in SYNTHESES {
        let (generator, case) = (generator(name), Case::open(name));
        case.write(&place, "in.safetensors", &[("ws", "ws_in"), ("image_cotangent", "image_cotangent")]);
        let arrays = render(&place, &generator, &["--vjp"]);
        check(&format!("{name} image"), &arrays.arrays()["image"], case.tensor("image"), IMAGE);
        check(&format!("{name} gradient"), &arrays.arrays()["ws_grad"], case.tensor("ws_grad"), GRADIENT);
        if case.has("image_noise_none") {
            case.write(&place, "in.safetensors", &[("ws", "ws_in")]);
            let arrays = render(&place, &generator, &["--noise", "zero"]);
            check(&format!("{name} no noise"), &arrays.arrays()["image"], case.tensor("image_noise_none"), IMAGE);
        }
    }
}

#[test]
fn z_makes_the_ws_of_the_reference() {
    let place = Place::new();
    for name in SYNTHESES.into_iter().filter(|name| *name != "rosinality") {
        let (generator, case) = (generator(name), Case::open(name));
        let class: &[_] = if case.has("c") { &[("c", "c")] } else { &[] };
        case.write(&place, "in.safetensors", &[&[("z", "z")], class].concat());
        let arrays = render(&place, &generator, &["--mapping-only"]);
        assert_eq!(arrays.arrays().len(), 1);
        check(&format!("{name} ws"), &arrays.arrays()["ws"], case.tensor("ws"), MAPPING);
        let arrays = render(&place, &generator, &["--mapping-only", "--truncation-psi", "0.7"]);
        check(&format!("{name} psi 0.7"), &arrays.arrays()["ws"], case.tensor("ws_psi0.7"), MAPPING);

        // What the mapping alone makes is what the picture is made of.
        let whole = render(&place, &generator, &["--truncation-psi", "0.7"]);
        place.write("in.safetensors", &arrays.to_bytes().unwrap());
        let picture = render(&place, &generator, &[]);
        check(&format!("{name} in two"), &picture.arrays()["image"], &whole.arrays()["image"], IMAGE);
    }
}

#[test]
fn truncation_stops_at_the_cutoff() {
    let place = Place::new();
    let (generator, case) = (generator("stylegan2ada_skip"), Case::open("stylegan2ada_skip"));
    case.write(&place, "in.safetensors", &[("z", "z")]);
    let arrays = render(&place, &generator, &["--mapping-only", "--truncation-psi", "0.7", "--truncation-cutoff", "2"]);
    let (nearer, whole) = (case.tensor("ws_psi0.7"), case.tensor("ws"));
    let wanted: Vec<f32> = (0..whole.data().len())
        .map(|index| if index % (8 * 32) < 2 * 32 { nearer.data()[index] } else { whole.data()[index] })
        .collect();
    check("psi 0.7 in two rows", &arrays.arrays()["ws"], &Tensor::new(whole.shape(), wanted).unwrap(), MAPPING);
}

/// A `w` of the reference in each of `rows` rows.
fn repeated(w: &Tensor, rows: usize) -> Tensor {
    let [count, width] = w.shape() else { panic!("{:?}", w.shape()) };
    let data: Vec<f32> = w.data().chunks_exact(*width).flat_map(|w| w.repeat(rows)).collect();
    Tensor::new([*count, rows, *width], data).unwrap()
}

#[test]
fn z_makes_the_w_of_the_reference() {
    let place = Place::new();
    for (name, rows, z, w) in [
        ("rosinality", 8, "z", "w"),
        ("stylegan1_tf", 8, "z", "w"),
        ("pulse_r32", 8, "mapping.z", "mapping.w"),
        ("pulse_r256", 14, "mapping.z", "mapping.w"),
    ] {
        let case = Case::open(name);
        case.write(&place, "in.safetensors", &[("z", z)]);
        let arrays = render(&place, &generator(name), &["--mapping-only"]);
        check(&format!("{name} ws"), &arrays.arrays()["ws"], &repeated(case.tensor(w), rows), MAPPING);
    }
    let case = Case::open("stylegan1_tf");
    case.write(&place, "in.safetensors", &[("w", "w")]);
    let arrays = render(&place, &generator("stylegan1_tf"), &[]);
    check("stylegan1_tf image", &arrays.arrays()["image"], case.tensor("image"), IMAGE);
}

/// What a search of PULSE's went on from: its latent, and the noise maps but for the one that is zeroed.
fn write_start(case: &Case, place: &Place, file: &str) {
    let layers: usize = case.setting("layers").parse().unwrap();
    let maps = (0..layers).filter(|map| map.to_string() != case.setting("zeroed_noise"));
    let names: Vec<_> = maps.map(|map| (format!("noise.{map}"), format!("noise0.{map}"))).collect();
    let names = names.iter().map(|(name, from)| (name.as_str(), from.as_str()));
    case.write(place, file, &names.chain([("latent", "latent_final")]).collect::<Vec<_>>());
}

/// PULSE's port and the original's pickle hold the same weights: only the epsilon of their norms differs.
#[test]
fn pulse_makes_the_pictures_of_the_original() {
    let place = Place::new();
    let (case, original) = (Case::open("stylegan1_tf"), Checkpoint::open(generator("stylegan1_tf")).unwrap());
    let w = case.tensor("w");
    let rows = w.shape()[0];
    let mut inputs = Inputs::default();
    inputs.insert("w", rows, Shape::Vector(32), w.data().to_vec());
    for map in 0..8 {
        let noise = original.tensor(&format!("synthesis/noise{map}")).unwrap();
        let size = 4 << (map / 2);
        inputs.insert(format!("noise.{map}"), rows, Shape::map(1, size, size), noise.data().repeat(rows));
    }
    place.write("in.safetensors", &inputs.to_bytes().unwrap());
    let arrays = render(&place, &generator("pulse_r32"), &[]);
    // Of channels with little variance an epsilon of 1e-5 takes a part in 10^4; all else agrees to 1e-6.
    check("pulse_r32 image of w", &arrays.arrays()["image"], case.tensor("image"), 5.0 * IMAGE);
}

/// Writes a picture `[1, 3, h, w]` as it is, to the last bit.
pub(crate) fn write_npy(place: &Place, name: &str, picture: &Tensor) {
    let [_, channels, height, width] = *picture.shape() else { panic!("{:?}", picture.shape()) };
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}, {channels}), }}");
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{header:<117}\n").bytes());
    for pixel in 0..height * width {
        let colours = (0..channels).map(|channel| picture.data()[channel * height * width + pixel]);
        npy.extend(colours.flat_map(f32::to_le_bytes));
    }
    place.write(name, &npy);
}

/// The cases hold the latent that the original's search ended at, and no longer the one that it started from; a whole
/// search from a start is compared in `trace`. Here the search goes on from there with the same settings, and its first step carries on the original's trace.
fn goes_on(name: &str) {
    let (place, case) = (Place::new(), Case::open(name));
    write_npy(&place, "small.npy", case.tensor("reference_lr"));
    write_start(&case, &place, "start.safetensors");
    let generator = generator(name);
    let mut command = place.command(&["up", "small.npy", "--generator", &generator, "--preset", "paper"]);
    for (option, setting) in [
        ("--steps", "steps"),
        ("--eps", "eps"),
        ("--loss", "loss"),
        ("--optimizer", "optimizer"),
        ("--schedule", "schedule"),
        ("--learning-rate", "lr"),
        ("--trainable-noise", "trainable_noise"),
        ("--zero-noise", "zeroed_noise"),
    ] {
        command.args([option, case.setting(setting)]);
    }
    command.args(["--init", "start.safetensors", "--trace", "trace.jsonl", "--progress", "none"]);
    Ran::of(command.output().unwrap()).ended_with(1);

    let trace = std::fs::read_to_string(place.path("trace.jsonl")).unwrap();
    let found: Vec<[f64; 3]> = trace
        .lines()
        .map(|line| {
            let step: Value = serde_json::from_str(line).unwrap();
            ["L2", "GEOCROSS", "total"].map(|term| step["losses"][term].as_f64().unwrap())
        })
        .collect();
    let original: Vec<&[f32]> = case.tensor("trace").data().chunks_exact(3).collect();
    assert_eq!(found.len(), original.len());
    // The original's trace ends before its last update, which moves as the one before it did, at a lower rate.
    let [before, last] = [2, 1].map(|back| f64::from(original[original.len() - back][1]));
    assert!(found[0][1] < last && last - found[0][1] < before - last, "{name}: {before} {last}, then {}", found[0][1]);
    // Both traces weigh their terms alike.
    let epsilon: f64 = case.setting("eps").parse().unwrap();
    let originals = original.iter().map(|row| [row[0], row[1], row[2]].map(f64::from));
    for [l2, geocross, total] in originals.chain(found.iter().copied()) {
        let weighed = 100.0 * l2.max(epsilon) + 0.05 * geocross;
        // The original's numbers have f32's precision.
        assert!((weighed / total - 1.0).abs() < 1e-5, "{weighed} is not {total}");
    }
    // With the first noise maps again, the search has some way to go, and goes it.
    assert!(found[found.len() - 1][2] < found[0][2], "{found:?}");
}

#[test]
fn the_search_of_the_paper_goes_on_where_the_original_ended() {
    goes_on("pulse_r32");
    goes_on("pulse_r256");
}

#[test]
fn converted_files_are_the_same_generators() {
    let place = Place::new();
    for name in SYNTHESES {
        let (generator, case) = (generator(name), Case::open(name));
        place.run(&["convert", &generator, "net.safetensors"]).ended_with(0);
        case.write(&place, "in.safetensors", &[("ws", "ws_in")]);
        let converted = render(&place, "net.safetensors", &[]);
        assert_eq!(converted.arrays(), render(&place, &generator, &[]).arrays(), "{name}");
        let info = place.run(&["info", "net.safetensors"]).ended_with(0).out;
        assert!(info.contains("StyleGAN") && info.contains("non-commercial"), "{info}");
    }
    // Three files become one, and the Gaussian fit goes with them. A fit that the file lacks is made for it.
    for (name, latent, from) in [("pulse_r32", "latent", "latent0"), ("stylegan1_tf", "w", "w")] {
        let (generator, case) = (generator(name), Case::open(name));
        let said = place.run(&["convert", &generator, "net.safetensors"]).ended_with(0).out;
        assert!(said.contains("StyleGAN, 32x32"), "{said}");
        case.write(&place, "in.safetensors", &[(latent, from)]);
        let converted = render(&place, "net.safetensors", &[]);
        assert_eq!(converted.arrays(), render(&place, &generator, &[]).arrays(), "{name}");
    }
}

#[test]
fn any_network_of_a_file_is_converted() {
    let place = Place::new();
    let generator = generator("stylegan1_tf");
    let said = place.run(&["convert", &generator, "g.safetensors", "--network", "G"]).ended_with(0).out;
    assert!(said.contains("StyleGAN, 32x32"), "{said}");
    let wanted = OpenOptions::new().network("G").open(&generator).unwrap();
    let mut written = Checkpoint::open(place.path("g.safetensors")).unwrap();
    for fit in ["gaussian_fit.mean", "gaussian_fit.std"] {
        assert_eq!(written.tensors.remove(fit).unwrap().shape(), [32]);
    }
    assert_eq!((written.tensors, written.configuration), (wanted.tensors, wanted.configuration));
    let critic = place.run(&["convert", &generator, "d.safetensors", "--network", "D"]);
    assert!(critic.status == 0 && critic.err.contains("d.safetensors: it is no generator"), "{}", critic.err);
    place.run(&["convert", &generator, "x.safetensors", "--network", "X"]).failed_with(&["stylegan1_tf", "X"]);
    place.run(&["convert", &generator, "net.pkl"]).failed_with(&["net.pkl", ".safetensors"]);
    place.run(&["convert", "missing.pkl", "net.safetensors"]).failed_with(&["missing.pkl"]);
    place.run(&["convert", &generator, "no/net.safetensors"]).failed_with(&["no/net.safetensors", "another place"]);
    assert_eq!(place.list("."), ["d.safetensors", "g.safetensors"]);
}

#[test]
fn code_in_a_file_is_never_run() {
    let place = Place::new();
    place.write("evil.pkl", b"cos\nsystem\n(S'touch pwned'\ntR.");
    place.write("evil.pt", b"c__builtin__\neval\n(S'open(\"pwned\", \"w\")'\ntR.");
    place.picture("small.png", 3, 8, 8);
    for (evil, call) in [("evil.pkl", "os.system"), ("evil.pt", "eval")] {
        place.run(&["info", evil]).failed_with(&[evil, call]);
        place.run(&["convert", evil, "out.safetensors"]).failed_with(&[evil, call]);
        place.run(&["up", "small.png", "--generator", evil]).failed_with(&[evil, call]);
        place.run(&["render", evil, "--inputs", "small.png", "--out", "a.png"]).failed_with(&[evil, call]);
    }
    assert_eq!(place.list("."), ["evil.pkl", "evil.pt", "small.png"]);
}

#[test]
fn generators_are_described() {
    let place = Place::new();
    let info = |name: &str| place.run(&["info", &generator(name)]).ended_with(0).out;
    let conditional = info("stylegan2ada_cond");
    for word in
        ["StyleGAN2", "16x16 RGB", "latent [6, 32]", "z [32]", "ws [6, 32]", "classes", "noise.4", "non-commercial"]
    {
        assert!(conditional.contains(word), "{word}: {conditional}");
    }
    assert!(conditional.contains("training_set_kwargs"), "{conditional}");
    assert!(info("pulse_r32").contains("latent [8, 32]"));
    assert!(info("stylegan1_tf").contains("made with"));
    assert!(!info("stylegan3_t").contains("noise.0"));
    let help = place.run(&["info", "--help"]).ended_with(0).out;
    for family in ["StyleGAN", "StyleGAN2", "StyleGAN3", "DCGAN", "synthesis.pt", "rosinality"] {
        assert!(help.contains(family), "{family}");
    }
}

#[test]
fn the_search_takes_what_is_searched_from_its_options() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let generator = generator("pulse_r32");
    let run = |out: &str, more: &[&str]| {
        let options =
            [&["--generator", &*generator, "--out", out, "--preset", "paper", "--candidates", "2"], more].concat();
        // The paper's search corrects nothing at its end, and three steps are too few.
        place.upsample("small.png", &options).ended_with(1);
        read_inputs(&place.path(out).join("small/inputs.safetensors")).unwrap()
    };
    let still = |inputs: &Inputs, map: usize| inputs.arrays()[&format!("noise.{map}")].data().iter().all(|&v| v == 0.0);

    let usual = run("usual", &[]);
    assert_eq!(usual.arrays()["latent"].shape(), [2, 8, 32]);
    assert_eq!((still(&usual, 0), still(&usual, 7)), (false, true));

    let tiled = run("tiled", &["--tile-latent", "--zero-noise", "0,6", "--trainable-noise", "2"]);
    assert_eq!(tiled.arrays()["latent"].data().len(), 2 * 32);
    assert_eq!([0, 1, 6, 7].map(|map| still(&tiled, map)), [true, false, true, false]);
    let space = &place.record("tiled/small")["settings"]["space"];
    assert_eq!((&space["tile_latent"], &space["searched_noise"]), (&true.into(), &2.into()));
    let again = ["render", &generator, "--inputs", "tiled/small/inputs.safetensors", "--out", "again.png"];
    place.run(&again).ended_with(0);
    for number in ["01", "02"] {
        let found = place.read_picture(&format!("tiled/small/candidate-{number}.png"));
        let again = place.read_picture(&format!("again-{number}.png"));
        // A value on the edge between two levels of 8 bits may fall to either side.
        assert!(mean_difference(&found, &again) < 0.1 / 255.0, "{number}");
    }

    let silent = run("silent", &["--noise", "zero"]);
    assert!((0..8).all(|map| still(&silent, map)));
    // Maps that are not searched stay where they start, which every search of a seed draws alike.
    let fixed = run("fixed", &["--noise", "fixed", "--steps", "1"]);
    let longer = run("longer", &["--noise", "fixed", "--steps", "3"]);
    assert_eq!(fixed.arrays()["noise.0"], longer.arrays()["noise.0"]);
    assert_ne!(run("moved", &[]).arrays()["noise.0"], longer.arrays()["noise.0"]);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let (pulse, alias_free) = (generator("pulse_r32"), generator("stylegan3_t"));
    for (generator, options, words) in [
        ("faces", &["--tile-latent"][..], ["--tile-latent", "DCGAN"]),
        ("faces", &["--noise", "fixed"], ["--noise", "DCGAN"]),
        ("faces", &["--trainable-noise", "1"], ["--trainable-noise", "DCGAN"]),
        ("faces", &["--zero-noise", "1"], ["--zero-noise", "DCGAN"]),
        ("faces", &["--truncation-psi", "0.5"], ["--truncation-psi", "DCGAN"]),
        (&alias_free, &["--zero-noise", "1"], ["--zero-noise", "StyleGAN3"]),
        (&pulse, &["--truncation-psi", "0.5"], ["--truncation-psi", "`latent`"]),
        (&pulse, &["--trainable-noise", "9"], ["--trainable-noise", "at most 8"]),
        (&pulse, &["--zero-noise", "8"], ["--zero-noise", "0 to 7"]),
        (&pulse, &["--zero-noise", "one"], ["--zero-noise", "none"]),
        (&pulse, &["--noise", "zero", "--zero-noise", "1"], ["--zero-noise", "--noise"]),
        (&pulse, &["--noise", "fixed", "--trainable-noise", "1"], ["--trainable-noise", "--noise"]),
    ] {
        place.upsample("small.png", &[&["--generator", generator], options].concat()).failed_with(&words);
    }
    let case = Case::open("stylegan2ada_skip");
    let two = generator("stylegan2ada_skip");
    case.write(&place, "z.safetensors", &[("z", "z")]);
    case.write(&place, "ws.safetensors", &[("ws", "ws_in")]);
    case.write(&place, "both.safetensors", &[("z", "z"), ("ws", "ws_in")]);
    for (generator, inputs, options, words) in [
        (&*two, "both", &[][..], ["both.safetensors", "z and ws"]),
        (&two, "ws", &["--truncation-psi", "0.5"], ["--truncation-psi", "`ws`"]),
        (&two, "ws", &["--mapping-only"], ["ws.safetensors", "already"]),
        (&two, "z", &["--truncation-cutoff", "2"], ["--truncation-psi", "--help"]),
        (&two, "z", &["--truncation-psi", "0.5", "--truncation-cutoff", "9"], ["--truncation-cutoff", "at most 8"]),
        (&two, "z", &["--truncation-psi", "NaN"], ["--truncation-psi", "NaN"]),
        (&two, "z", &["--noise", "some"], ["--noise", "zero or random"]),
        (&two, "z", &["--mapping-only", "--vjp"], ["--mapping-only", "--vjp"]),
        (&pulse, "z", &["--truncation-psi", "0.5"], ["truncation psi", "average"]),
        (&alias_free, "ws", &["--noise", "zero"], ["--noise", "StyleGAN3"]),
        ("faces", "ws", &["--noise", "zero"], ["--noise", "DCGAN"]),
        ("faces", "ws", &["--mapping-only"], ["--mapping-only", "DCGAN"]),
    ] {
        let file = format!("{inputs}.safetensors");
        let arguments = ["render", generator, "--inputs", &file, "--out", "out.safetensors"];
        place.run(&[&arguments, options].concat()).failed_with(&words);
    }
    place.run(&["render", &two, "--inputs", "z.safetensors", "--out", "a.png", "--mapping-only"]).failed_with(&[
        "a.png",
        "--mapping-only",
        ".safetensors",
    ]);
    assert!(!place.path("out.safetensors").exists() && !place.path("pulse-out").exists());
}
