//! Functions of the caller's own: who runs them, and what is refused.

use std::sync::{Arc, Mutex};
use std::thread::{ThreadId, current};

use pulse_engine::{
    Call, Calling, Cpu, Engine, ErrorKind, Function, NetworkBuilder, Operator, PreparedFunction, Reference, Shape,
};

use crate::cases::{all, calls::product};
use crate::contract;

#[test]
fn the_reference_between_calls_agrees_with_itself() {
    let with_calls = || all().filter(|case| case.network.has_calls());
    assert!(with_calls().count() > 2);
    contract::agrees_with_the_reference(&Calling::new(Reference), with_calls(), |_| 1e-6, 1e-7);
    contract::candidates_do_not_depend_on_the_batch(&Calling::new(Reference), with_calls());
}

#[test]
fn what_a_call_is_not_made_for_is_refused() {
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", Shape::Vector(4)).unwrap();
    let error = builder.add(product(&[Shape::Vector(5)], Shape::Vector(2)), &[x]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert_eq!(error.to_string(), "Call (node 1) of `product` takes [5], not [4]");
}

#[test]
fn calls_are_equal_where_their_functions_are_one() {
    let (a, b) = (product(&[Shape::Vector(2)], Shape::Vector(2)), product(&[Shape::Vector(2)], Shape::Vector(2)));
    assert_eq!(a, a.clone());
    assert_ne!(a, b);
}

/// Notes which threads call it, and whether a gradient was announced.
#[derive(Default)]
struct Noting(Arc<Mutex<Vec<(ThreadId, bool)>>>);

impl Function for Noting {
    fn prepare(&self, _: usize, differentiable: bool) -> Box<dyn PreparedFunction> {
        Box::new(Noted(Arc::clone(&self.0), differentiable))
    }
}

struct Noted(Arc<Mutex<Vec<(ThreadId, bool)>>>, bool);

impl PreparedFunction for Noted {
    fn forward(&mut self, _: usize, arguments: &[&[f32]], result: &mut [f32]) {
        self.0.lock().unwrap().push((current().id(), self.1));
        result.copy_from_slice(arguments[0]);
    }

    fn backward(&mut self, _: usize, cotangent: &[f32], gradients: &mut [Vec<f32>]) {
        self.0.lock().unwrap().push((current().id(), self.1));
        gradients[0].copy_from_slice(cotangent);
    }
}

#[test]
fn a_call_is_made_by_the_thread_that_runs_the_program() {
    let function = Noting::default();
    let noted = Arc::clone(&function.0);
    let shape = Shape::map(16, 8, 8);
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", shape).unwrap();
    let x = builder.add(Operator::Tanh, &[x]).unwrap();
    let call = Call { name: "noting".into(), arguments: vec![shape], result: shape, function: Arc::new(function) };
    let y = builder.add(Operator::Call(call), &[x]).unwrap();
    let y = builder.add(Operator::Tanh, &[y]).unwrap();
    builder.output("y", y).unwrap();
    let network = builder.build().unwrap();
    let (x, y) = (network.input("x").unwrap(), network.output("y").unwrap());

    let mut program = Cpu::default().compile(&network, 4).unwrap();
    program.forward(4, &[y]);
    program.backward(4, &[x]);
    // Nothing is wanted that it is made of.
    program.backward(4, &[]);
    Cpu::default().compile_forward(&network, 2).unwrap().forward(2, &[y]);
    let own = current().id();
    assert_eq!(*noted.lock().unwrap(), [(own, true), (own, true), (own, false)]);
}
