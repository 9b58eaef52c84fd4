//! What a scheme multiplies: along one axis, and along both.

use std::ops::Range;

/// A number of the transformed source and a sum, which a product goes from and to.
pub(crate) struct Product {
    /// Of the transformed source.
    pub(crate) input: usize,
    /// Of the sums.
    pub(crate) sum: usize,
}

/// How many inputs there are along an axis.
pub(crate) const fn inputs(products: &[Product]) -> usize {
    let (mut most, mut i) = (0, 0);
    while i < products.len() {
        most = if products[i].input > most { products[i].input } else { most };
        i += 1;
    }
    most + 1
}

/// How many sums there are along an axis, in whose order the products are.
pub(crate) const fn sums(products: &[Product]) -> usize {
    products[products.len() - 1].sum + 1
}

/// One product for each sum, from these inputs.
pub(crate) const fn to_each_sum<const N: usize>(inputs: [usize; N]) -> [Product; N] {
    let mut products = [const { Product { input: 0, sum: 0 } }; N];
    let mut i = 0;
    while i < N {
        products[i] = Product { input: inputs[i], sum: i };
        i += 1;
    }
    products
}

/// One product for each input, to these sums.
pub(crate) const fn from_each_input<const N: usize>(sums: [usize; N]) -> [Product; N] {
    let mut products = [const { Product { input: 0, sum: 0 } }; N];
    let mut i = 0;
    while i < N {
        products[i] = Product { input: i, sum: sums[i] };
        i += 1;
    }
    products
}

/// A product along both axes.
pub(crate) struct NestedProduct {
    /// Which product it is along the vertical axis and along the horizontal one.
    pub(crate) along: [usize; 2],
    pub(crate) input: usize,
}

/// The products along both axes, those of a sum one after another.
pub(crate) struct Nested {
    pub(crate) products: Vec<NestedProduct>,
    /// Where those of a sum begin; one more than there are sums.
    begins: Vec<usize>,
}

impl Nested {
    /// Of the products along an axis.
    pub(crate) fn of(along: &[Product]) -> Self {
        let (inputs, sums) = (inputs(along), sums(along));
        let of = |sum: usize| along.iter().enumerate().filter(move |(_, product)| product.sum == sum);
        let (mut products, mut begins) = (Vec::new(), vec![0]);
        for [y, x] in (0..sums).flat_map(|y| (0..sums).map(move |x| [y, x])) {
            for (vertical, Product { input: row, .. }) in of(y) {
                products.extend(of(x).map(|(horizontal, Product { input: column, .. })| NestedProduct {
                    along: [vertical, horizontal],
                    input: row * inputs + column,
                }));
            }
            begins.push(products.len());
        }
        Self { products, begins }
    }

    /// The products of a sum.
    pub(crate) fn of_sum(&self, sum: usize) -> Range<usize> {
        self.begins[sum]..self.begins[sum + 1]
    }

    /// Where the products of a sum begin, or end those of the one before.
    pub(crate) fn begin_of(&self, sum: usize) -> usize {
        self.begins[sum]
    }

    /// The place of a product.
    pub(crate) fn place(&self, along: [usize; 2]) -> Option<usize> {
        self.products.iter().position(|product| product.along == along)
    }
}
