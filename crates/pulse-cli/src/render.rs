//! `pulse render`: the pictures of given inputs, and gradients through the generator.

use std::path::{Path, PathBuf};

use clap::Args;
use pulse::image::{Image, write_png};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse::write::write_atomically;
use pulse_engine::{Cpu, Shape};

use crate::Verdict;
use crate::failure::{Failure, note, print};
use crate::generator::{self, Named};

/// The name of the cotangent among the inputs.
const COTANGENT: &str = "image_cotangent";

pub(crate) const EXAMPLES: &str = "\
Examples:
  pulse render faces --inputs pulse-out/small/inputs.safetensors --out faces.png
  pulse render faces --inputs inputs.safetensors --out arrays.safetensors --vjp

Inputs have one row a candidate: z [B,n], w [B,n], ws [B,num_ws,n], latent [B,num_ws,n], noise.0 ... [B,1,h,w],
feature.0 ... [B,c,h,w], c [B,classes]. What the file does not name is at its start.";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(help = generator::HELP)]
    generator: String,

    /// The inputs, a safetensors file such as the one that `pulse upsample` leaves behind
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// Where to write. NAME.png: the picture, clamped to 8 bits; of several rows NAME-01.png, NAME-02.png and
    /// so on. NAME.safetensors: `image` [B,C,H,W], f32, the network's own values, nominally in [-1, 1], not
    /// clamped. What is there is replaced
    #[arg(long, value_name = "PNG|SAFETENSORS")]
    out: PathBuf,

    /// Read `image_cotangent` [B,C,H,W] from the inputs too, and also write the gradients of
    /// <image, image_cotangent> as `NAME_grad` for every input that was given (safetensors only)
    #[arg(long)]
    vjp: bool,
}

/// The kinds of files that it writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Png,
    Safetensors,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if extension.eq_ignore_ascii_case("png") => Ok(Self::Png),
            Some(extension) if extension.eq_ignore_ascii_case("safetensors") => Ok(Self::Safetensors),
            _ => Err(Failure::of(path.display(), "tells no kind of file by its name; end it in .png or .safetensors")),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let kind = Kind::of(&arguments.out)?;
    if arguments.vjp && kind == Kind::Png {
        return Err(Failure::of(
            arguments.out.display(),
            "a picture cannot hold the gradients of --vjp; end its name in .safetensors",
        ));
    }
    let named = generator::open(&arguments.generator)?;
    let inputs = Inputs::read(&arguments.inputs)?;
    let mut rendering = Rendering::new(&named, &inputs, arguments)?;
    match kind {
        Kind::Png => rendering.write_pngs(&named, &arguments.out)?,
        Kind::Safetensors => rendering.write_arrays(&arguments.out)?,
    }
    Ok(Verdict::Good)
}

/// Notes which arrays of a file of inputs are not looked at.
pub(crate) fn note_unknown<'a>(file: &Path, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if !names.is_empty() {
        note(&format!("{}: not an input of this generator, ignored: {}", file.display(), names.join(", ")));
    }
}

struct Rendering<'a> {
    renderer: Renderer,
    inputs: &'a Inputs,
    rows: usize,
    shape: Shape,
    /// The cotangent of every row, when gradients are wanted.
    cotangent: Option<&'a [f32]>,
}

impl<'a> Rendering<'a> {
    fn new(named: &Named, inputs: &'a Inputs, arguments: &Arguments) -> Result<Self, Failure> {
        let file = &arguments.inputs;
        let generator = &*named.generator;
        let spec = generator.spec();
        let shape = Shape::map(spec.channels, spec.height, spec.width);
        let renderer = Renderer::new(generator, inputs.latent(generator), &Cpu::default())?;
        let rows = inputs.check(renderer.specs()).map_err(|error| Failure::of(file.display(), error))?;
        let unknown = inputs.unknown(renderer.specs()).filter(|&name| !(arguments.vjp && name == COTANGENT));
        note_unknown(file, unknown);
        let cotangent = arguments.vjp.then(|| cotangent(inputs, rows, shape)).transpose();
        let cotangent = cotangent.map_err(|reason| Failure::of(file.display(), reason))?;
        Ok(Self { renderer, inputs, rows, shape, cotangent })
    }

    fn write_pngs(&mut self, named: &Named, out: &Path) -> Result<(), Failure> {
        // The inputs are given, not drawn: no seed leads to this picture.
        let provenance = named.record.provenance(None);
        for row in 0..self.rows {
            let values = self.renderer.render(self.inputs, row)?;
            let picture = values.iter().map(|&value| f32::midpoint(value, 1.0)).collect();
            let Shape::Map { channels, height, width } = self.shape else { unreachable!("pictures are maps") };
            let image = Image::clamped(channels, height, width, picture)?;
            let path = if self.rows == 1 { out.to_owned() } else { numbered(out, row, self.rows) };
            write_png(&path, &image, Some(&provenance))?;
            print(&format!("{}\n", path.display()))?;
        }
        Ok(())
    }

    fn write_arrays(&mut self, out: &Path) -> Result<(), Failure> {
        let given: Vec<_> = self
            .renderer
            .specs()
            .iter()
            .filter(|spec| self.inputs.arrays().contains_key(&spec.name))
            .cloned()
            .collect();
        let names: Vec<_> = given.iter().map(|spec| spec.name.as_str()).collect();
        let mut image = Vec::with_capacity(self.rows * self.shape.len());
        let mut gradients = vec![Vec::new(); given.len()];
        for row in 0..self.rows {
            image.extend_from_slice(self.renderer.render(self.inputs, row)?);
            if let Some(cotangent) = self.cotangent {
                let cotangent = &cotangent[row * self.shape.len()..][..self.shape.len()];
                let of_row = self.renderer.vector_jacobian(cotangent, &names)?;
                gradients.iter_mut().zip(of_row).for_each(|(all, row)| all.extend(row));
            }
        }
        let mut arrays = Inputs::default();
        arrays.insert("image", self.rows, self.shape, image);
        if self.cotangent.is_some() {
            for (spec, gradient) in given.iter().zip(gradients) {
                arrays.insert(format!("{}_grad", spec.name), self.rows, spec.shape, gradient);
            }
        }
        write_atomically(out, &arrays.to_bytes()?)?;
        print(&format!("{}\n", out.display()))
    }
}

/// The cotangents of all rows, once they were checked.
fn cotangent(inputs: &Inputs, rows: usize, shape: Shape) -> Result<&[f32], String> {
    let tensor = inputs.arrays().get(COTANGENT);
    let tensor = tensor.ok_or_else(|| format!("it lacks `{COTANGENT}`, which --vjp needs; add it of {shape} a row"))?;
    if tensor.data().len() != rows * shape.len() || tensor.shape().first() != Some(&rows) {
        return Err(format!("`{COTANGENT}` has shape {:?}; give {rows} rows of {shape}", tensor.shape()));
    }
    if tensor.data().iter().any(|number| !number.is_finite()) {
        return Err(format!("`{COTANGENT}` holds a number that is not finite; give finite ones"));
    }
    Ok(tensor.data())
}

/// `NAME-01.png` for the first of several rows.
fn numbered(path: &Path, row: usize, rows: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{:0digits$}.{extension}", row + 1, digits = rows.to_string().len().max(2)))
}
