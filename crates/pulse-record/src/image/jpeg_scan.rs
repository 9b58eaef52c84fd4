//! Whether the data of a JPEG fits its picture, read code by code (ITU-T T.81, annexes F and G). Decoders fill what is missing with
//! grey and go on after damage, and a search for pictures that shrink to grey is of no use.

mod bits;

use std::collections::HashMap;
use std::rc::Rc;

use super::read::check_size;
use bits::Bits;

/// What the data of a JPEG are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// As they must be, or of a kind that is left to the decoder.
    Whole,
    /// As they must be, but for the marker at the end.
    NoEnd,
    /// The file ends before the picture does.
    EndsEarly,
    /// They do not fit the picture.
    Damaged(&'static str),
}

const NO_CODE: Scanned = Scanned::Damaged("a code in it does not exist");
const TOO_FEW: Scanned = Scanned::Damaged("its data end before the picture does");
const BROKEN: Scanned = Scanned::Damaged("its parts are not where they must be");
const TOO_BRIGHT: Scanned = Scanned::Damaged("numbers in it are larger than those of a picture");
const TOO_MANY: Scanned = Scanned::Damaged("its data go on after the picture");

const START_OF_SCAN: u8 = 0xda;
const DEFINE_CODES: u8 = 0xc4;
const DEFINE_STEPS: u8 = 0xdb;
const DEFINE_INTERVAL: u8 = 0xdd;
const END: u8 = 0xd9;
const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;

struct Component {
    id: u8,
    /// The number of its table of steps.
    table: u8,
    sampling: [usize; 2],
    /// Blocks in a row of all that are coded together.
    stride: usize,
    /// Which coefficients of each block are not zero, for what is refined later.
    known: Vec<u64>,
    /// The coefficients that are there with all of their bits.
    exact: u64,
}

struct Frame {
    size: [usize; 2],
    most: [usize; 2],
    progressive: bool,
    components: Vec<Component>,
}

/// What one scan has of each block.
#[derive(Clone, Copy)]
struct Band {
    start: u32,
    end: u32,
    high: u8,
    low: u8,
}

/// The length and the symbol of the code that 16 bits begin with; a length of 0 where none does.
type Codes = Rc<Vec<(u8, u8)>>;

/// The steps that the coefficients of a block are multiples of, and the largest norm that these have together.
#[derive(Clone)]
struct Steps {
    each: [f64; 64],
    most: f64,
}

impl Steps {
    /// A block of pixels in [−128, 127] has a norm of at most 1024, and so have its coefficients before they are rounded. Some writers
    /// let pixels beyond white swing farther, by 31 at most.
    const WIDEST: f64 = 1.3 * 1024.0;

    fn new(each: &[f64; 64]) -> Self {
        let rounding = each.iter().map(|step| step * step).sum::<f64>().sqrt() / 2.0;
        Self { each: *each, most: Self::WIDEST + rounding }
    }
}

/// Reads all of it.
pub(super) fn scan(bytes: &[u8]) -> Scanned {
    let mut frame: Option<Frame> = None;
    let mut codes: HashMap<u8, Codes> = HashMap::new();
    let mut steps: HashMap<u8, Steps> = HashMap::new();
    let (mut interval, mut at) = (0, 2);
    loop {
        // Any number of 0xff may stand before a marker, and some writers leave zeros after the data.
        let marker = loop {
            match bytes.get(at..) {
                Some([0xff, 0xff | 0x00, ..] | [0x00, ..]) if frame.is_some() => at += 1,
                Some([0xff, 0xff, ..]) => at += 1,
                Some([0xff, marker, ..]) => break *marker,
                _ if frame.as_ref().is_some_and(Frame::is_exact) => return Scanned::NoEnd,
                Some([_, _, ..]) => return if frame.is_some() { BROKEN } else { Scanned::Whole },
                _ => return Scanned::EndsEarly,
            }
        };
        at += 2;
        if marker == END {
            return Scanned::Whole;
        }
        if RESTARTS.contains(&marker) {
            continue;
        }
        let Some(&[high, low]) = bytes.get(at..at + 2) else { return Scanned::EndsEarly };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(segment) = bytes.get(at + 2..at + length) else {
            return if length < 2 { BROKEN } else { Scanned::EndsEarly };
        };
        at += length;
        let understood = match marker {
            0xc0..=0xc2 => match Frame::of(segment, marker == 0xc2) {
                Some(read) => {
                    frame = Some(read);
                    Some(())
                }
                None => return Scanned::Whole,
            },
            // Lossless, hierarchical and arithmetic ones.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => return Scanned::Whole,
            DEFINE_CODES => read_codes(segment, &mut codes),
            DEFINE_STEPS => {
                read_steps(segment, &mut steps);
                Some(())
            }
            DEFINE_INTERVAL => segment.first_chunk().map(|number| interval = usize::from(u16::from_be_bytes(*number))),
            START_OF_SCAN => {
                let Some(frame) = &mut frame else { return BROKEN };
                // Those of the standard are meant.
                if codes.is_empty() {
                    return Scanned::Whole;
                }
                let mut bits = Bits::new(bytes, at);
                match scan_of(segment, frame, (&codes, &steps), interval, &mut bits) {
                    Ok(understood) => {
                        at = bits.at;
                        understood
                    }
                    // A file that ends within the data.
                    Err(TOO_FEW) if bits.at >= bytes.len() => return Scanned::EndsEarly,
                    Err(fault) => return fault,
                }
            }
            _ => Some(()),
        };
        if understood.is_none() {
            return BROKEN;
        }
    }
}

impl Frame {
    fn of(segment: &[u8], progressive: bool) -> Option<Self> {
        let &[8, h0, h1, w0, w1, _, ref rest @ ..] = segment else { return None };
        let size = [u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1])].map(usize::from);
        let mut components = Vec::new();
        for part in rest.chunks_exact(3) {
            let sampling = [usize::from(part[1] >> 4), usize::from(part[1] & 15)];
            components.push(Component {
                id: part[0],
                table: part[2],
                sampling,
                stride: 0,
                known: Vec::new(),
                exact: 0,
            });
        }
        let most = [0, 1].map(|axis| components.iter().map(|component| component.sampling[axis]).max().unwrap_or(0));
        let is_sound = components.iter().all(|component| component.sampling.iter().all(|side| (1..=4).contains(side)));
        let mut frame = Self { size, most, progressive, components };
        let is_sound = is_sound && (1..=4).contains(&frame.components.len());
        if !is_sound || check_size(size[0], size[1], 1).is_err() {
            return None;
        }
        let [across, down] = frame.units();
        for component in &mut frame.components {
            component.stride = across * component.sampling[0];
            let blocks = component.stride * down * component.sampling[1];
            component.known = if progressive { vec![0; blocks] } else { Vec::new() };
        }
        Some(frame)
    }

    /// How many units of blocks that belong together there are, across and down.
    fn units(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.size[axis].div_ceil(8 * self.most[axis]))
    }

    fn is_exact(&self) -> bool {
        self.components.iter().all(|component| component.exact == u64::MAX)
    }
}

/// The tables of one segment.
fn read_codes(mut segment: &[u8], codes: &mut HashMap<u8, Codes>) -> Option<()> {
    while let Some((&[head, ref counts @ ..], rest)) = segment.split_first_chunk::<17>() {
        let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
        let mut symbols = rest.get(..total)?.iter();
        let mut table = vec![(0, 0); 1 << 16];
        let mut code = 0_usize;
        for (length, &count) in (1..=16_u8).zip(counts) {
            for _ in 0..count {
                let width = 1 << (16 - length);
                table.get_mut(code..code + width)?.fill((length, *symbols.next()?));
                code += width;
            }
        }
        codes.insert(head, Rc::new(table));
        segment = &rest[total..];
    }
    Some(())
}

/// The same of steps. What is cut off is left to the decoder.
fn read_steps(mut segment: &[u8], steps: &mut HashMap<u8, Steps>) {
    while let Some((&head, rest)) = segment.split_first() {
        let width = 1 + usize::from(head >> 4 & 1);
        let Some(numbers) = rest.get(..64 * width) else { return };
        let number = |index: usize| {
            numbers[index * width..][..width].iter().fold(0.0, |sum, &byte| 256.0 * sum + f64::from(byte))
        };
        steps.insert(head & 15, Steps::new(&std::array::from_fn(number)));
        segment = &rest[64 * width..];
    }
}

/// Reads one scan; nothing where what it is said to be cannot be.
fn scan_of(
    segment: &[u8],
    frame: &mut Frame,
    (codes, steps): (&HashMap<u8, Codes>, &HashMap<u8, Steps>),
    interval: usize,
    bits: &mut Bits<'_>,
) -> Result<Option<()>, Scanned> {
    let Some((&count, rest)) = segment.split_first() else { return Ok(None) };
    let Some((parts, &[start, end, shifts])) = rest.split_at_checked(2 * usize::from(count)) else { return Ok(None) };
    let band = Band { start: start.into(), end: end.into(), high: shifts >> 4, low: shifts & 15 };
    let mut chosen = Vec::new();
    for part in parts.chunks_exact(2) {
        let Some(index) = frame.components.iter().position(|component| component.id == part[0]) else {
            return Ok(None);
        };
        let table = |class: u8, number: u8| codes.get(&(class << 4 | number)).cloned();
        let steps = steps.get(&frame.components[index].table).cloned();
        let steps = steps.unwrap_or_else(|| Steps::new(&[0.0; 64]));
        chosen.push((index, [table(0, part[1] >> 4), table(1, part[1] & 15)], steps));
    }
    if chosen.is_empty() || band.end > 63 || band.start > band.end {
        return Ok(None);
    }
    let units = match chosen[..] {
        [(index, ..)] => [0, 1].map(|axis| {
            let component = &frame.components[index];
            (frame.size[axis] * component.sampling[axis]).div_ceil(frame.most[axis]).div_ceil(8)
        }),
        _ => frame.units(),
    };
    let alone = chosen.len() == 1;
    let (mut run, mut since) = (0, 0);
    let mut last = vec![0.0; chosen.len()];
    for unit in 0..units[0] * units[1] {
        if interval > 0 && since == interval {
            bits.restart()?;
            (run, since) = (0, 0);
            last.fill(0.0);
        }
        since += 1;
        let [x, y] = [unit % units[0], unit / units[0]];
        for ((index, [dc, ac], steps), last) in chosen.iter().zip(&mut last) {
            let component = &mut frame.components[*index];
            let [across, down] = if alone { [1, 1] } else { component.sampling };
            for block in 0..across * down {
                let place = (y * down + block / across) * component.stride + x * across + block % across;
                let (mut unused, known) = (0, component.known.get_mut(place));
                let known = known.unwrap_or(&mut unused);
                let read = if frame.progressive {
                    progressive(bits, band, [dc.as_ref(), ac.as_ref()], (known, last, steps), &mut run)?
                } else {
                    sequential(bits, [dc.as_ref(), ac.as_ref()], last, steps)?
                };
                if read.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    bits.finish()?;
    for (index, ..) in &chosen {
        let exact = &mut frame.components[*index].exact;
        if !frame.progressive {
            *exact = u64::MAX;
        } else if band.low == 0 {
            *exact |= u64::MAX >> (63 - band.end) & u64::MAX << band.start;
        }
    }
    Ok(Some(()))
}

/// One block, of which the first coefficient is told by how far it is from the `last`; nothing where its codes are not defined.
fn sequential(
    bits: &mut Bits<'_>,
    [dc, ac]: [Option<&Codes>; 2],
    last: &mut f64,
    steps: &Steps,
) -> Result<Option<()>, Scanned> {
    let (Some(dc), Some(ac)) = (dc, ac) else { return Ok(None) };
    let length = bits.symbol(dc)?;
    *last += f64::from(bits.number(length.into())?);
    let mut power = (*last * steps.each[0]).powi(2);
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, length) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += zeros + 1;
                let step = steps.each.get(at as usize - 1).copied().unwrap_or(0.0);
                power += (f64::from(bits.number(length)?) * step).powi(2);
            }
        }
        if at > 64 {
            return Err(NO_CODE);
        }
    }
    if power.sqrt() > steps.most { Err(TOO_BRIGHT) } else { Ok(Some(())) }
}

/// What one scan has of a block. `run` counts the blocks from this one on that end at once.
fn progressive(
    bits: &mut Bits<'_>,
    band: Band,
    [dc, ac]: [Option<&Codes>; 2],
    (known, last, steps): (&mut u64, &mut f64, &Steps),
    run: &mut u32,
) -> Result<Option<()>, Scanned> {
    if band.start == 0 {
        let length = match (band.high, dc) {
            (0, Some(dc)) => bits.symbol(dc)?.into(),
            (0, None) => return Ok(None),
            _ => 1,
        };
        if band.high > 0 {
            bits.take(length)?;
            return Ok(Some(()));
        }
        *last += f64::from(bits.number(length)?);
        let value = *last * f64::from(1_u32 << band.low.min(15)) * steps.each[0];
        return if value.abs() > steps.most { Err(TOO_BRIGHT) } else { Ok(Some(())) };
    }
    let Some(ac) = ac else { return Ok(None) };
    let mut at = band.start;
    let mut found = 0_u64;
    while *run == 0 && at <= band.end {
        let symbol = bits.symbol(ac)?;
        let (mut zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if length == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.take(zeros)?;
            break;
        }
        bits.take(length)?;
        if band.high == 0 {
            at += zeros;
        } else {
            // One more bit of each that is known, and as many that are zero are passed over.
            while at <= band.end {
                if *known >> at & 1 == 1 {
                    bits.take(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
        }
        if length > 0 {
            if at > band.end {
                return Err(NO_CODE);
            }
            found |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        *run -= 1;
        if band.high > 0 {
            let rest = (at..=band.end).filter(|&at| *known >> at & 1 == 1).count();
            for _ in 0..rest {
                bits.take(1)?;
            }
        }
    }
    *known |= found;
    Ok(Some(()))
}
