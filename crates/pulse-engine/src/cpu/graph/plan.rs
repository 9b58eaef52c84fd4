//! Which memory every value and gradient has, so that a program needs as little as it can.

use super::lower::{Lowered, Maker};
use super::memory::{Buffer, Place, place};
use crate::cpu::lanes::{COUNTABLE, Kernel, Layout, Needs};

/// Where a tensor lies in the shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) layout: Layout,
    pub(crate) start: usize,
    /// Whether its border must be made zero again each time before it is written.
    pub(crate) clear: bool,
}

/// The memory of one node.
pub(crate) struct NodePlan {
    /// Without a place for constants, which have memory of their own.
    pub(crate) value: Spot,
    /// Only where an input is behind it.
    pub(crate) gradient: Option<Spot>,
    /// For each argument, where its gradient goes when there is one already, to be added.
    pub(crate) temporaries: Vec<Option<Spot>>,
    /// Scratch memory of forward and backward.
    pub(crate) scratch: [usize; 2],
    /// What forward leaves for backward.
    pub(crate) saved: usize,
}

/// The memory of all nodes.
pub(crate) struct Plan {
    pub(crate) nodes: Vec<NodePlan>,
    /// Floats in all.
    pub(crate) total: usize,
}

/// A buffer and the border of the tensor in it.
#[derive(Clone, Copy)]
struct Home {
    buffer: usize,
    border: usize,
    /// Whether it is another tensor's buffer, taken over.
    inherited: bool,
}

struct Planner<'a> {
    nodes: &'a [Lowered],
    batch: usize,
    /// The last node that reads a value; its own maker where there is none.
    last_use: Vec<usize>,
    /// How often a value is an argument.
    uses: Vec<usize>,
    /// Whether an input is behind a value.
    differentiable: Vec<bool>,
    /// Whether no backward follows.
    forward_only: bool,
    buffers: Vec<Buffer>,
    /// Floats of the largest buffer that no memory holds, where there is one: it has no room in the plan.
    beyond: usize,
}

/// Plans the memory. Time is counted in nodes: forward runs node `i` at `i`, backward at `2 n − i`. Where no backward
/// follows, no value is differentiable, and none outlives its last use. Where no memory holds it, there is only a total.
pub(crate) fn plan(nodes: &[Lowered], [batch, workers]: [usize; 2], forward_only: bool) -> Plan {
    let mut planner = Planner::new(nodes, batch, forward_only);
    let values = planner.values();
    let gradients = planner.gradients();
    let temporaries: Vec<Vec<_>> = (0..nodes.len()).map(|index| planner.temporaries(index, &gradients)).collect();
    let extras: Vec<_> = (0..nodes.len()).map(|index| planner.extras(index, workers)).collect();

    if planner.beyond > 0 {
        return Plan { nodes: Vec::new(), total: planner.beyond };
    }
    let (places, total) = place(&planner.buffers);
    let spot = |index: usize, home: Home| {
        let Place { start, shared } = places[home.buffer];
        let layout = nodes[index].layout(home.border);
        Spot { layout, start, clear: shared && !home.inherited && home.border > 0 }
    };
    let start = |buffer: Option<usize>| buffer.map_or(0, |buffer| places[buffer].start);
    let plans = (0..nodes.len()).map(|index| {
        let of_argument = |(&argument, home): (&usize, &Option<Home>)| home.map(|home| spot(argument, home));
        let [forward, backward, saved] = extras[index];
        NodePlan {
            value: spot(index, values[index]),
            gradient: gradients[index].map(|home| spot(index, home)),
            temporaries: nodes[index].arguments.iter().zip(&temporaries[index]).map(of_argument).collect(),
            scratch: [start(forward), start(backward)],
            saved: start(saved),
        }
    });
    Plan { nodes: plans.collect(), total }
}

fn kernel(node: &Lowered) -> Option<&dyn Kernel> {
    match &node.maker {
        Maker::Kernel(kernel) => Some(kernel.as_ref()),
        _ => None,
    }
}

impl<'a> Planner<'a> {
    fn new(nodes: &'a [Lowered], batch: usize, forward_only: bool) -> Self {
        let mut last_use: Vec<usize> = (0..nodes.len()).collect();
        let mut uses = vec![0; nodes.len()];
        let mut differentiable = vec![false; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            for &argument in &node.arguments {
                last_use[argument] = index;
                uses[argument] += 1;
            }
            let behind = node.arguments.iter().any(|&argument| differentiable[argument]);
            differentiable[index] = !forward_only && (matches!(node.maker, Maker::Input(_)) || behind);
        }
        Self { nodes, batch, last_use, uses, differentiable, forward_only, buffers: Vec::new(), beyond: 0 }
    }

    fn backward_time(&self, index: usize) -> usize {
        2 * self.nodes.len() - index
    }

    /// After everything: backward may run more than once.
    fn never(&self) -> usize {
        self.backward_time(0) + 1
    }

    fn buffer(&mut self, len: usize, from: usize, until: usize) -> usize {
        self.push(self.batch.saturating_mul(len), from, until)
    }

    fn push(&mut self, len: usize, from: usize, until: usize) -> usize {
        let len = if len > COUNTABLE {
            self.beyond = self.beyond.max(len);
            0
        } else {
            len
        };
        self.buffers.push(Buffer { len, from, until });
        self.buffers.len() - 1
    }

    /// Whether backward reads a value.
    fn is_read_by_backward(&self) -> Vec<bool> {
        let mut read = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| self.differentiable[*index]) {
            let Needs { arguments, result } = kernel(node).map_or(Needs::NOTHING, Kernel::needs);
            read[index] |= result;
            node.arguments.iter().for_each(|&argument| read[argument] |= arguments);
        }
        read
    }

    /// The homes of the values. A kernel that can takes over its argument's memory when nothing reads that
    /// later.
    fn values(&mut self) -> Vec<Home> {
        let read = self.is_read_by_backward();
        let heir = |index: usize| {
            let node = &self.nodes[index];
            let argument = *node.arguments.first()?;
            let alone = self.last_use[argument] == index && node.arguments[1..].iter().all(|&other| other != argument);
            let ours = !matches!(self.nodes[argument].maker, Maker::Constant(_));
            (kernel(node)?.in_place() && alone && ours && !read[argument]).then_some(argument)
        };
        let heirs: Vec<_> = (0..self.nodes.len()).map(heir).collect();

        let mut borders = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().rev() {
            let border = kernel(node).map_or(0, Kernel::border);
            if let Some(&argument) = node.arguments.first() {
                borders[argument] = borders[argument].max(border);
            }
            if let Some(argument) = heirs[index] {
                borders[argument] = borders[argument].max(borders[index]);
            }
        }
        let mut homes: Vec<Home> = Vec::new();
        for index in 0..self.nodes.len() {
            let until = if read[index] { self.never() } else { self.last_use[index] };
            let home = if let Some(argument) = heirs[index] {
                let buffer = homes[argument].buffer;
                self.buffers[buffer].until = self.buffers[buffer].until.max(until);
                Home { inherited: true, ..homes[argument] }
            } else {
                let border = borders[index];
                let constant = matches!(self.nodes[index].maker, Maker::Constant(_));
                let len = if constant { 0 } else { self.nodes[index].layout(border).saturating_len() };
                Home { buffer: self.buffer(len, index, until), border, inherited: false }
            };
            homes.push(home);
        }
        homes
    }

    /// The node whose gradient's memory a value's gradient takes over.
    fn gradient_heir(&self, index: usize) -> Option<usize> {
        let argument = *self.nodes[index].arguments.first()?;
        let alone = self.uses[argument] == 1 && self.differentiable[argument];
        (kernel(&self.nodes[index])?.in_place() && alone).then_some(argument)
    }

    fn gradients(&mut self) -> Vec<Option<Home>> {
        let mut borders = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            let inherited = self.gradient_heir(index).map_or(0, |argument| borders[argument]);
            borders[index] = kernel(node).map_or(0, Kernel::gradient_border).max(inherited);
        }
        let mut homes: Vec<Option<Home>> = vec![None; self.nodes.len()];
        for index in (0..self.nodes.len()).rev().filter(|&index| self.differentiable[index]).collect::<Vec<_>>() {
            let border = borders[index];
            let until = self.backward_time(index);
            let home = if let Some(home) = homes[index] {
                self.buffers[home.buffer].until = until;
                home
            } else {
                let from = self.backward_time(self.last_use[index]);
                let len = self.nodes[index].layout(border).saturating_len();
                Home { buffer: self.buffer(len, from, until), border, inherited: false }
            };
            homes[index] = Some(home);
            if let Some(argument) = self.gradient_heir(index) {
                homes[argument] = Some(Home { inherited: true, ..home });
            }
        }
        homes
    }

    fn temporaries(&mut self, index: usize, gradients: &[Option<Home>]) -> Vec<Option<Home>> {
        let time = self.backward_time(index);
        let nodes = self.nodes;
        let temporary = |&argument: &usize| {
            let Home { border, .. } = gradients[argument].filter(|_| self.uses[argument] > 1)?;
            let len = nodes[argument].layout(border).saturating_len();
            Some(Home { buffer: self.buffer(len, time, time), border, inherited: false })
        };
        nodes[index].arguments.iter().map(temporary).collect()
    }

    /// The scratch memory of forward and backward, and what is saved between them.
    fn extras(&mut self, index: usize, workers: usize) -> [Option<usize>; 3] {
        let Some(kernel) = kernel(&self.nodes[index]) else { return [None; 3] };
        let [forward, backward] = kernel.scratch(self.batch, workers);
        let saved = kernel.saved().saturating_mul(self.batch);
        let backward_time = self.backward_time(index);
        let spans = if self.forward_only {
            [(forward, index, index), (0, index, index), (saved, index, index)]
        } else {
            [(forward, index, index), (backward, backward_time, backward_time), (saved, index, self.never())]
        };
        spans.map(|(len, from, until)| {
            (len > 0).then(|| self.push(len.checked_next_multiple_of(16).unwrap_or(usize::MAX), from, until))
        })
    }
}
