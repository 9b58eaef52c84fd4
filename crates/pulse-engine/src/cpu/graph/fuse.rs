//! Which nodes run as one.

use super::blocks::{NormedGroups, Residual};
use crate::cpu::lanes::{LANES, Layout};
use crate::cpu::linear::Band;
use crate::cpu::pointwise::LeakyRelu;
use crate::{Network, Node, Operator};

/// Nodes that one kernel stands for.
pub(crate) enum Fusion<'a> {
    /// A linear operator and the activation behind it.
    Activated { linear: usize, activation: LeakyRelu },
    /// A layer of StyleGAN, whose result the next kernel styles as it reads it.
    Styled(StyledLayer<'a>),
    /// A layer of StyleGAN2 or 3, which styles what it reads.
    Modulated(ModulatedLayer<'a>),
    /// A norm of groups of channels, and what stands round it.
    Normed(NormedGroups<'a>),
    /// A linear operator and the map added behind it.
    Residual(Residual),
}

/// The nodes of a layer, from the last to the first.
pub(crate) struct StyledLayer<'a> {
    /// Scale and shift.
    pub(crate) style: [usize; 2],
    pub(crate) epsilon: f32,
    pub(crate) activation: LeakyRelu,
    /// The noise and its strength.
    pub(crate) noise: Option<(usize, &'a [f32])>,
    /// Besides that of the convolution.
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) filter: Option<usize>,
    pub(crate) convolution: usize,
    /// All of them but the head.
    absorbed: Vec<usize>,
}

impl StyledLayer<'_> {
    /// All of its nodes, in the order in which they would run.
    pub(crate) fn nodes(&self, head: usize) -> Vec<usize> {
        self.absorbed.iter().rev().copied().chain([head]).collect()
    }
}

/// The nodes of a layer, from the first to the last.
pub(crate) struct ModulatedLayer<'a> {
    pub(crate) argument: usize,
    pub(crate) style: usize,
    pub(crate) convolution: usize,
    pub(crate) demodulation: Option<usize>,
    pub(crate) filter: Option<usize>,
    /// The noise and its strength.
    pub(crate) noise: Option<(usize, &'a [f32])>,
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) activation: Option<LeakyRelu>,
    /// All of them.
    pub(crate) nodes: Vec<usize>,
}

/// For each node, what it is the head of. Nodes that another stands for are marked as absorbed.
pub(crate) struct Fusions<'a> {
    pub(crate) heads: Vec<Option<Fusion<'a>>>,
    pub(crate) absorbed: Vec<bool>,
    /// For each convolution of repeated pixels, the filter that repeats them.
    pub(crate) repeated: Vec<Option<usize>>,
}

impl<'a> Fusions<'a> {
    pub(crate) fn find(network: &'a Network) -> Self {
        let nodes = network.nodes();
        let graph = Graph::new(network);
        let mut fusions = Self {
            heads: nodes.iter().map(|_| None).collect(),
            absorbed: vec![false; nodes.len()],
            repeated: vec![None; nodes.len()],
        };
        for index in (0..nodes.len()).filter(|&index| graph.feeds_convolution(index)) {
            if let Some(layer) = graph.styled(index) {
                layer.absorbed.iter().for_each(|&node| fusions.absorbed[node] = true);
                fusions.heads[index] = Some(Fusion::Styled(layer));
            }
        }
        for index in 0..nodes.len() {
            if let Some(normed) = graph.normed(index) {
                fusions.take(&normed.nodes.clone(), Fusion::Normed(normed));
            }
        }
        for index in 0..nodes.len() {
            if let Some(layer) = graph.modulated(index) {
                fusions.take(&layer.nodes.clone(), Fusion::Modulated(layer));
            }
        }
        for index in 0..nodes.len() {
            if let Some((linear, activation)) = graph.activated(index) {
                fusions.take(&[linear, index], Fusion::Activated { linear, activation });
            }
        }
        for index in 0..nodes.len() {
            if let Some(residual) = graph.residual(index, |node| fusions.is_free(node)) {
                fusions.take(&residual.nodes.clone(), Fusion::Residual(residual));
            }
        }
        for index in 0..nodes.len() {
            if let Some(fir) = graph.repeated(index).filter(|&fir| fusions.is_free(fir) && !fusions.is_in_layer(index))
            {
                fusions.absorbed[fir] = true;
                fusions.repeated[index] = Some(fir);
            }
        }
        fusions
    }

    /// Whether a node is part of nothing yet.
    fn is_free(&self, node: usize) -> bool {
        !self.absorbed[node] && self.heads[node].is_none()
    }

    /// Lets the last of some nodes stand for all of them, if they are free.
    fn take(&mut self, nodes: &[usize], fusion: Fusion<'a>) {
        let [absorbed @ .., head] = nodes else { return };
        if nodes.iter().all(|&node| self.is_free(node)) {
            for &node in absorbed {
                self.absorbed[node] = true;
            }
            self.heads[*head] = Some(fusion);
        }
    }

    /// Whether a convolution is that of a layer of StyleGAN.
    fn is_in_layer(&self, convolution: usize) -> bool {
        self.heads.iter().any(|fusion| match fusion {
            Some(Fusion::Styled(layer)) => layer.convolution == convolution,
            Some(Fusion::Modulated(layer)) => layer.convolution == convolution,
            _ => false,
        })
    }

    /// Whether a node's result is styled as it is read.
    pub(crate) fn is_styled(&self, node: usize) -> bool {
        matches!(self.heads[node], Some(Fusion::Styled(_)))
    }
}

pub(super) struct Graph<'a> {
    pub(super) nodes: &'a [Node],
    /// How often a value is an argument or an output.
    pub(super) uses: Vec<usize>,
    /// The last node that reads a value.
    reader: Vec<Option<usize>>,
    /// Whether an input is behind a value.
    pub(super) differentiable: Vec<bool>,
}

impl<'a> Graph<'a> {
    fn new(network: &'a Network) -> Self {
        let nodes = network.nodes();
        let mut uses = vec![0; nodes.len()];
        let mut reader = vec![None; nodes.len()];
        let mut differentiable = vec![false; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            differentiable[index] = matches!(node.operator, Operator::Input)
                || node.arguments.iter().any(|argument| differentiable[argument.index()]);
            for argument in &node.arguments {
                uses[argument.index()] += 1;
                reader[argument.index()] = Some(index);
            }
        }
        network.outputs().iter().for_each(|port| uses[port.value.index()] += 1);
        Self { nodes, uses, reader, differentiable }
    }

    /// The first argument, when no other node uses it.
    pub(super) fn own(&self, index: usize) -> Option<usize> {
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
            && Band::suits(fir)
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

/// What stands behind a modulated convolution, in the order in which it is found.
impl<'a> Graph<'a> {
    /// The only reader of a value, which has it as its first argument.
    pub(super) fn next(&self, index: usize) -> Option<usize> {
        let next = self.reader[index].filter(|_| self.uses[index] == 1)?;
        (self.nodes[next].arguments[0].index() == index).then_some(next)
    }

    /// The layer that begins with the style of a convolution.
    fn modulated(&self, style: usize) -> Option<ModulatedLayer<'a>> {
        let vector = self.factor(style)?;
        let argument = self.nodes[style].arguments[0].index();
        let convolution = self.next(style)?;
        let (Operator::Convolution(weights) | Operator::TransposedConvolution(weights)) =
            &self.nodes[convolution].operator
        else {
            return None;
        };
        let lanes = |node: usize| Layout::new(self.nodes[node].shape, 0).lanes;
        if weights.bias.is_some() || !self.differentiable[argument] || lanes(argument) != LANES {
            return None;
        }
        let mut layer = ModulatedLayer {
            argument,
            style: vector,
            convolution,
            demodulation: None,
            filter: None,
            noise: None,
            bias: None,
            activation: None,
            nodes: vec![style, convolution],
        };
        let mut last = convolution;
        // Few channels are planar, and only their convolution is here.
        while lanes(convolution) == LANES
            && let Some(next) = self.next(last).filter(|&next| layer.takes(next, self))
        {
            layer.nodes.push(next);
            last = next;
        }
        Some(layer)
    }

    /// The vector that a node multiplies the channels of a map by.
    fn factor(&self, index: usize) -> Option<usize> {
        match (&self.nodes[index].operator, self.nodes[index].arguments.as_slice()) {
            (Operator::Modulate, [_, vector]) => Some(vector.index()),
            _ => None,
        }
    }
}

impl<'a> ModulatedLayer<'a> {
    /// Adds a node behind the others, where a layer can have it.
    fn takes(&mut self, index: usize, graph: &Graph<'a>) -> bool {
        let node = &graph.nodes[index];
        let linear = self.noise.is_none() && self.bias.is_none() && self.activation.is_none();
        match &node.operator {
            Operator::Modulate if linear && self.demodulation.is_none() => {
                // The next style begins the next layer.
                let another = graph.next(index).is_some_and(|next| {
                    matches!(graph.nodes[next].operator, Operator::Convolution(_) | Operator::TransposedConvolution(_))
                });
                self.demodulation = graph.factor(index).filter(|_| !another);
                self.demodulation.is_some()
            }
            Operator::Fir(fir) if linear && self.filter.is_none() && Band::suits(fir) => {
                self.filter = Some(index);
                true
            }
            Operator::AddNoise(strength) if self.noise.is_none() && self.activation.is_none() => {
                self.noise = Some((node.arguments[1].index(), strength));
                true
            }
            Operator::Affine(affine) if self.bias.is_none() && self.activation.is_none() => {
                let fits = affine.scale.is_empty() && affine.shift.len() == node.shape.channels();
                self.bias = fits.then_some(&*affine.shift);
                fits
            }
            Operator::LeakyRelu { .. } if self.activation.is_none() => {
                self.activation = activation(&node.operator);
                self.activation.is_some()
            }
            _ => false,
        }
    }
}

/// An activation that can be undone in part: the sign of its result tells which branch was taken.
fn activation(operator: &Operator) -> Option<LeakyRelu> {
    let &Operator::LeakyRelu { slope, gain, clamp } = operator else { return None };
    let activation = LeakyRelu { slope, gain, clamp };
    activation.keeps_sign().then_some(activation)
}
