//! Sums of products that are written as letters, such as `bhnd,bhmd->bhnm`.

use super::lower::{Lower, Outcome};
use super::tensor::Tensor;

impl Lower<'_> {
    /// The sum of the products of two arrays, as the equation says, by one product of matrices.
    pub(super) fn einsum(&mut self, equation: &str, a: &Tensor, b: &Tensor) -> Outcome {
        let equation: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
        let unknown = || format!("has the equation `{}`", equation.escape_debug());
        let (arguments, result) = equation.split_once("->").ok_or_else(unknown)?;
        let (left, right) = arguments.split_once(',').ok_or_else(unknown)?;
        let [left, right, result] = [left, right, result].map(|axes| axes.chars().collect::<Vec<char>>());
        for axes in [&left, &right, &result] {
            let is_plain =
                axes.iter().all(char::is_ascii_alphabetic) && (1..axes.len()).all(|at| !axes[..at].contains(&axes[at]));
            if !is_plain {
                return Err(unknown());
            }
        }
        let of = |keep: &dyn Fn(&char) -> bool, axes: &[char]| {
            axes.iter().copied().filter(|axis| keep(axis)).collect::<Vec<_>>()
        };
        let batch = of(&|axis| right.contains(axis) && result.contains(axis), &left);
        let summed = of(&|axis| right.contains(axis) && !result.contains(axis), &left);
        let rows = of(&|axis| !right.contains(axis), &left);
        let columns = of(&|axis| !left.contains(axis), &right);
        let made = [&batch[..], &rows, &columns].concat();
        if made.len() != result.len() || !made.iter().all(|axis| result.contains(axis)) {
            return Err(unknown());
        }
        let (a, sizes) = self.arranged(a, &left, [&batch, &rows, &summed])?;
        let (b, others) = self.arranged(b, &right, [&batch, &summed, &columns])?;
        let size = |axis: &char| {
            let at = |axes: &[char], sizes: &[usize]| axes.iter().position(|other| other == axis).map(|at| sizes[at]);
            at(&left, &sizes).or_else(|| at(&right, &others)).unwrap_or(1)
        };
        let product = self.product(&a, &b)?;
        let product = self.reshape(&product, &made.iter().map(size).collect::<Vec<_>>())?;
        let order: Option<Vec<usize>> = result.iter().map(|axis| made.iter().position(|other| other == axis)).collect();
        self.transpose(&product, &order.ok_or_else(unknown)?)
    }

    /// An array as matrices: the axes of each of three groups become one. Also the lengths of its axes.
    fn arranged(&mut self, x: &Tensor, axes: &[char], groups: [&[char]; 3]) -> Result<(Tensor, Vec<usize>), String> {
        let shape = x.shape();
        if shape.len() != axes.len() {
            return Err(format!("has {} letters for {} axes", axes.len(), shape.len()));
        }
        let place = |axis: &char| axes.iter().position(|other| other == axis).unwrap_or(0);
        let order: Vec<usize> = groups.iter().flat_map(|group| group.iter().map(place)).collect();
        let sizes = groups.map(|group| group.iter().map(|axis| shape[place(axis)]).product::<usize>());
        let turned = self.transpose(x, &order)?;
        Ok((self.reshape(&turned, &sizes)?, shape))
    }
}
