//! What every operator offers to the program.

use super::run::Run;
use super::tensor::Tensor;

/// One operator as this engine runs it.
pub(crate) trait Kernel: Send + Sync {
    /// How it computes, in a few words for a profile.
    fn describe(&self) -> String {
        "loops".into()
    }

    /// Writes `result`; its border and filling are zero already, and stay so.
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor);

    /// Writes the gradient of argument `which` to `target`. May write to `gradient`, the gradient of the
    /// result, when `which` is 0, which comes last unless it [leads](Self::leads).
    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor);

    /// Whether the gradient of argument 0 is made first, and always, since another's is made of what it leaves in
    /// [`Run::saved`].
    fn leads(&self) -> bool {
        false
    }

    /// Which values `backward` reads.
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    /// Whether `result` may be argument 0's memory in `forward`, and `target` may be `gradient`'s in
    /// `backward` of argument 0.
    fn in_place(&self) -> bool {
        false
    }

    /// How wide a border of zeros `forward` needs round its first argument.
    fn border(&self) -> usize {
        0
    }

    /// How wide a border of zeros `backward` needs round the gradient of the result.
    fn gradient_border(&self) -> usize {
        0
    }

    /// Floats that `forward` and `backward` need while they run, for so many candidates and workers.
    fn scratch(&self, _batch: usize, _workers: usize) -> [usize; 2] {
        [0, 0]
    }

    /// Floats of its own copies of the weights, where they are many.
    fn weights(&self) -> usize {
        0
    }

    /// Floats a candidate that `forward` leaves for `backward`.
    fn saved(&self) -> usize {
        0
    }
}

/// What a kernel's backward reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) arguments: bool,
    pub(crate) result: bool,
}

impl Needs {
    pub(crate) const NOTHING: Self = Self { arguments: false, result: false };
    pub(crate) const ARGUMENTS: Self = Self { arguments: true, result: false };
    pub(crate) const RESULT: Self = Self { arguments: false, result: true };
}

/// The values of the last forward pass that a kernel may read in backward, as far as it
/// [needs](Kernel::needs) them.
pub(crate) struct Values<'a> {
    pub(crate) arguments: &'a [Tensor],
    pub(crate) result: Tensor,
}
