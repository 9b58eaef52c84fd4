//! Small sparse matrices: what a resize does along one axis.

/// A matrix `[rows, columns]` that is mostly zero, in compressed rows.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseMatrix {
    columns: usize,
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseMatrix {
    /// From the entries `(column, value)` of each row; entries of the same column add up. They are summed
    /// in `f64`, and columns end up ascending.
    ///
    /// # Panics
    /// When an entry's column is not below `columns`.
    pub fn from_rows(columns: usize, rows: impl IntoIterator<Item = Vec<(usize, f64)>>) -> Self {
        let mut matrix = Self { columns, offsets: vec![0], indices: Vec::new(), values: Vec::new() };
        for mut row in rows {
            row.sort_by_key(|entry| entry.0);
            let mut entries = row.into_iter().peekable();
            while let Some((column, mut value)) = entries.next() {
                assert!(column < columns, "column {column} of {columns}");
                while let Some((_, more)) = entries.next_if(|entry| entry.0 == column) {
                    value += more;
                }
                matrix.indices.push(column as u32);
                matrix.values.push(value as f32);
            }
            matrix.offsets.push(matrix.indices.len());
        }
        matrix
    }

    /// The identity of size `n`.
    pub fn identity(n: usize) -> Self {
        Self::from_rows(n, (0..n).map(|i| vec![(i, 1.0)]))
    }

    /// How many rows: the length of the output.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many columns: the length of the input.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries `(column, value)` of one row, columns ascending.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = self.offsets[row]..self.offsets[row + 1];
        self.indices[range.clone()].iter().zip(&self.values[range]).map(|(&column, &value)| (column as usize, value))
    }

    /// The transpose: the adjoint of what this does.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut rows = vec![Vec::new(); self.columns];
        for row in 0..self.rows() {
            for (column, value) in self.row(row) {
                rows[column].push((row, f64::from(value)));
            }
        }
        Self::from_rows(self.rows(), rows)
    }
}
