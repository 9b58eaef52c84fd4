//! A frozen network as data, and engines that run it.
//!
//! A [`Network`] is a small directed graph of frozen [`Operator`]s with named inputs and outputs. An
//! [`Engine`] compiles it once into a [`Program`], which then does two things, many times:
//!
//! - **forward**: `outputs = f(inputs)`;
//! - **backward**, the vector-Jacobian product: `gradient(input) = Σ_outputs Jᵀ cotangent(output)`.
//!
//! Weights never have a gradient: they are constants of the graph, and an engine may transform them
//! once, when it compiles.
//!
//! Two engines are here. [`Reference`] is naive loops in `f64`, the truth that every other engine is
//! compared to. [`Cpu`] is the fast one. A function of the caller's own can be an operator, too: [`Call`].
//!
//! ```
//! use pulse_engine::{Cpu, Engine, NetworkBuilder, Operator, Shape};
//!
//! // y = 2 x + 1, and then the gradient of y₀ + y₁ with respect to x.
//! let mut builder = NetworkBuilder::new();
//! let x = builder.input("x", Shape::Vector(2))?;
//! let y = builder.add(Operator::affine(vec![2.0], vec![1.0]), &[x])?;
//! builder.output("y", y)?;
//! let network = builder.build()?;
//!
//! let mut program = Cpu::default().compile(&network, 1)?;
//! let (x, y) = (network.input("x")?, network.output("y")?);
//! program.input_mut(x).copy_from_slice(&[3.0, -1.0]);
//! program.forward(1, &[y]);
//! assert_eq!(program.output(y), [7.0, -1.0]);
//!
//! program.cotangent_mut(y).fill(1.0);
//! program.backward(1, &[x]);
//! assert_eq!(program.gradient(x), [2.0, 2.0]);
//! # Ok::<(), pulse_engine::Error>(())
//! ```

mod calling;
mod cpu;
mod engine;
mod error;
mod network;
pub mod reference;

pub use calling::Calling;
pub use cpu::{Cpu, Profile, Step};
pub use engine::{Engine, Memory, Program};
pub use error::{Error, ErrorKind, Result};
pub use network::{
    Affine, Call, Convolution, Dense, DepthwiseConvolution, Fir, FirTaps, FourierFeatures, Function, InputId, Network,
    NetworkBuilder, Node, Operator, OutputId, Port, PreparedFunction, SeparableMap, Shape, SparseMatrix, Value,
    Weights,
};
pub use reference::Reference;
