//! What there is to say of a finished search, in figures, on the sheet and in the map of certainty.

use std::borrow::Cow;
use std::path::Path;

use crate::Result;
use crate::record::{
    CertaintyRecord, GeneratorRecord, InputRecord, MadeRecord, MosaicRecord, PlacementRecord, QuantityRecord, Record,
    RequestRecord, SpreadRecord, SteeringRecord, Summary, TruthRecord,
};
use crate::report::{Curves, Report};
use crate::sheet::{CertaintyMap, Colormap, Entry, Sheet};
use pulse_core::candidate::{Candidate, Outcome, consistency_db, mean_pairwise_distance};
use pulse_core::generator::{InputSpec, Subject};
use pulse_core::image::Image;
use pulse_core::judge::{Assessment, Certainty, Order, Truth};
use pulse_core::search::SearchConfig;
use pulse_core::tape::Bookmark;

/// A finished search, and what belongs into its record.
#[derive(Clone, Debug)]
pub struct Finished<'a> {
    /// The file that was given.
    pub input: InputRecord,
    /// The generative model.
    pub generator: GeneratorRecord,
    /// What was asked for besides the settings of the search, where later runs are to be compared with it.
    pub request: Option<RequestRecord>,
    /// The generator's inputs, in the order of the network's.
    pub specs: &'a [InputSpec],
    /// The measurement, as text.
    pub measurement: String,
    /// The blocks that the small picture was reduced from.
    pub mosaic: Option<MosaicRecord>,
    /// Where the generator's picture lies in the small one that was given.
    pub placement: Option<PlacementRecord>,
    /// The small picture that was searched for.
    pub target: &'a Image,
    /// The sharp picture that it was made from, in a demonstration.
    pub original: Option<&'a Image>,
    /// What of the small picture is known, where a part of it was transparent.
    pub known: Option<&'a Image>,
    /// How it was searched.
    pub config: &'a SearchConfig,
    /// What candidates were steered by, where the search was one from another run.
    pub steering: Option<SteeringRecord>,
    /// What was found, at least one.
    pub candidates: &'a [Candidate],
    /// The same, measured together.
    pub range: &'a Assessment,
    /// What was read off the candidates' pictures.
    pub quantities: Vec<QuantityRecord>,
    /// What comes first on the sheet and on the page.
    pub order: Order,
    /// The colours in which sheet and page show grey pictures, where not in grey.
    pub colours: Option<Colormap>,
    /// What the page has beside it, where there is to be one.
    pub page: Option<Page<'a>>,
    /// How long it took.
    pub seconds: f64,
    /// The command, and when it was written.
    pub made: Option<MadeRecord>,
    /// The photographs that were written.
    pub photographs: Vec<String>,
    /// What the search goes on from, where it was stopped before all was done.
    pub bookmark: Option<&'a Bookmark>,
}

/// What [`Report`] needs beside a finished search.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What the generator's pictures are of.
    pub subject: Subject,
    /// How the search went.
    pub curves: &'a Curves,
}

impl Finished<'_> {
    /// How many candidates ended so.
    fn count_of(&self, outcome: Outcome) -> usize {
        self.candidates.iter().filter(|candidate| candidate.outcome == outcome).count()
    }

    pub(super) fn summary(&self, truth: Option<&Truth>) -> Summary {
        let candidates = self.candidates;
        let images: Vec<_> = candidates.iter().map(|candidate| &candidate.image).collect();
        let db = || candidates.iter().map(|candidate| candidate.db);
        Summary {
            candidates: candidates.len(),
            reached: self.count_of(Outcome::Reached),
            stopped: self.bookmark.is_some()
                || candidates.len() < self.config.candidates
                || self.count_of(Outcome::Stopped) > 0,
            best_db: db().reduce(f64::max).unwrap_or_default(),
            worst_db: db().reduce(f64::min).unwrap_or_default(),
            mean_pairwise_distance: mean_pairwise_distance(&images),
            spread: self.range.spread.as_ref().map(|spread| SpreadRecord::new(spread, candidates)),
            certainty: CertaintyRecord::new(self.range),
            truth: truth.map(TruthRecord::new),
        }
    }

    pub(super) fn sheet(&self) -> Result<Image> {
        let reached = self.count_of(Outcome::Reached);
        let noise = match self.config.sigma {
            sigma if sigma > 0.0 => format!(", noise of {:.1} of 255 levels", 255.0 * sigma),
            _ => String::new(),
        };
        let note = format!(
            "Generator {}, seed {}; measurement {}{noise}; {reached} of {} at {:.1} dB or more{}{}",
            self.generator.name,
            self.config.seed,
            self.measurement,
            self.candidates.len(),
            consistency_db(self.config.epsilon),
            self.range.bent.map_or_else(String::new, |bent| format!("; {}", bent.verdict().words())),
            self.steering.as_ref().map_or_else(String::new, |steering| format!("; {}", steering.in_short())),
        );
        let title = self.title();
        let entry = |place: usize| {
            let candidate = &self.candidates[place];
            Entry {
                number: candidate.index + 1,
                image: &candidate.image,
                measured: &candidate.measured,
                db: candidate.db,
                outcome: candidate.outcome,
                verdict: self.range.scores[place].bent.map(|bent| bent.verdict()),
            }
        };
        Sheet {
            title: &title,
            note: &note,
            target: self.target,
            original: self.original,
            colours: self.colours,
            entries: self.order.sorted(&self.range.scores).into_iter().map(entry).collect(),
        }
        .draw()
    }

    fn title(&self) -> Cow<'_, str> {
        Path::new(&self.input.path).file_name().map_or_else(|| "picture".into(), |name| name.to_string_lossy())
    }

    pub(super) fn certainty_map(&self, certainty: &Certainty) -> Result<Image> {
        let count = certainty.count();
        let agreed = certainty.agreed().map_or_else(String::new, |agreed| {
            format!(
                " Of the energy of the detail that the given picture does not hold, they agree on {:.0} %.",
                100.0 * agreed
            )
        });
        let fit = match (self.count_of(Outcome::Reached), self.count_of(Outcome::Stopped)) {
            (_, stopped) if stopped > 0 => format!(", {stopped} of which are not done,"),
            (0, _) => ", none of which shrinks to the given picture closely enough".to_owned(),
            (reached, _) if reached == count => " that shrink to the given picture".to_owned(),
            (reached, _) => format!(", {reached} of which shrink to the given picture closely enough"),
        };
        let steered = self.steering.as_ref().map_or_else(String::new, |steering| format!(" {steering}"));
        let caption = format!(
            "{count} candidates{fit}.{steered} Dark blue: they agree, as far as this generator goes. Yellow: imagined.{agreed} \
             This says nothing of what the generator has never seen."
        );
        CertaintyMap::new(certainty).draw(&self.title(), &caption)
    }

    /// How near to the original all of it came, where there is one that can be compared.
    pub(super) fn truth(&self) -> Result<Option<Truth>> {
        // A picture that was framed otherwise was made from another part of the original.
        let Some(original) = self.original.filter(|_| self.placement.is_none()) else { return Ok(None) };
        Truth::of(original, self.target, self.candidates, self.range.certainty.as_ref())
    }

    pub(super) fn report<'b>(
        &'b self,
        record: &'b Record,
        truth: Option<&'b Truth>,
        parent: Option<&'b str>,
    ) -> Option<Report<'b>> {
        let Page { subject, curves } = self.page?;
        let Self { target, original, candidates, range, order, colours, .. } = *self;
        Some(Report { record, subject, order, colours, target, original, truth, parent, candidates, range, curves })
    }
}
