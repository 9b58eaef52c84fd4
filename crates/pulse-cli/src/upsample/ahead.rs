//! Reading ahead: while one picture is searched for, the next one is read and made ready.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;
use std::time::Instant;

use pulse::checksum::sha256;
use pulse::generator::GeneratorSpec;
use pulse::image::{Raster, Size, read_bytes};
use pulse::mosaic::Mosaic;
use pulse::record::InputRecord;
use pulse::standing::Request;
use pulse::{Preparation, Prepared};
use pulse_engine::Cpu;

use crate::failure::{Failure, blocks_hint};
use crate::sources::Source;

/// A picture that was read.
pub(super) struct Picture {
    pub(super) input: InputRecord,
    pub(super) content: Content,
    /// How long it took.
    pub(super) seconds: f64,
}

/// What is to be done with it.
pub(super) enum Content {
    /// It is searched for.
    Target(Arc<Prepared>),
    /// It is not searched for, for this reason.
    LeftOut(String),
    /// Faces are to be found in it first.
    Photograph(Raster),
}

/// Reads pictures.
pub(super) struct Decoder<'a> {
    pub(super) request: &'a Request,
    pub(super) generator: &'a GeneratorSpec,
    pub(super) engine: &'a Cpu,
    /// Whether every picture is said to be made of blocks.
    pub(super) has_blocks: bool,
}

impl Decoder<'_> {
    /// Reads `sources` in their order, one ahead: no more than two pictures are in memory, the one that is searched for
    /// and the next. It ends when the receiver is dropped.
    pub(super) fn ahead<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        sources: Vec<&'env Source>,
    ) -> Receiver<Result<Picture, Failure>> {
        // A channel without room: a picture is handed over, and only then the next one is read.
        let (sender, receiver) = sync_channel(0);
        scope.spawn(move || {
            for source in sources {
                // The receiver is gone.
                if sender.send(self.read(source)).is_err() {
                    break;
                }
            }
        });
        receiver
    }

    /// Whether there is nothing to shrink, which is then said.
    fn is_small_already(&self, size: Size) -> Option<String> {
        let Preparation { crop, pixelation: Some(to), .. } = &self.request.preparation else { return None };
        let [width, height] = crop.map_or([size.width, size.height], |part| [part.width, part.height]);
        (width < to.width || height < to.height).then(|| {
            format!("its {width}x{height} pixels cannot be shrunk to {to}: it is small already; leave --pixelate out")
        })
    }

    /// Reads one.
    pub(super) fn read(&self, source: &Source) -> Result<Picture, Failure> {
        let started = Instant::now();
        let path = source.path.display().to_string();
        let bytes = read_bytes(&source.path)?;
        let mut raster = Raster::read(&path, &bytes)?;
        if let Some(background) = self.request.background {
            raster = raster.over(background);
        }
        let size = raster.size();
        let input = InputRecord { sha256: sha256(&bytes), path, width: size.width, height: size.height };
        drop(bytes);
        let content = if self.request.faces.is_some() {
            Content::Photograph(raster)
        } else if let Some(reason) = self.is_small_already(size) {
            Content::LeftOut(reason)
        } else {
            let preparation = &self.request.preparation;
            let prepared = Prepared::of_raster(&raster, preparation, self.generator, self.engine);
            let prepared = prepared.map_err(|error| Failure::with(source.path.display(), &error))?;
            if self.has_blocks && prepared.mosaic.is_none() {
                let guess =
                    Mosaic::guess(&raster.view().map_err(|error| Failure::with(source.path.display(), &error))?.0);
                let hint = guess.map(|guess| blocks_hint(&guess)).unwrap_or_default();
                let reason = format!("no blocks were found in it; say where they lie with --mosaic SIZE+X+Y{hint}");
                return Err(Failure::of(source.path.display(), reason));
            }
            Content::Target(prepared.into())
        };
        Ok(Picture { input, content, seconds: started.elapsed().as_secs_f64() })
    }
}
