//! The hot loop allocates nothing after its first step.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use pulse_engine::{Convolution, Cpu, Engine, Network, NetworkBuilder, Operator, Result, Shape};

/// Counts the bytes of every allocation.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A little of everything that uses scratch memory: a Winograd map, a direct one, a norm, a branch.
fn network() -> Result<Network> {
    let convolution = |channels: [usize; 2], size: usize, stride: usize| Convolution {
        weight: vec![0.01; channels[0] * channels[1] * size * size].into(),
        bias: None,
        out_channels: channels[1],
        in_channels: channels[0],
        kernel: [size, size],
        stride,
        padding: 1,
    };
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::map(32, 8, 8))?;
    let style = builder.input("style", Shape::Vector(24))?;
    let up = builder.add(Operator::TransposedConvolution(convolution([32, 24], 4, 2)), &[x])?;
    let active = builder.add(Operator::relu(), &[up])?;
    let norm = builder.add(Operator::InstanceNorm { epsilon: 1e-5 }, &[active])?;
    let styled = builder.add(Operator::Modulate, &[norm, style])?;
    let sum = builder.add(Operator::Add, &[styled, active])?;
    let image = builder.add(Operator::Convolution(convolution([24, 3], 3, 1)), &[sum])?;
    builder.output("image", image)?;
    builder.build()
}

#[test]
fn forward_and_backward_allocate_nothing_after_the_first_call() -> Result<()> {
    const STEPS: usize = 50;
    let network = network()?;
    let inputs: Vec<_> = network.input_ids().collect();
    let outputs: Vec<_> = network.output_ids().collect();
    let mut program = Cpu::default().compile(&network, 3)?;
    let mut step = || {
        program.forward(3, &outputs);
        program.backward(3, &inputs);
    };
    step();
    let before = ALLOCATED.load(Ordering::Relaxed);
    (0..STEPS).for_each(|_| step());
    let allocated = ALLOCATED.load(Ordering::Relaxed) - before;
    // The thread pool's queue takes a block of a kilobyte or two for every few dozen calls from outside of it. The
    // smallest buffer of the network is larger than that share of a step.
    assert!(allocated / STEPS < 256, "{allocated} bytes in {STEPS} steps");
    Ok(())
}
