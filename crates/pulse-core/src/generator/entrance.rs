//! The way from a latent to `ws`, the rows that the layers read; the same in every generator with styles.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use pulse_checkpoint::{Configuration, Tensor};
use pulse_engine::{Dense, Engine, Operator, Shape, Value, Weights};

use super::assembly::Assembly;
use super::mapping::Mapping;
use super::prior::GaussianFit;
use super::space::Truncation;
use super::{LatentInput, Start};
use crate::latent::Geometry;
use crate::tensors::Tensors;
use crate::{Error, ErrorKind, Result};

/// The way into a generator with styles: `z → mapping → w → truncation → ws`, and `latent → Gaussian fit → ws`.
///
/// The fit is that of the file, or else is [made](Entrance::prepare) of the mapping, which takes seconds for a mapping of
/// full width.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Absent where the file has none: then there is no `z`.
    pub(super) mapping: Option<Mapping>,
    /// `w_avg`, what truncation moves towards.
    pub(super) average: Option<Weights>,
    /// How many rows `ws` has.
    pub(super) rows: usize,
    /// The length of `w`.
    pub(super) width: usize,
    fit: OnceLock<GaussianFit>,
    /// The class that the fit is of, where there are classes.
    class: usize,
}

/// Where the synthesis starts.
#[derive(Clone, Copy, Debug)]
pub struct Entered {
    /// `[num_ws, w_dim]`.
    pub ws: Value,
    /// The same, where its rows can differ.
    pub rows: Option<Value>,
}

impl Entrance {
    /// Of a mapping network of the caller's own: `x = z / rms(z)`; for each layer `x ← gain · LeakyReLU0.2(W x + b)`; and `rows`
    /// times what comes out. Truncation needs the `average` of that.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] when there is no layer or row, when the layers do not fit each other, or when the average is of
    /// another length.
    pub fn new(layers: Vec<Dense>, gain: f32, average: Option<Weights>, rows: usize) -> Result<Self> {
        let unfit = |problem: &str| Error::new(ErrorKind::Generator, format!("the mapping network {problem}"));
        let width = layers.last().map(|layer| layer.out_features).ok_or_else(|| unfit("has no layer"))?;
        if layers.windows(2).any(|pair| pair[0].out_features != pair[1].in_features) {
            return Err(unfit("has a layer that does not take what the layer before it makes"));
        }
        if rows == 0 || average.as_ref().is_some_and(|average| average.len() != width) {
            return Err(unfit("has no rows, or an average of another length than what it makes"));
        }
        Ok(Self::read(Some(Mapping::plain(layers, gain)), average, rows, width))
    }

    /// As a file has it.
    pub(super) fn read(mapping: Option<Mapping>, average: Option<Weights>, rows: usize, width: usize) -> Self {
        Self { mapping, average, rows, width, fit: OnceLock::new(), class: 0 }
    }

    /// The same with the Gaussian fit that came with the file, where one did.
    pub(super) fn with_fit_of(mut self, tensors: &Tensors) -> Result<Self> {
        if let Some(fit) = GaussianFit::read(tensors, self.width)? {
            self.fit = fit.into();
        }
        Ok(self)
    }

    /// The same with a fit of another class, which has yet to be made; nothing where there is no such class or this one has it.
    pub fn of_class(&self, class: usize) -> Option<Self> {
        let classes = self.mapping.as_ref().map_or(0, Mapping::classes);
        (class < classes && class != self.class).then(|| Self { fit: OnceLock::new(), class, ..self.clone() })
    }

    /// Whether a Gaussian fit has yet to be made of the mapping.
    pub fn lacks_fit(&self) -> bool {
        self.fit.get().is_none() && self.mapping.is_some()
    }

    /// Makes the Gaussian fit of the mapping with `engine`, where it is lacking and can be made.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the engine cannot run the mapping.
    pub fn prepare(&self, engine: &dyn Engine) -> Result<()> {
        if let Some(mapping) = self.mapping.as_ref().filter(|_| self.lacks_fit()) {
            self.take_fit(GaussianFit::of(mapping, self.class, engine)?);
        }
        Ok(())
    }

    /// The Gaussian fit as the tensors `gaussian_fit.mean` and `gaussian_fit.std` `[w_dim]`, as every family's files
    /// may have them beside the network.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when there is none, or it was not [made](Self::prepare) yet.
    pub fn fit_tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        Ok(self.fit()?.tensors())
    }

    /// Takes a fit that was made before, as [`fit_tensors`](Self::fit_tensors) gives it, unless there is one already. Whether
    /// the tensors were a fit of this width.
    pub fn take_fit_tensors(&self, tensors: &BTreeMap<String, Tensor>) -> bool {
        let configuration = Configuration::new();
        let fit = GaussianFit::read(&Tensors::new("Gaussian fit", tensors, &configuration), self.width);
        fit.ok().flatten().map(|fit| self.take_fit(fit)).is_some()
    }

    /// Gives `sink` everything that the fit depends on, byte by byte, so that a fit that was kept can be told from that of
    /// another mapping; nothing where there is no mapping.
    pub fn feed_fit(&self, sink: &mut dyn FnMut(&[u8])) {
        if let Some(mapping) = &self.mapping {
            GaussianFit::feed(mapping, self.class, sink);
        }
    }

    fn take_fit(&self, fit: GaussianFit) {
        let _ = self.fit.set(fit);
    }

    /// The latents at which it can be entered, PULSE's first.
    pub fn latents(&self) -> Vec<LatentInput> {
        let fitted = self.mapping.is_some() || self.fit.get().is_some();
        let all = [
            (fitted, LatentInput::LATENT),
            (self.mapping.is_some(), LatentInput::Z),
            (true, LatentInput::W),
            (true, LatentInput::WS),
        ];
        all.into_iter().filter(|entry| entry.0).map(|entry| entry.1).collect()
    }

    /// Adds the `latent` to the inputs, and the way from there to `ws`.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when it cannot be entered there, [`ErrorKind::Setting`] for a truncation without an average.
    pub fn enter(&self, assembly: &mut Assembly<'_>, latent: LatentInput) -> Result<Entered> {
        let (rows, width) = (self.rows, self.width);
        match latent {
            LatentInput::Z => {
                let mapping = self.mapping.as_ref().ok_or_else(|| lacks("z", "mapping network"))?;
                let shape = Shape::Vector(mapping.z_dim());
                let z = assembly.input("z", shape, Start::Normal, Geometry::sphere(shape))?;
                let c = class(mapping.classes(), assembly)?;
                let w = mapping.append(assembly.builder, z, c)?;
                self.truncated(assembly, w).map(|ws| Entered { ws, rows: None })
            }
            LatentInput::W => {
                let w = assembly.input("w", Shape::Vector(width), Start::Normal, Geometry::Free)?;
                self.truncated(assembly, w).map(|ws| Entered { ws, rows: None })
            }
            LatentInput::WS => {
                let ws = assembly.input("ws", Shape::Rows { rows, width }, Start::Normal, Geometry::Free)?;
                Ok(Entered { ws, rows: Some(ws) })
            }
            LatentInput::LATENT => {
                let tiled = assembly.space.tile_latent;
                let shape = Shape::Rows { rows: if tiled { 1 } else { rows }, width };
                let v = assembly.input("latent", shape, Start::Normal, Geometry::sphere(shape))?;
                let fitted = self.fit()?.append(assembly.builder, v)?;
                if !tiled {
                    return Ok(Entered { ws: fitted, rows: Some(fitted) });
                }
                let w = assembly.add(Operator::Row(0), &[fitted])?;
                let ws = assembly.add(Operator::RepeatRows(rows), &[w])?;
                Ok(Entered { ws, rows: None })
            }
            other => Err(lacks(other.name(), "input of that name")),
        }
    }

    fn fit(&self) -> Result<&GaussianFit> {
        self.fit.get().ok_or_else(|| match self.mapping {
            Some(_) => {
                let message =
                    "it cannot be entered at `latent` yet: the Gaussian fit of its mapping was not made; prepare it";
                Error::new(ErrorKind::Inputs, message)
            }
            None => lacks("latent", "mapping network and no Gaussian fit"),
        })
    }

    /// All rows `w`, the first of them brought nearer to the average.
    fn truncated(&self, assembly: &mut Assembly, w: Value) -> Result<Value> {
        let ws = assembly.add(Operator::RepeatRows(self.rows), &[w])?;
        let Truncation { psi, cutoff } = assembly.space.truncation;
        if psi == 1.0 {
            return Ok(ws);
        }
        let Some(average) = &self.average else {
            let message = format!("a truncation psi of {psi}: this file has no average w; leave it at 1");
            return Err(Error::new(ErrorKind::Setting, message));
        };
        let psi_of = |row: usize| if row < cutoff.unwrap_or(usize::MAX) { psi } else { 1.0 };
        let every = (0..self.rows).flat_map(|row| average.iter().map(move |&average| (psi_of(row), average)));
        let (scale, shift): (Vec<f32>, Vec<f32>) = every.map(|(psi, average)| (psi, (1.0 - psi) * average)).unzip();
        assembly.add(Operator::affine(scale, shift), &[ws])
    }
}

/// The input `c`, one number a class; by default the first class.
fn class(classes: usize, assembly: &mut Assembly) -> Result<Option<Value>> {
    if classes == 0 {
        return Ok(None);
    }
    let start = assembly.space.one_hot(classes)?;
    assembly.input("c", Shape::Vector(classes), start, Geometry::Fixed).map(Some)
}

fn lacks(latent: &str, what: &str) -> Error {
    Error::new(ErrorKind::Inputs, format!("it cannot be entered at `{latent}`: the file has no {what}"))
}
