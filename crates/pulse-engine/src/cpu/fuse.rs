//! Which nodes run as one.

use super::activation::LeakyRelu;
use super::layout::{LANES, Layout};
use crate::{Network, Node, Operator};

/// Nodes that one kernel stands for.
pub(super) enum Fusion<'a> {
    /// A linear operator and the activation behind it.
    Activated { linear: usize, activation: LeakyRelu },
    /// A layer of StyleGAN, whose result is styled by who reads it.
    Styled(StyledLayer<'a>),
}

/// The nodes of a layer, from the last to the first.
pub(super) struct StyledLayer<'a> {
    /// Scale and shift.
    pub(super) style: [usize; 2],
    pub(super) epsilon: f32,
    pub(super) activation: LeakyRelu,
    /// The noise and its strength.
    pub(super) noise: Option<(usize, &'a [f32])>,
    /// Besides that of the convolution.
    pub(super) bias: Option<&'a [f32]>,
    pub(super) filter: Option<usize>,
    pub(super) convolution: usize,
    /// All of them but the head.
    absorbed: Vec<usize>,
}

impl StyledLayer<'_> {
    /// All of its nodes, in the order in which they would run.
    pub(super) fn nodes(&self, head: usize) -> Vec<usize> {
        self.absorbed.iter().rev().copied().chain([head]).collect()
    }
}

/// For each node, what it is the head of. Nodes that another stands for are marked as absorbed.
pub(super) struct Fusions<'a> {
    pub(super) heads: Vec<Option<Fusion<'a>>>,
    pub(super) absorbed: Vec<bool>,
}

impl<'a> Fusions<'a> {
    pub(super) fn find(network: &'a Network) -> Self {
        let nodes = network.nodes();
        let graph = Graph::new(network);
        let mut fusions = Self { heads: nodes.iter().map(|_| None).collect(), absorbed: vec![false; nodes.len()] };
        for index in (0..nodes.len()).filter(|&index| graph.feeds_convolution(index)) {
            if let Some(layer) = graph.styled(index) {
                layer.absorbed.iter().for_each(|&node| fusions.absorbed[node] = true);
                fusions.heads[index] = Some(Fusion::Styled(layer));
            }
        }
        for index in 0..nodes.len() {
            if fusions.absorbed[index] {
                continue;
            }
            if let Some((linear, activation)) = graph.activated(index) {
                fusions.absorbed[linear] = true;
                fusions.heads[index] = Some(Fusion::Activated { linear, activation });
            }
        }
        fusions
    }

    /// Whether a node's result is styled by who reads it.
    pub(super) fn is_styled(&self, node: usize) -> bool {
        matches!(self.heads[node], Some(Fusion::Styled(_)))
    }
}

struct Graph<'a> {
    nodes: &'a [Node],
    /// How often a value is an argument or an output.
    uses: Vec<usize>,
    /// The last node that reads a value.
    reader: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    fn new(network: &'a Network) -> Self {
        let nodes = network.nodes();
        let mut uses = vec![0; nodes.len()];
        let mut reader = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            for argument in &node.arguments {
                uses[argument.index()] += 1;
                reader[argument.index()] = Some(index);
            }
        }
        network.outputs().iter().for_each(|port| uses[port.value.index()] += 1);
        Self { nodes, uses, reader }
    }

    /// The first argument, when nobody else uses it.
    fn own(&self, index: usize) -> Option<usize> {
        let argument = self.nodes[index].arguments.first()?.index();
        (self.uses[argument] == 1).then_some(argument)
    }

    /// An activation that is alone in using a linear operator's result.
    fn activated(&self, index: usize) -> Option<(usize, LeakyRelu)> {
        let activation = activation(&self.nodes[index].operator)?;
        let linear = self.own(index)?;
        let is_linear = matches!(
            self.nodes[linear].operator,
            Operator::Dense(_) | Operator::Convolution(_) | Operator::TransposedConvolution(_)
        );
        is_linear.then_some((linear, activation))
    }

    /// Whether the only use of a blocked map is a convolution's.
    fn feeds_convolution(&self, index: usize) -> bool {
        let reader = self.reader[index].map(|reader| &self.nodes[reader].operator);
        self.uses[index] == 1
            && Layout::new(self.nodes[index].shape, 0).lanes == LANES
            && matches!(reader, Some(Operator::Convolution(_) | Operator::TransposedConvolution(_)))
    }

    /// The layer that ends with a style.
    fn styled(&self, index: usize) -> Option<StyledLayer<'a>> {
        let Operator::Modulate = self.nodes[index].operator else { return None };
        let &[_, scale, shift] = self.nodes[index].arguments.as_slice() else { return None };
        let mut absorbed = Vec::new();
        let mut at = self.own(index)?;
        let Operator::InstanceNorm { epsilon } = self.nodes[at].operator else { return None };
        absorbed.push(at);
        at = self.own(at)?;
        let activation = activation(&self.nodes[at].operator)?;
        absorbed.push(at);
        at = self.own(at)?;
        let mut noise = None;
        if let Operator::AddNoise(strength) = &self.nodes[at].operator {
            noise = Some((self.nodes[at].arguments[1].index(), &**strength));
            absorbed.push(at);
            at = self.own(at)?;
        }
        let channels = self.nodes[at].shape.channels();
        let mut bias = None;
        if let Operator::Affine(affine) = &self.nodes[at].operator
            && affine.scale.is_empty()
            && affine.shift.len() == channels
        {
            bias = Some(&*affine.shift);
            absorbed.push(at);
            at = self.own(at)?;
        }
        let mut filter = None;
        if let Operator::Fir(fir) = &self.nodes[at].operator
            && super::band::Band::suits(fir)
        {
            filter = Some(at);
            absorbed.push(at);
            at = self.own(at)?;
        }
        let (Operator::Convolution(convolution) | Operator::TransposedConvolution(convolution)) =
            &self.nodes[at].operator
        else {
            return None;
        };
        absorbed.push(at);
        let blocked = Layout::new(self.nodes[self.nodes[at].arguments[0].index()].shape, 0).lanes == LANES;
        (blocked && (filter.is_none() || convolution.bias.is_none())).then_some(StyledLayer {
            style: [scale.index(), shift.index()],
            epsilon,
            activation,
            noise,
            bias,
            filter,
            convolution: at,
            absorbed,
        })
    }
}

/// An activation that can be undone in part: the sign of its result tells which branch was taken.
fn activation(operator: &Operator) -> Option<LeakyRelu> {
    let &Operator::LeakyRelu { slope, gain, clamp } = operator else { return None };
    let activation = LeakyRelu { slope, gain, clamp };
    activation.keeps_sign().then_some(activation)
}
