//! Try.
#![allow(missing_docs)]
use pulse_checkpoint::{Checkpoint, OpenOptions};
use pulse_core::generator::{Space, append_whole, from_checkpoint};
use pulse_engine::*;
fn main() {
    for path in std::env::args().skip(1) {
        let case = Checkpoint::open(path.replace(".onnx", "_case.safetensors")).unwrap();
        let checkpoint = match OpenOptions::new().open(&path) {
            Ok(c) => c,
            Err(e) => {
                println!("{path}: READ {e}");
                continue;
            }
        };
        if std::env::var("ONNX_DUMP").is_ok() {
            println!("{:?}", checkpoint.configuration["onnx"].get("inputs"));
        }
        let t = std::time::Instant::now();
        let g = match from_checkpoint(&checkpoint) {
            Ok(g) => g,
            Err(e) => {
                println!("{path}: {e}");
                continue;
            }
        };
        let lowered = t.elapsed();
        let mut b = NetworkBuilder::new();
        let latent = g.spec().latents[0];
        let made = append_whole(&*g, &mut b, latent, &Space::default()).unwrap();
        b.output("image", made.image).unwrap();
        let net = b.build().unwrap();
        if std::env::var("ONNX_NODES").is_ok() {
            for n in net.nodes() {
                println!(
                    "{} {:?} {}",
                    n.operator.name(),
                    n.arguments.iter().map(|a| a.index()).collect::<Vec<_>>(),
                    n.shape
                );
            }
        }
        let [lo, hi] = g.own_range();
        for (name, engine) in [("Cpu", &Cpu::default() as &dyn Engine), ("Reference", &Reference)] {
            let rows = case.tensors["image"].data().len() / net.output_port(net.output("image").unwrap()).shape.len();
            let mut p = engine.compile(&net, rows).unwrap();
            for spec in &made.inputs {
                let id = net.input(&spec.name).unwrap();
                match case.tensors.get(&spec.name) {
                    Some(t) if t.data().len() % spec.shape.len() == 0 && t.data().len() / spec.shape.len() == rows => {
                        p.input_mut(id).copy_from_slice(t.data())
                    }
                    Some(t) if t.data().len() == 1 => {
                        let i = p.input_mut(id);
                        i.fill(0.0);
                        i[t.data()[0] as usize] = 1.0;
                    }
                    Some(t) => println!("{}: {:?} for {}", spec.name, t.shape(), spec.shape),
                    None => p.input_mut(id).fill(0.0),
                }
            }
            let out = net.output("image").unwrap();
            p.forward(rows, &[out]);
            let own: Vec<f32> = p.output(out).iter().map(|x| (x + 1.0) / 2.0 * (hi - lo) + lo).collect();
            let rel = |a: &[f32], b: &[f32]| {
                let n: f64 = b.iter().map(|&x| (x as f64).powi(2)).sum();
                let d: f64 = a.iter().zip(b).map(|(&x, &y)| (x as f64 - y as f64).powi(2)).sum();
                (d / n.max(1e-30)).sqrt()
            };
            print!(
                "{path} {name} [{lo},{hi}] lowered {lowered:?} nodes {}: image {:.1e}",
                net.nodes().len(),
                rel(&own, case.tensors["image"].data())
            );
            if let Some(c) = case.tensors.get("image_cotangent") {
                let s = (hi - lo) / 2.0;
                p.cotangent_mut(out).iter_mut().zip(c.data().iter()).for_each(|(a, &b)| *a = b * s);
                for spec in &made.inputs {
                    if let Some(want) = case.tensors.get(&format!("{}_grad", spec.name)) {
                        let id = net.input(&spec.name).unwrap();
                        p.backward(rows, &[id]);
                        print!(" {}_grad {:.1e}", spec.name, rel(p.gradient(id), want.data()));
                    }
                }
            }
            println!();
        }
    }
}
