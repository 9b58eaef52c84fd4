//! What a generator's pictures are of.

/// What a generator's pictures are of, where that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Faces.
    Faces,
    /// Black holes with the gas round them, simulated.
    BlackHoles,
    /// Galaxies, simulated.
    Galaxies,
    /// Cells under a fluorescence microscope, simulated.
    Cells,
    /// Land from above, simulated.
    Land,
    /// Slices of a brain, deformed from one template.
    Brains,
    /// Anything else, or unknown.
    #[default]
    Pictures,
}

impl Subject {
    /// One of them, for the middle of a sentence.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Faces => "face",
            Self::BlackHoles => "black hole",
            Self::Galaxies => "galaxy",
            Self::Cells => "picture of cells",
            Self::Land => "piece of land",
            Self::Brains => "slice of a brain",
            Self::Pictures => "picture",
        }
    }

    /// Several of them.
    pub const fn several(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::BlackHoles => "black holes",
            Self::Galaxies => "galaxies",
            Self::Cells => "pictures of cells",
            Self::Land => "pieces of land",
            Self::Brains => "slices of brains",
            Self::Pictures => "pictures",
        }
    }

    /// Whether the generator has seen a simulator's pictures and no photograph, so that what it imagines is what the
    /// simulator assumes.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::BlackHoles | Self::Galaxies | Self::Cells | Self::Land | Self::Brains)
    }
}
