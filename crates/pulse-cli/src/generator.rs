//! The generator that an argument names.

use std::path::Path;

use pulse::ErrorKind;
use pulse::generator::{self, EMBEDDED, Embedded, Generator, checkpoint_files};
use pulse::run::{GeneratorRecord, sha256, sha256_of_files};

use crate::failure::Failure;

/// What stands in the help of every argument that takes one.
pub(crate) const HELP: &str =
    "An embedded generator's name, or the path of a checkpoint or of the folder that one is in";

/// A generator, and what a run's record says of it.
pub(crate) struct Named {
    pub(crate) generator: Box<dyn Generator>,
    pub(crate) record: GeneratorRecord,
}

/// The name of the embedded generator that is taken when nobody names one.
pub(crate) fn default_name() -> &'static str {
    EMBEDDED[0].name
}

/// Reads the generator called `name`: an embedded one, or else a file or folder.
pub(crate) fn open(name: &str) -> Result<Named, Failure> {
    let (generator, checksum) = if let Some(embedded) = Embedded::find(name) {
        (embedded.open()?, sha256(embedded.bytes))
    } else if Path::new(name).exists() {
        let files = checkpoint_files(Path::new(name))?;
        let generator = generator::open(Path::new(name)).map_err(|error| {
            let way_out = format!("{error}; `pulse info --help` says which are read");
            Failure::of(name, if error.kind() == ErrorKind::Generator { error.to_string() } else { way_out })
        })?;
        (generator, sha256_of_files(&files)?)
    } else {
        let names: Vec<_> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
        let reason = format!(
            "no such generator: it is neither embedded nor a file; take {}, or give a path",
            names.join(" or ")
        );
        return Err(Failure::of(name, reason));
    };
    let spec = generator.spec();
    let record = GeneratorRecord {
        name: Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy().into_owned()),
        family: spec.family.name().into(),
        width: spec.width,
        height: spec.height,
        channels: spec.channels,
        sha256: checksum,
    };
    Ok(Named { generator, record })
}
