//! A generator that is ready to be searched, and its entry in the record of a run.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Configuration, Value};
use pulse_core::generator::{
    Diffusion, Discriminator, EMBEDDED, Embedded, Generator, InputSpec, LatentInput, Space, Subject, WeightsFile,
    append_whole, from_checkpoint,
};
use pulse_core::onnx::{LATENT, RANGE, is_onnx};
use pulse_engine::{Engine, NetworkBuilder};
use pulse_record::cache::Cache;
use pulse_record::checksum::{sha256, sha256_of_files};
use pulse_record::denoiser::{denoiser_files, of_checkpoint, open_folder};
use pulse_record::generator::{FitCache, checkpoint_files, pair};
use pulse_record::record::GeneratorRecord;

use crate::{Error, ErrorKind, Result, WayOut};

/// The folder of the embedded generators whose weights are beside the program.
pub const BESIDE: &str = "/models";

/// A generator with all that belongs to it. It is cheap to clone, and sessions share it.
#[derive(Clone)]
pub struct Opened {
    /// The generative model.
    pub generator: Arc<dyn Generator>,
    /// Its entry in the record of a run.
    pub record: GeneratorRecord,
    /// What its pictures are of, where that is known.
    pub subject: Subject,
    /// The discriminator that it was trained against, where its file has one; or why that cannot be used.
    pub discriminator: Option<std::result::Result<Arc<Discriminator>, Arc<Error>>>,
    /// The configuration in its file.
    pub configuration: Configuration,
    /// The network by itself, with inputs under the names that its file gives them, where that is ONNX.
    pub model: Option<Arc<dyn Generator>>,
    /// The cache of numbers that take long to make.
    cache: Option<Cache>,
    embedded: Option<&'static Embedded>,
}

/// What a file does not tell of its generator.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Settings of a denoiser that its tensors do not tell, such as `num_head_channels`
    /// ([`Denoiser::from_checkpoint`](pulse_core::denoiser::Denoiser::from_checkpoint)).
    pub settings: Configuration,
    /// Which network of the file it is, or what its tensors' names begin with; where nothing is said, the averaged generator.
    pub network: Option<String>,
    /// Which input of an ONNX model is the latent, where its names and shapes do not tell.
    pub latent: Option<String>,
    /// What black and white are in an ONNX model's pictures, where its last operator does not tell.
    pub range: Option<[f32; 2]>,
}

impl Told {
    /// Refuses what is told of ONNX models alone.
    fn only_of_onnx(&self, name: &str) -> Result<()> {
        if self.latent.is_none() && self.range.is_none() {
            return Ok(());
        }
        let message = format!("{name} is no ONNX model, and knows its own latent and range: leave those out");
        Err(Error::new(ErrorKind::Setting, message))
    }

    fn add_to(&self, configuration: &mut Configuration) {
        configuration.extend(self.latent.clone().map(|latent| (LATENT.to_owned(), Value::String(latent))));
        let bounds = |[low, high]: [f32; 2]| Value::List([low, high].map(|bound| Value::Float(bound.into())).into());
        configuration.extend(self.range.map(|range| (RANGE.to_owned(), bounds(range))));
    }
}

impl Opened {
    /// The name of the embedded generator that is the default.
    pub fn default_name() -> &'static str {
        EMBEDDED[0].name
    }

    /// The name of the embedded generator that searches for faces in photographs: a denoiser, whose candidates are nearer to the
    /// truth and hold it more often (`docs/priors.md`).
    pub fn name_for_faces() -> &'static str {
        EMBEDDED[1].name
    }

    /// The generator called `name`: an embedded one, or else that in the file or folder of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] when there is none, and as [`Opened::file`].
    pub fn named(name: &str) -> Result<Self> {
        Self::told(name, &Told::default())
    }

    /// The same, where more is told of it than its file does.
    ///
    /// # Errors
    /// As [`named`](Self::named), and [`ErrorKind::Setting`] when a network of an embedded generator is named.
    pub fn told(name: &str, told: &Told) -> Result<Self> {
        if let Some(embedded) = Embedded::find(name) {
            told.only_of_onnx(name)?;
            return match &told.network {
                None => Self::embedded(embedded),
                Some(network) => {
                    let message = format!("the embedded generator {name} has no network `{}`", network.escape_debug());
                    Err(Error::new(ErrorKind::Setting, message))
                }
            };
        }
        if Path::new(name).exists() {
            return Self::file(Path::new(name), told);
        }
        let names: Vec<_> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
        let message = format!(
            "{name}: no such generator: it is neither embedded nor a file; take one of {}, or give a path",
            names.join(", ")
        );
        Err(Error::new(ErrorKind::Generator, message))
    }

    /// An embedded generator. One whose weights are beside the program is read from the folder [`BESIDE`].
    ///
    /// # Errors
    /// As [`Embedded::open`], and [`ErrorKind::Generator`] while there is no such file.
    pub fn embedded(embedded: &'static Embedded) -> Result<Self> {
        let WeightsFile { file, bytes } = embedded.weights;
        let beside = || {
            std::fs::read(Path::new(BESIDE).join(file)).map_err(|_| {
                let message = format!("{}: its file {file} is not here yet; wait until it was fetched", embedded.name);
                Error::new(ErrorKind::Generator, message)
            })
        };
        let bytes = bytes.map_or_else(|| beside().map(Cow::Owned), |bytes| Ok(Cow::Borrowed(bytes)))?;
        let opened = Self::own(embedded.of(&bytes)?.into(), embedded.name, &sha256(&bytes));
        Ok(Self { subject: embedded.subject, embedded: Some(embedded), ..opened })
    }

    /// The generator in a file or folder.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read, [`ErrorKind::Generator`] for tensors
    /// that no family is made of.
    pub fn file(path: &Path, told: &Told) -> Result<Self> {
        let Told { settings, network, .. } = told;
        let shown = path.display();
        let unread = |error: Error| {
            let error = error.worded(|reason| {
                if reason.contains(&shown.to_string()) { reason.into() } else { format!("{shown}: {reason}") }
            });
            let way_out = error.way_out().unwrap_or(WayOut::Families);
            error.with_way_out(way_out)
        };
        let name = path.file_name().map_or_else(|| shown.to_string(), |name| name.to_string_lossy().into_owned());
        let diffusion = |denoiser, files: &[PathBuf]| {
            Ok(Self::own(Arc::new(Diffusion::new(denoiser)), &name, &sha256_of_files(files)?))
        };
        if network.is_none()
            && let Some(denoiser) = open_folder(path, settings).map_err(unread)?
        {
            return diffusion(denoiser, &denoiser_files(path)?);
        }
        let files = checkpoint_files(path)?;
        let mut pair = pair(path, network.as_deref()).map_err(unread)?;
        if is_onnx(&pair.generator) {
            told.add_to(&mut pair.generator.configuration);
            return Self::onnx(path, pair.generator, told, &name).map_err(unread);
        }
        told.only_of_onnx(&name)?;
        if let [file] = &files[..]
            && let Some(denoiser) = of_checkpoint(&pair.generator, file, settings).map_err(unread)?
        {
            return diffusion(denoiser, &files);
        }
        let generator: Arc<dyn Generator> = from_checkpoint(&pair.generator).map_err(unread)?.into();
        let discriminator = Discriminator::of(&pair, generator.spec());
        let mut checksum = sha256_of_files(&files)?;
        if let Some(network) = network {
            // Another network of the same file is another generator.
            checksum = sha256(format!("{checksum}  {network}\n").as_bytes());
        }
        let opened = Self::own(generator, &name, &checksum);
        Ok(Self {
            discriminator: discriminator.map(|read| read.map(Arc::new).map_err(Arc::new)),
            configuration: pair.generator.configuration,
            ..opened
        })
    }

    /// The generator or denoiser in an ONNX model.
    fn onnx(path: &Path, checkpoint: Checkpoint, told: &Told, name: &str) -> Result<Self> {
        let mut files = checkpoint_files(path)?;
        let folder = files[0].parent().unwrap_or(Path::new("")).to_owned();
        let beside = checkpoint.configuration.get("onnx").and_then(|graph| graph.get("beside")?.as_list());
        files.extend(beside.into_iter().flatten().filter_map(|file| Some(folder.join(file.as_str()?))));
        files.retain(|file| file.is_file());
        let mut checksum = sha256_of_files(&files)?;
        if told.latent.is_some() || told.range.is_some() {
            // Entered elsewhere, it is another generator.
            checksum = sha256(format!("{checksum}  {:?} {:?}\n", told.latent, told.range).as_bytes());
        }
        let denoiser = of_checkpoint(&checkpoint, path, &told.settings)?;
        let read = from_checkpoint(&checkpoint).map(Arc::<dyn Generator>::from);
        let (generator, model): (Arc<dyn Generator>, _) = if let Some(denoiser) = denoiser {
            (Arc::new(Diffusion::new(denoiser)), read.ok())
        } else {
            let model = read?;
            (Arc::clone(&model), Some(model))
        };
        let configuration = checkpoint.configuration;
        Ok(Self { configuration, model, ..Self::own(generator, name, &checksum) })
    }

    /// A generator of the caller's own, under this name. `checksum` identifies it in the record of a run.
    pub fn own(generator: Arc<dyn Generator>, name: &str, checksum: &str) -> Self {
        let spec = generator.spec();
        let record = GeneratorRecord {
            name: name.to_owned(),
            family: spec.family.name().into(),
            width: spec.width,
            height: spec.height,
            channels: spec.channels,
            sha256: checksum.to_owned(),
        };
        let configuration = Configuration::new();
        Self {
            generator,
            record,
            subject: Subject::default(),
            discriminator: None,
            configuration,
            model: None,
            cache: None,
            embedded: None,
        }
    }

    /// The same with a cache on the disk for numbers that take long to make: the Gaussian fit of a mapping, and figures of the
    /// generator's own pictures under a measurement.
    #[must_use]
    pub fn with_cache(self, cache: Option<Cache>) -> Self {
        Self { cache, ..self }
    }

    /// The cache of numbers that take long to make.
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// Checks that its pictures are ones that can be searched for and written.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] for pictures that are neither grey nor RGB.
    pub fn check_colours(&self) -> Result<()> {
        let (name, channels) = (&self.record.name, self.generator.spec().channels);
        if matches!(channels, 1 | 3) {
            return Ok(());
        }
        let message = format!(
            "{name}: this generator makes pictures of {channels} channels, and only grey ones (1) and RGB (3) can be searched for \
             and written; take another generator, or render its arrays"
        );
        Err(Error::new(ErrorKind::Generator, message))
    }

    /// The same with pictures of this class, where a search over its latents has to be told: those of a StyleGAN with classes.
    #[must_use]
    pub fn of_class(self, class: usize) -> Self {
        let generator = self.generator.of_class(class).unwrap_or_else(|| Arc::clone(&self.generator));
        Self { generator, ..self }
    }

    /// Makes it ready to be entered at `latent`. A Gaussian fit that it needs and lacks is read from the cache, or made and
    /// stored there.
    ///
    /// # Errors
    /// As [`Generator::prepare`].
    pub fn prepare(&self, latent: LatentInput, engine: &dyn Engine) -> Result<()> {
        if let (LatentInput::LATENT, Some(cache)) = (latent, &self.cache) {
            FitCache::new(cache.folder()).fit(&*self.generator, engine)?;
        }
        self.generator.prepare(latent, engine)
    }

    /// Its inputs when it is entered at `latent`, for which it has to be [ready](Self::prepare), and set up as `space` says.
    ///
    /// # Errors
    /// As [`Generator::append`].
    pub fn inputs(&self, latent: LatentInput, space: &Space) -> Result<Vec<InputSpec>> {
        Ok(append_whole(&*self.generator, &mut NetworkBuilder::new(), latent, space)?.inputs)
    }

    /// How many noise maps it has.
    ///
    /// # Errors
    /// As [`Generator::append`].
    pub fn noise_maps(&self) -> Result<usize> {
        // Every generator has its last latent without further work.
        let latent = self.generator.spec().latents.last().copied().unwrap_or(LatentInput::Z);
        let inputs = self.inputs(latent, &Space::default())?;
        Ok(inputs.iter().filter(|input| input.name.starts_with("noise.")).count())
    }

    /// The embedded generator that it is, where it is one.
    pub fn embedding(&self) -> Option<&'static Embedded> {
        self.embedded
    }

    /// The name of its family.
    pub fn family(&self) -> &'static str {
        self.generator.spec().family.name()
    }
}
