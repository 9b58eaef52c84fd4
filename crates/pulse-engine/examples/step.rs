//! How long one step of a search takes in the engine: forward, and the gradient of every input.
//!
//!     cargo run --release -p pulse-engine --example step
//!     cargo run --release -p pulse-engine --example step -- stylegan 1024
//!
//! The networks have the shapes of real generators and random weights. `PULSE_SIMD` chooses the instruction
//! set and `RAYON_NUM_THREADS` the threads.

use std::sync::Arc;
use std::time::Instant;

use pulse_engine::{
    Convolution, Cpu, Dense, Engine, Fir, FirTaps, Network, NetworkBuilder, Operator, Result, SeparableMap, Shape,
    SparseMatrix, Value, Weights,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, resolution] = arguments.as_slice()
        && name == "stylegan"
    {
        let resolution = resolution.parse().expect("a resolution");
        let (network, operations) = Build::default().stylegan(resolution)?;
        measure(&format!("StyleGAN {resolution}"), &network, operations, 1, 3)?;
    } else {
        let (network, operations) = Build::default().dcgan()?;
        for batch in [1, 8] {
            measure("DCGAN 64", &network, operations, batch, 61)?;
        }
    }
    Ok(())
}

/// Prints the median over `steps` steps. `operations` are those of one candidate, forward and backward, as a direct
/// convolution would do them.
fn measure(name: &str, network: &Network, operations: f64, batch: usize, steps: usize) -> Result<()> {
    let begin = Instant::now();
    let mut program = Cpu::default().compile(network, batch)?;
    let compiled = begin.elapsed();
    let mut random = Random(1);
    let inputs: Vec<_> = network.inputs().iter().map(|port| network.input(&port.name)).collect::<Result<_>>()?;
    let wanted = &inputs[..inputs.len().min(6)];
    let output = network.output("measurement")?;
    for &input in &inputs {
        program.input_mut(input).iter_mut().for_each(|x| *x = random.next());
    }
    program.cotangent_mut(output).iter_mut().for_each(|x| *x = random.next());
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..=steps {
        let begin = Instant::now();
        program.forward(batch);
        times[0].push(begin.elapsed().as_secs_f64() * 1e3);
        let begin = Instant::now();
        program.backward(batch, wanted);
        times[1].push(begin.elapsed().as_secs_f64() * 1e3);
    }
    if std::env::var("PLAN").is_ok() {
        let profile = Cpu::default().profile(network, batch, wanted, 5);
        for s in &profile.steps {
            let ms = |i: usize| s.times[i].as_secs_f64() * 1e3;
            println!(
                "{:.20} {:70} {:16} {:8.2} {:8.2} ms {:6.0} {:6.0} GFLOP/s",
                s.operators,
                s.kernel,
                format!("{}", s.shape),
                ms(0),
                ms(1),
                2e-6 * s.products as f64 / ms(0),
                2e-6 * s.products as f64 / ms(1)
            );
        }
        println!("{} MB", profile.memory / 1_000_000);
    }
    let [forward, backward] = times.map(|mut times| {
        times.remove(0);
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let step = forward + backward;
    let rate = operations * batch as f64 / step / 1e6;
    println!(
        "{name}, batch {batch}: forward {forward:.2} ms, backward {backward:.2} ms, step {step:.2} ms, {rate:.0} GFLOP/s \
         (compiled in {:.0} ms)",
        compiled.as_secs_f64() * 1e3
    );
    Ok(())
}

#[derive(Default)]
struct Build {
    builder: NetworkBuilder,
    random: Random,
    /// Multiplications of the forward pass.
    products: f64,
    style: bool,
}

impl Build {
    fn finish(self) -> Result<(Network, f64)> {
        Ok((self.builder.build()?, 4.0 * self.products))
    }

    /// A DCGAN of 64 x 64 pixels with every feature map as an input of its own, as in a search of them.
    fn dcgan(mut self) -> Result<(Network, f64)> {
        let z = self.builder.input("z", Shape::Vector(100))?;
        let mut x = self.builder.add(Operator::Reshape(Shape::map(100, 1, 1)), &[z])?;
        let mut channels = 100;
        for (layer, wider) in [512, 256, 128, 64].into_iter().enumerate() {
            let (stride, padding) = if layer == 0 { (1, 0) } else { (2, 1) };
            x = self.transposed(x, [channels, wider], 4, stride, padding)?;
            x = self.builder.add(Operator::relu(), &[x])?;
            let features = self.builder.input(format!("features {layer}"), self.builder.shape(x))?;
            x = self.builder.add(Operator::Add, &[x, features])?;
            channels = wider;
        }
        x = self.transposed(x, [channels, 3], 4, 2, 1)?;
        x = self.builder.add(Operator::Tanh, &[x])?;
        x = self.builder.add(Operator::affine(vec![0.5], vec![0.5]), &[x])?;
        self.builder.output("image", x)?;
        self.measurement(x)?;
        self.finish()
    }

    /// A StyleGAN from 4 x 4 pixels up: 16 to 512 channels, two layers a resolution.
    fn stylegan(mut self, resolution: usize) -> Result<(Network, f64)> {
        let w = self.builder.input("w", Shape::Vector(512))?;
        self.style = true;
        let constant = self.weights(512 * 16, 1.0);
        let mut x = self.builder.add(Operator::Constant(Shape::map(512, 4, 4), constant), &[])?;
        let mut channels = 512;
        for size in (2..=resolution.ilog2()).map(|exponent| 1 << exponent) {
            let wider = (16_384 / size).min(512);
            if size > 4 {
                x = self.transposed(x, [channels, wider], 4, 2, 1)?;
                x = self.blur(x)?;
                let shift = self.weights(wider, 0.1);
                x = self.builder.add(Operator::affine(Vec::new(), shift), &[x])?;
                x = self.styled(x, w, format!("noise {size} a"))?;
            }
            x = self.convolution(x, [wider, wider], 3)?;
            x = self.styled(x, w, format!("noise {size} b"))?;
            channels = wider;
        }
        x = self.convolution(x, [channels, 3], 1)?;
        self.builder.output("image", x)?;
        self.measurement(x)?;
        self.finish()
    }

    fn styled(&mut self, x: Value, w: Value, noise: String) -> Result<Value> {
        let Shape::Map { channels, height, width } = self.builder.shape(x) else { unreachable!("a map") };
        let noise = self.builder.input(noise, Shape::map(1, height, width))?;
        let strength = self.weights(channels, 0.1);
        let mut x = self.builder.add(Operator::AddNoise(strength), &[x, noise])?;
        x = self.builder.add(Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[x])?;
        x = self.builder.add(Operator::InstanceNorm { epsilon: 1e-8 }, &[x])?;
        let [scale, shift] = [self.dense(w, channels)?, self.dense(w, channels)?];
        self.builder.add(Operator::Modulate, &[x, scale, shift])
    }

    fn blur(&mut self, x: Value) -> Result<Value> {
        let taps: Weights = vec![0.25, 0.5, 0.25].into();
        let taps = FirTaps::Separable { vertical: taps.clone(), horizontal: taps };
        self.builder.add(Operator::Fir(Fir { taps, up: 1, down: 1, padding_y: [1, 1], padding_x: [1, 1] }), &[x])
    }

    /// Block averages down to 16 x 16 pixels.
    fn measurement(&mut self, image: Value) -> Result<()> {
        let Shape::Map { width, .. } = self.builder.shape(image) else { unreachable!("a map") };
        let factor = width / 16;
        let row = |i: usize| (0..factor).map(|k| (i * factor + k, 1.0 / factor as f64)).collect();
        let axis = Arc::new(SparseMatrix::from_rows(width, (0..16).map(row)));
        let map = SeparableMap { vertical: axis.clone(), horizontal: axis };
        let y = self.builder.add(Operator::SeparableMap(map), &[image])?;
        self.builder.output("measurement", y)
    }

    fn transposed(
        &mut self,
        x: Value,
        channels: [usize; 2],
        size: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Value> {
        self.products += (channels[1] * size * size * self.builder.shape(x).len()) as f64;
        let mut convolution = self.weights_of(channels, size, stride, padding);
        if channels[1] > 3 && self.style {
            convolution.bias = None;
        }
        self.builder.add(Operator::TransposedConvolution(convolution), &[x])
    }

    fn convolution(&mut self, x: Value, channels: [usize; 2], size: usize) -> Result<Value> {
        self.products += (channels[1] * size * size * self.builder.shape(x).len()) as f64;
        let convolution = self.weights_of(channels, size, 1, size / 2);
        self.builder.add(Operator::Convolution(convolution), &[x])
    }

    fn weights_of(&mut self, [inputs, outputs]: [usize; 2], size: usize, stride: usize, padding: usize) -> Convolution {
        let count = inputs * outputs * size * size;
        Convolution {
            weight: self.weights(count, (2.0 / (inputs * size * size) as f32).sqrt()),
            bias: Some(self.weights(outputs, 0.1)),
            out_channels: outputs,
            in_channels: inputs,
            kernel: [size, size],
            stride,
            padding,
        }
    }

    fn dense(&mut self, x: Value, outputs: usize) -> Result<Value> {
        let inputs = self.builder.shape(x).len();
        let weight = self.weights(inputs * outputs, (1.0 / inputs as f32).sqrt());
        let bias = Some(vec![1.0; outputs].into());
        let dense = Dense { weight, bias, out_features: outputs, in_features: inputs };
        self.builder.add(Operator::Dense(dense), &[x])
    }

    fn weights(&mut self, count: usize, deviation: f32) -> Weights {
        (0..count).map(|_| deviation * self.random.next()).collect()
    }
}

/// Numbers of variance 1, from a linear congruential generator.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0) * 3f32.sqrt()
    }
}
