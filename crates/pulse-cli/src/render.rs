//! `pulse render`: the pictures of given inputs, and gradients through the generator; of a denoiser, what it makes of noise.

mod denoised;

use std::path::{Path, PathBuf};

use clap::Args;
use pulse::Opened;
use pulse::generator::{LatentInput, NoiseStart, Space};
use pulse::image::{Image, write_png};
use pulse::inputs::{Inputs, listed, read_inputs};
use pulse::render::{Mapping, Question, Renderer};
use pulse::write::write_atomically;
use pulse_engine::{Cpu, Shape};

use crate::engine::EngineArguments;
use crate::failure::{Failure, note, print};
use crate::generator;
use crate::status::Status;

/// The name of the cotangent among the inputs.
const COTANGENT: &str = "image_cotangent";

pub(crate) const EXAMPLES: &str = "\
Examples:
  pulse render faces --inputs pulse-out/small/inputs.safetensors --out faces.png
  pulse render faces --inputs inputs.safetensors --out arrays.safetensors --vjp
  pulse render ffhq.pkl --inputs z.safetensors --out faces.png --truncation-psi 0.7 --noise random
  pulse render ffhq.pkl --inputs z.safetensors --out ws.safetensors --mapping-only
  pulse render ddpm-celebahq-256 --inputs noise.safetensors --out face.png --sampler ddim --steps 50
  pulse render ddpm-celebahq-256 --inputs noisy.safetensors --out denoised.safetensors --vjp

Inputs have one row a candidate: z [B,n], w [B,n], ws [B,num_ws,n], latent [B,num_ws,n], noise.0 ... [B,1,h,w],
feature.0 ... [B,c,h,w], c [B,classes]. One latent (z, w, ws or latent) must be there; what else the file does not
name is at its start.

A diffusion, flow or consistency model (a folder of diffusers) takes one of three:
  x [B,C,H,W] and t [B], the network's own times: writes `output`, what the network itself gives;
  x and sigma [B], noise levels: writes `denoised`, the mean of all pictures that x could have been, D(x; sigma),
    where x is a picture plus sigma times normal noise;
  start [B,C,H,W], noise of unit variance: writes `image`, where the sampler ends.
With classes there is also c [B,classes]. With --vjp the inputs hold the `cotangent` of `output` or `denoised`, and
`x_grad` is written too.";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(value_parser = generator::Name, hide_possible_values = true, help = generator::HELP)]
    generator: String,

    #[command(flatten)]
    told: generator::Told,

    /// The inputs, a safetensors file such as the one that `pulse upsample` leaves behind
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// Where to write. NAME.png: the picture, clamped to 8 bits; of several rows NAME-01.png, NAME-02.png and
    /// so on. NAME.safetensors: `image` [B,C,H,W], f32, the network's own values, nominally in [-1, 1], not
    /// clamped. What is there is replaced
    #[arg(long, value_name = "PNG|SAFETENSORS")]
    out: PathBuf,

    /// Read `image_cotangent` [B,C,H,W] (of a denoiser: `cotangent`) from the inputs too, and also write the gradients of
    /// <image, image_cotangent> as `NAME_grad` for every input that was given (safetensors only)
    #[arg(long)]
    vjp: bool,

    /// Stop at `ws`: write it [B,num_ws,n] instead of `image`, without running the synthesis (safetensors only)
    #[arg(long, conflicts_with_all = ["vjp", "noise"])]
    mapping_only: bool,

    #[arg(long, value_name = "KIND", help = format!(
        "What noise maps are that the inputs do not hold: const, those of the generator's file, random where it has \
         none; zero; or random [default: {}]", Space::default().noise))]
    noise: Option<NoiseStart>,

    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = finite, help = format!(
        "Bring w nearer to its average: w_avg + X (w - w_avg); 1 changes nothing, 0 gives the average [default: {}]",
        Space::default().truncation.psi))]
    truncation_psi: Option<f32>,

    /// Do so only for the first N rows of ws [default: all]
    #[arg(long, value_name = "N", requires = "truncation_psi")]
    truncation_cutoff: Option<usize>,

    #[command(flatten)]
    sampler: denoised::SamplerArguments,

    #[command(flatten)]
    engine: EngineArguments,
}

impl Arguments {
    /// How the generator is set up for inputs that enter it at `latent`.
    fn space(&self, opened: &Opened, inputs: &Inputs, latent: LatentInput) -> Result<Space, Failure> {
        let mut space = Space { tile_latent: is_tiled(opened, inputs, latent), ..Space::default() };
        if let Some(noise) = self.noise {
            generator::noise_maps(opened, "--noise")?;
            space.noise = noise;
        }
        if let Some(psi) = self.truncation_psi {
            generator::check_truncation(opened, latent, "--truncation-psi")?;
            space.truncation.psi = psi;
        }
        if let Some(rows) = self.truncation_cutoff {
            let all = opened.generator.spec().num_ws;
            if rows > all {
                let reason = format!("ws has {all} rows, not {rows}; give at most {all}");
                return Err(Failure::of("--truncation-cutoff", reason));
            }
            space.truncation.cutoff = Some(rows);
        }
        Ok(space)
    }

    /// The latent that the inputs hold.
    fn latent(&self, opened: &Opened, inputs: &Inputs) -> Result<LatentInput, Failure> {
        let latents = [LatentInput::Z, LatentInput::W, LatentInput::WS, LatentInput::LATENT].map(LatentInput::name);
        let held: Vec<_> = latents.into_iter().filter(|name| inputs.arrays().contains_key(*name)).collect();
        if held.len() > 1 {
            let reason = format!("it holds {}, of which only one can be rendered; keep that one", held.join(" and "));
            return Err(Failure::of(self.inputs.display(), reason));
        }
        let latent = inputs.latent(&*opened.generator);
        if self.mapping_only && latent == LatentInput::WS {
            return Err(Failure::of(
                self.inputs.display(),
                "it holds ws already; give z, w or latent to --mapping-only",
            ));
        }
        Ok(latent)
    }
}

/// Whether the inputs have one row of `latent` for all layers, as a search with --tile-latent leaves them.
fn is_tiled(opened: &Opened, inputs: &Inputs, latent: LatentInput) -> bool {
    let spec = opened.generator.spec();
    let held = (latent == LatentInput::LATENT).then(|| inputs.arrays().get(latent.name())).flatten();
    held.is_some_and(|tensor| tensor.shape().iter().skip(1).product::<usize>() == spec.w_dim)
}

/// A number that is one.
pub(crate) fn finite(text: &str) -> Result<f32, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f32| number.is_finite())
        .ok_or_else(|| "write a number such as 0.7".into())
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

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let kind = Kind::of(&arguments.out)?;
    for (asked, option, what) in
        [(arguments.vjp, "--vjp", "the gradients"), (arguments.mapping_only, "--mapping-only", "the ws")]
    {
        if asked && kind == Kind::Png {
            let reason = format!("a picture cannot hold {what} of {option}; end its name in .safetensors");
            return Err(Failure::of(arguments.out.display(), reason));
        }
    }
    let engine = arguments.engine.start()?;
    let opened = arguments.told.open(&arguments.generator)?;
    let inputs = read_inputs(&arguments.inputs)?;
    if let Some(denoiser) = opened.generator.denoiser()
        && Question::is_asked(&inputs)
    {
        return denoised::run(denoiser, &inputs, kind, arguments, &engine);
    }
    if let Some(option) = arguments.sampler.given() {
        let reason = "only a denoiser has steps to take, from inputs that hold `start`; leave the option out";
        return Err(Failure::of(option, reason));
    }
    if arguments.mapping_only {
        write_ws(&opened, &inputs, arguments, &engine)?;
        return Ok(Status::Good);
    }
    let mut rendering = Rendering::new(&opened, &inputs, arguments, &engine)?;
    match kind {
        Kind::Png => {
            opened.check_colours()?;
            rendering.write_pngs(&opened, &arguments.out)?;
        }
        Kind::Safetensors => rendering.write_arrays(&arguments.out)?,
    }
    Ok(Status::Good)
}

/// Notes which arrays of a file of inputs are not looked at.
pub(crate) fn note_unknown<'a>(file: &Path, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if !names.is_empty() {
        let names = listed(names.into_iter());
        note(&format!("{}: not an input of this generator, ignored: {names}", file.display()));
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
    fn new(opened: &Opened, inputs: &'a Inputs, arguments: &Arguments, engine: &Cpu) -> Result<Self, Failure> {
        let file = &arguments.inputs;
        let generator = &*opened.generator;
        let spec = generator.spec();
        let shape = Shape::map(spec.channels, spec.height, spec.width);
        let latent = arguments.latent(opened, inputs)?;
        let space = arguments.space(opened, inputs, latent)?;
        opened.prepare(latent, engine)?;
        let renderer = Renderer::in_space(generator, latent, &space, engine)?;
        let rows = inputs.check(renderer.specs()).map_err(|error| Failure::of(file.display(), error))?;
        let unknown = inputs.unknown(renderer.specs()).filter(|&name| !(arguments.vjp && name == COTANGENT));
        note_unknown(file, unknown);
        let cotangent = arguments.vjp.then(|| cotangent(inputs, rows, shape)).transpose();
        let cotangent = cotangent.map_err(|reason| Failure::of(file.display(), reason))?;
        Ok(Self { renderer, inputs, rows, shape, cotangent })
    }

    fn write_pngs(&mut self, opened: &Opened, out: &Path) -> Result<(), Failure> {
        // The inputs are given, not drawn: no seed leads to this picture.
        let provenance = opened.record.provenance(None);
        for row in 0..self.rows {
            let values = self.renderer.render(self.inputs, row)?;
            let Shape::Map { channels, height, width } = self.shape else { unreachable!("pictures are maps") };
            let image = Image::from_network(channels, height, width, values)?;
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

/// Writes the `ws` of every row.
fn write_ws(opened: &Opened, inputs: &Inputs, arguments: &Arguments, engine: &Cpu) -> Result<(), Failure> {
    let latent = arguments.latent(opened, inputs)?;
    let space = arguments.space(opened, inputs, latent)?;
    opened.prepare(latent, engine)?;
    let mut mapping =
        Mapping::new(&*opened.generator, latent, &space, engine).map_err(|error| match opened.generator.spec() {
            spec if spec.num_ws == 0 => Failure::of("--mapping-only", error),
            _ => error.into(),
        })?;
    let file = &arguments.inputs;
    let rows = inputs.check(mapping.specs()).map_err(|error| Failure::of(file.display(), error))?;
    note_unknown(file, inputs.unknown(mapping.specs()));
    let shape = mapping.shape();
    let mut ws = Vec::with_capacity(rows * shape.len());
    for row in 0..rows {
        ws.extend_from_slice(mapping.run(inputs, row)?);
    }
    let mut arrays = Inputs::default();
    arrays.insert("ws", rows, shape, ws);
    write_atomically(&arguments.out, &arrays.to_bytes()?)?;
    print(&format!("{}\n", arguments.out.display()))
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
