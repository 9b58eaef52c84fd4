//! The folder that a run leaves behind.

use std::collections::BTreeMap;

use pulse::ErrorKind;
use pulse::candidate::{Candidate, Outcome};
use pulse::event::{SearchEvent, Step};
use pulse::folder::Claim;
use pulse::generator::Subject;
use pulse::generator::{EMBEDDED, InputSpec, input_specs};
use pulse::image::Image;
use pulse::judge::{Assessment, Order, Plausibility};
use pulse::measurement::Size;
use pulse::record::{GeneratorRecord, InputRecord, MadeRecord, QuantityRecord, Record, SteeringRecord};
use pulse::report::Curves;
use pulse::run::{Finished, Page, RECORD, Run, RunFolder, remove_run};
use pulse::search::SearchConfig;
use tempfile::TempDir;

/// A run whose candidates were not searched for.
pub(crate) struct Story {
    specs: Vec<InputSpec>,
    pub(crate) target: Image,
    config: SearchConfig,
    pub(crate) candidates: Vec<Candidate>,
    range: Assessment,
    /// What a discriminator says of each candidate, or nothing.
    pub(crate) logits: Vec<Option<f64>>,
    curves: Curves,
    pub(crate) path: String,
    pub(crate) subject: Subject,
    pub(crate) order: Order,
    pub(crate) quantities: Vec<QuantityRecord>,
    pub(crate) original: Option<Image>,
    pub(crate) steering: Option<SteeringRecord>,
    pub(crate) made: Option<MadeRecord>,
}

impl Story {
    pub(crate) fn new(candidates: usize) -> Self {
        let generator = EMBEDDED[0].open().unwrap();
        let specs = input_specs(&*generator, generator.spec().latents[0]).unwrap();
        let candidate = |index| {
            let grey =
                |side: usize| Image::new(3, side, side, vec![(0.1 * index as f32).min(1.0); 3 * side * side]).unwrap();
            let mut inputs: BTreeMap<_, _> =
                specs.iter().map(|spec| (spec.name.clone(), vec![0.0; spec.shape.len()])).collect();
            inputs.get_mut("feature.1").unwrap()[3] = index as f32;
            Candidate {
                index,
                start: index,
                restarts: 0,
                outcome: if index == 0 { Outcome::Missed } else { Outcome::Reached },
                image: grey(64),
                measured: grey(4),
                db: 20.0 + index as f64,
                searched_db: 20.0,
                moved: 0.01,
                latent_db: 20.0,
                losses: Vec::new(),
                total: f64::INFINITY,
                steps: 3,
                inputs,
            }
        };
        let candidates: Vec<_> = (0..candidates).map(candidate).collect();
        let target = Image::new(3, 4, 4, vec![0.123_456; 48]).unwrap();
        let config = SearchConfig { candidates: candidates.len(), ..SearchConfig::default() };
        let mut curves = Curves::default();
        curves.event(&SearchEvent::Started { candidates: candidates.len(), steps: 3 });
        for step in 0..3 {
            let (total, db) = (1.0 / (step + 1) as f64, 20.0 + step as f64);
            curves.event(&SearchEvent::Step(Step::new(0, step, total, db)));
        }
        let mut story = Self {
            specs,
            target,
            config,
            candidates,
            range: Assessment::of(&[], Size::new(4, 4), &[], &[], &[]).unwrap(),
            logits: Vec::new(),
            curves,
            path: "a/face.npy".into(),
            subject: Subject::Faces,
            order: Order::Number,
            quantities: Vec::new(),
            original: None,
            steering: None,
            made: None,
        };
        story.measure(&[]);
        story
    }

    /// Measures the candidates again, beside random pictures.
    pub(crate) fn measure(&mut self, random: &[Image]) {
        let plausible = |offsets| Plausibility { radius: Some(1.0), offsets, angles: None };
        let plausibility: Vec<_> =
            (0..self.candidates.len()).map(|place| plausible(0.5 / (place + 1) as f64)).collect();
        self.range = Assessment::of(&self.candidates, self.target.size(), &plausibility, &self.logits, random).unwrap();
    }

    /// The page of the run, as it is in its folder.
    pub(crate) fn page(&self) -> String {
        self.file("report.html")
    }

    /// A file of text of the run.
    pub(crate) fn file(&self, name: &str) -> String {
        let place = TempDir::new().unwrap();
        let path = place.path().join("run");
        RunFolder::create(&path, false).unwrap().write(&self.finished()).unwrap();
        std::fs::read_to_string(path.join(name)).unwrap()
    }

    pub(crate) fn record(&self) -> Record {
        Record::from_json(self.file(RECORD).as_bytes()).unwrap()
    }

    pub(crate) fn finished(&self) -> Finished<'_> {
        let checksum = String::from("00");
        Finished {
            bookmark: None,
            photographs: Vec::new(),
            input: InputRecord { path: self.path.clone(), sha256: checksum.clone(), width: 4, height: 4 },
            generator: GeneratorRecord {
                name: "faces".into(),
                family: "DCGAN".into(),
                width: 64,
                height: 64,
                channels: 3,
                sha256: checksum,
            },
            request: None,
            specs: &self.specs,
            measurement: "bicubic".into(),
            mosaic: None,
            placement: None,
            target: &self.target,
            original: self.original.as_ref(),
            known: None,
            config: &self.config,
            steering: self.steering.clone(),
            candidates: &self.candidates,
            range: &self.range,
            quantities: self.quantities.clone(),
            order: self.order,
            colours: None,
            page: Some(Page { subject: self.subject, curves: &self.curves }),
            seconds: 0.5,
            made: self.made.clone(),
        }
    }
}

#[test]
fn a_run_reads_back() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("deep/er");
    let story = Story::new(3);
    let record = RunFolder::create(&path, false).unwrap().write(&story.finished()).unwrap();
    let run = Run::open(&path).unwrap();
    assert_eq!(run.record().to_json(), record.to_json());
    assert_eq!((record.summary.reached, record.summary.candidates, record.summary.stopped), (2, 3, false));
    assert_eq!((record.summary.worst_db, record.summary.best_db), (20.0, 22.0));
    // Grey of 0, 0.1 and 0.2: distances of 0.1, 0.2 and 0.1.
    assert!((record.summary.mean_pairwise_distance - 0.4 / 3.0).abs() < 1e-6);
    assert!(record.candidates[0].losses["total"].is_null());

    assert_eq!(run.target().unwrap(), story.target);
    assert_eq!(run.candidate(&record.candidates[1]).unwrap(), story.candidates[1].image.quantised());
    let inputs = run.inputs().unwrap();
    let names: Vec<_> = inputs.arrays().keys().collect();
    // What never moved is left out, but for the latent, which has no start to fall back on.
    assert_eq!(names, ["feature.1", "z"]);
    assert_eq!(inputs.row(&story.specs[2], 2).unwrap()[3], 2.0);
}

#[test]
fn scores_are_recorded() {
    let place = TempDir::new().unwrap();
    let mut story = Story::new(3);
    // Stripes finer than the small picture, of 0, 0.1 and 0.2: distances in detail.
    for (index, candidate) in story.candidates.iter_mut().enumerate() {
        let stripe = |at: usize| 0.5 + 0.1 * index as f32 * if at.is_multiple_of(2) { 1.0 } else { -1.0 };
        candidate.image = Image::new(3, 64, 64, (0..3 * 64 * 64).map(stripe).collect()).unwrap();
    }
    story.measure(&[story.candidates[0].image.clone(), story.candidates[1].image.clone()]);
    let record = RunFolder::create(&place.path().join("run"), false).unwrap().write(&story.finished()).unwrap();
    let spread = record.summary.spread.clone().unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 2e-3;
    assert!(near(spread.least, 0.1) && near(spread.greatest, 0.2) && spread.farthest == [1, 3], "{spread:?}");
    assert!(near(spread.random.unwrap(), 0.1), "{spread:?}");
    assert!(record.candidates.iter().all(|candidate| near(candidate.distinctness.unwrap(), 0.1)));
    assert!(near(record.candidates[1].plausibility.as_ref().unwrap().departure, 0.25));
    assert_eq!(record.candidates[1].discriminator, None);
    let certainty = record.summary.certainty.clone().unwrap();
    // Of 0, 1 and 2 the mean product of two is 2/3, and the mean square 5/3.
    assert!(near(certainty.agreed.unwrap(), 0.4) && certainty.bands.len() == 4, "{certainty:?}");

    let run = Run::open(&place.path().join("run")).unwrap();
    assert_eq!(*run.record(), record);
    for file in [record.files.certainty.as_deref(), record.files.report.as_deref()] {
        assert!(place.path().join("run").join(file.unwrap()).exists());
    }
}

#[test]
fn records_without_scores_are_still_read() {
    let place = TempDir::new().unwrap();
    let record = RunFolder::create(&place.path().join("run"), false).unwrap().write(&Story::new(2).finished()).unwrap();
    let mut old: serde_json::Value = serde_json::from_slice(&record.to_json()).unwrap();
    let forget = |object: &mut serde_json::Value, keys: &[&str]| {
        for key in keys {
            assert!(object.as_object_mut().unwrap().remove(*key).is_some(), "{key}");
        }
    };
    forget(&mut old["summary"], &["spread", "certainty"]);
    forget(&mut old["files"], &["certainty", "report"]);
    for candidate in old["candidates"].as_array_mut().unwrap() {
        forget(candidate, &["plausibility", "sharpness", "distinctness", "discriminator"]);
    }
    let read = Record::from_json(&serde_json::to_vec(&old).unwrap()).unwrap();
    assert_eq!((read.summary.spread, read.files.report, read.candidates[1].distinctness), (None, None, None));
}

#[test]
fn a_single_candidate_has_nothing_to_agree_with() {
    let place = TempDir::new().unwrap();
    let record = RunFolder::create(&place.path().join("run"), false).unwrap().write(&Story::new(1).finished()).unwrap();
    assert_eq!((record.summary.spread, record.summary.certainty, record.files.certainty), (None, None, None));
    assert!(!place.path().join("run/certainty.png").exists());
}

#[test]
fn the_sheet_is_in_the_order_that_is_wanted() {
    let mut story = Story::new(3);
    let sheet = |story: &Story| {
        let place = TempDir::new().unwrap();
        RunFolder::create(&place.path().join("run"), false).unwrap().write(&story.finished()).unwrap();
        std::fs::read(place.path().join("run/sheet.png")).unwrap()
    };
    let by_number = sheet(&story);
    story.order = Order::Consistency;
    assert_ne!(by_number, sheet(&story));
    // The same candidates in that order, with the same numbers.
    story.candidates.reverse();
    story.measure(&[]);
    story.order = Order::Number;
    let reversed = sheet(&story);
    story.order = Order::Consistency;
    assert_eq!(reversed, sheet(&story));
}

#[test]
fn candidates_that_are_missing_mean_stopped() {
    let place = TempDir::new().unwrap();
    let mut story = Story::new(3);
    story.candidates.remove(1);
    story.measure(&[]);
    let record = RunFolder::create(place.path(), false).unwrap().write(&story.finished()).unwrap();
    assert!(record.summary.stopped);
    assert_eq!(record.candidates[1].image, "candidate-03.png");
}

#[test]
fn a_folder_goes_when_nothing_was_written() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    drop(RunFolder::create(&path, false).unwrap());
    assert!(!path.exists());

    std::fs::create_dir(&path).unwrap();
    drop(RunFolder::create(&path, false).unwrap());
    assert!(path.exists(), "it was there before");
}

#[test]
fn only_the_files_of_a_run_are_replaced() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    RunFolder::create(&path, false).unwrap().write(&Story::new(3).finished()).unwrap();
    let strangers = ["candidate-of-the-party.png", "candidate-.png", "notes.txt"];
    for name in strangers {
        std::fs::write(path.join(name), name).unwrap();
    }
    assert_eq!(RunFolder::create(&path, false).unwrap_err().kind(), ErrorKind::Io);
    assert!(Run::open(&path).is_ok(), "it is still there");

    let folder = RunFolder::create(&path, true).unwrap();
    assert!(Run::open(&path).is_ok(), "the old run stays until the new one is there to be written");
    folder.write(&Story::new(1).finished()).unwrap();
    assert!(path.join("candidate-01.png").exists() && !path.join("candidate-03.png").exists());
    assert!(strangers.iter().all(|name| path.join(name).exists()));
}

#[test]
fn force_takes_no_folder_without_a_run() {
    let place = TempDir::new().unwrap();
    for name in ["original.png", "candidate-02.png"] {
        std::fs::write(place.path().join(name), "mine").unwrap();
    }
    let error = RunFolder::create(place.path(), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("holds no run"), "{error}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn a_folder_is_marked_until_it_is_finished() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    let folder = RunFolder::create(&path, false).unwrap();
    assert!(Claim::is_on(&path));
    let error = RunFolder::create(&path, true).unwrap_err();
    assert!(error.kind() == ErrorKind::Busy && error.to_string().contains("another process"), "{error}");
    assert!(Claim::is_on(&path), "it belongs to the first");
    folder.write(&Story::new(1).finished()).unwrap();
    drop(folder);
    assert!(!Claim::is_on(&path) && Run::open(&path).unwrap().is_whole());

    // A writer that failed half-way leaves its mark.
    let claim = Claim::take(&path, RECORD).unwrap();
    std::fs::remove_file(path.join(RECORD)).unwrap();
    drop(claim);
    assert!(Claim::is_on(&path));
    RunFolder::create(&path, false).unwrap().write(&Story::new(1).finished()).unwrap();
    assert!(!Claim::is_on(&path) && Run::open(&path).is_ok());
}

/// What had been written stayed, and kept a full disk full.
#[test]
fn what_could_not_be_written_to_the_end_leaves_nothing() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    let folder = RunFolder::create(&path, false).unwrap();
    // Where a folder lies, no file can be written; it is the last but one.
    std::fs::create_dir(path.join("report.html")).unwrap();
    assert!(folder.write(&Story::new(2).finished()).is_err());
    assert!(path.join("candidate-01.png").exists());
    drop(folder);
    let left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "report.html" || name == ".pulse-unfinished"), "{left:?}");
}

#[test]
fn a_record_that_is_cut_off_makes_way_where_nothing_else_is() {
    let place = TempDir::new().unwrap();
    let create = || RunFolder::create(place.path(), false);
    create().unwrap().write(&Story::new(3).finished()).unwrap();
    let record = std::fs::read(place.path().join(RECORD)).unwrap();
    std::fs::write(place.path().join(RECORD), &record[..record.len() / 2]).unwrap();
    std::fs::write(place.path().join("notes.txt"), "mine").unwrap();
    assert_eq!(create().unwrap_err().kind(), ErrorKind::Io);
    std::fs::remove_file(place.path().join("notes.txt")).unwrap();
    // What was explored from it is no stranger, and is set aside.
    let explored = place.path().join("explore/candidate-1/explore.json");
    std::fs::create_dir_all(explored.parent().unwrap()).unwrap();
    std::fs::write(&explored, "{}").unwrap();
    create().unwrap().write(&Story::new(1).finished()).unwrap();
    assert!(!place.path().join("candidate-03.png").exists() && !explored.exists());
    let entries = std::fs::read_dir(place.path()).unwrap();
    let aside = entries.map(|entry| entry.unwrap().path()).find(|path| path.to_string_lossy().contains("explore-of-"));
    assert!(aside.unwrap().join("candidate-1/explore.json").exists());

    // A newer version's record is whole, whatever it says.
    std::fs::write(place.path().join(RECORD), br#"{"schema": 99}"#).unwrap();
    assert_eq!(create().unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn a_run_goes_without_what_is_not_its_own() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run");
    let write = || drop(RunFolder::create(&path, false).unwrap().write(&Story::new(2).finished()).unwrap());
    write();
    remove_run(&path).unwrap();
    assert!(!path.exists());
    write();
    std::fs::write(path.join("letter.txt"), "mine").unwrap();
    remove_run(&path).unwrap();
    let left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["letter.txt"]);
    remove_run(&path).unwrap();
    remove_run(&place.path().join("nowhere")).unwrap();
}

#[test]
fn records_of_others_are_not_trusted() {
    let bad = |bytes: &[u8]| Record::from_json(bytes).unwrap_err();
    assert_eq!(bad(b"").kind(), ErrorKind::Run);
    assert_eq!(bad(b"[1]").kind(), ErrorKind::Run);
    let other = bad(br#"{"schema": 99, "news": true}"#);
    assert!(other.kind() == ErrorKind::Run && other.to_string().contains("99"), "{other}");

    let place = TempDir::new().unwrap();
    let mut record = RunFolder::create(place.path(), false).unwrap().write(&Story::new(1).finished()).unwrap();
    for name in ["../secret.safetensors", "/etc/passwd", "..", ""] {
        record.files.inputs = name.into();
        std::fs::write(place.path().join("run.json"), record.to_json()).unwrap();
        assert_eq!(Run::open(place.path()).unwrap().inputs().unwrap_err().kind(), ErrorKind::Run, "{name}");
    }
}
