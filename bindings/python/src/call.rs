//! Functions of Python as operators of a network.

use std::sync::Arc;

use numpy::PyArrayDyn;
use pulse_engine::{Call, Function, Operator, PreparedFunction, Shape};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::array::{array, numbers};
use crate::error::of_kind;
use crate::trouble;

/// A Python object with `prepare(batch, differentiable)`, which gives one with `forward(*arguments)` and `backward(cotangent)`.
/// Arrays have a row for each candidate.
struct PythonFunction {
    name: String,
    arguments: Vec<Shape>,
    result: Shape,
    object: Py<PyAny>,
}

/// The operator that calls `object`.
pub(crate) fn call(name: &str, arguments: Vec<Shape>, result: Shape, object: Py<PyAny>) -> Operator {
    let function = PythonFunction { name: name.to_owned(), arguments: arguments.clone(), result, object };
    Operator::Call(Call { name: name.to_owned(), arguments, result, function: Arc::new(function) })
}

impl Function for PythonFunction {
    fn prepare(&self, batch: usize, differentiable: bool) -> Box<dyn PreparedFunction> {
        let object = Python::attach(|py| {
            let prepared = self.object.call_method1(py, "prepare", (batch, differentiable));
            prepared.map_err(trouble::keep).ok()
        });
        let (name, arguments, result) = (self.name.clone(), self.arguments.clone(), self.result);
        Box::new(Prepared { name, arguments, result, object })
    }
}

struct Prepared {
    name: String,
    arguments: Vec<Shape>,
    result: Shape,
    /// Nothing where it could not be prepared.
    object: Option<Py<PyAny>>,
}

/// Axes of so many rows of a shape.
pub(crate) fn axes(rows: usize, shape: Shape) -> Vec<usize> {
    std::iter::once(rows).chain(pulse::inputs::dimensions(shape)).collect()
}

impl Prepared {
    /// The rows that Python gave, where they are what was asked for.
    fn rows(&self, what: &str, given: &Bound<'_, PyAny>, shape: &[usize]) -> PyResult<Vec<f32>> {
        let py = given.py();
        let what = format!("what {what} of {} gave", self.name);
        let (found, numbers) = numbers(&what, given)?;
        let inputs = |message: String| Err(of_kind(py, "inputs", &message));
        if found != shape {
            return inputs(format!("{what} is of shape {found:?}, and not {shape:?}"));
        }
        let row = numbers.len() / shape[0].max(1);
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            let number = numbers[at];
            return inputs(format!("{what} holds {number} in row {}: every number must be finite", at / row));
        }
        Ok(numbers)
    }

    fn try_forward(&self, py: Python<'_>, active: usize, arguments: &[&[f32]]) -> PyResult<Vec<f32>> {
        let Some(object) = &self.object else { return Ok(Vec::new()) };
        let arrays = arguments.iter().zip(&self.arguments);
        let arrays: Vec<Bound<'_, PyArrayDyn<f32>>> =
            arrays.map(|(rows, &shape)| array(py, rows.to_vec(), &axes(active, shape))).collect::<PyResult<_>>()?;
        let given = object.bind(py).call_method1("forward", PyTuple::new(py, arrays)?)?;
        self.rows("forward", &given, &axes(active, self.result))
    }

    fn try_backward(&self, py: Python<'_>, active: usize, cotangent: &[f32]) -> PyResult<Vec<Vec<f32>>> {
        let Some(object) = &self.object else { return Ok(Vec::new()) };
        let cotangent = array(py, cotangent.to_vec(), &axes(active, self.result))?;
        let given = object.bind(py).call_method1("backward", (cotangent,))?;
        let given: Vec<Bound<'_, PyAny>> = given.extract()?;
        if given.len() != self.arguments.len() {
            let message = format!(
                "backward of {} gave {} gradients for {} arguments",
                self.name,
                given.len(),
                self.arguments.len()
            );
            return Err(of_kind(py, "inputs", &message));
        }
        let rows = given.iter().zip(&self.arguments);
        rows.map(|(given, &shape)| self.rows("backward", given, &axes(active, shape))).collect()
    }
}

impl PreparedFunction for Prepared {
    fn forward(&mut self, active: usize, arguments: &[&[f32]], result: &mut [f32]) {
        // After an exception nothing is asked any more: the search ends.
        if !trouble::is_there() {
            match Python::attach(|py| self.try_forward(py, active, arguments)) {
                Ok(rows) if rows.len() == result.len() => return result.copy_from_slice(&rows),
                Ok(_) => {}
                Err(error) => trouble::keep(error),
            }
        }
        result.fill(f32::NAN);
    }

    fn backward(&mut self, active: usize, cotangent: &[f32], gradients: &mut [Vec<f32>]) {
        if !trouble::is_there() {
            match Python::attach(|py| self.try_backward(py, active, cotangent)) {
                Ok(rows) if rows.len() == gradients.len() => {
                    return gradients.iter_mut().zip(&rows).for_each(|(to, rows)| to.copy_from_slice(rows));
                }
                Ok(_) => {}
                Err(error) => trouble::keep(error),
            }
        }
        for gradient in gradients {
            gradient.fill(f32::NAN);
        }
    }
}
