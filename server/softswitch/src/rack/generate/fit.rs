//! How many switches a shape needs, and how their lanes are shared out.

use super::Shape;
use crate::picture::PDFIDS;
use crate::rack::{LANES_PER_PORT_ID, MAX_FUNCTIONS, MAX_SWITCHES};

/// PDFIDs of a switch.
const MAX_FUNCTIONS_PER_SWITCH: usize = PDFIDS.end as usize - PDFIDS.start as usize + 1;
/// PAX devices of Gen4 by number of lanes (section 2).
const DEVICES: [(usize, u16); 6] =
    [(28, 0x4228), (36, 0x4236), (52, 0x4252), (68, 0x4268), (84, 0x4284), (100, 0x4200)];
/// Widths of ports, the best first.
const WIDTHS: [Widths; 4] = [
    Widths { host: 4, slot: 8 },
    Widths { host: 4, slot: 4 },
    Widths { host: 2, slot: 4 },
    Widths { host: 2, slot: 2 },
];
/// Most ports of the largest device at the smallest width.
const MAX_PORTS_PER_SWITCH: usize = 50;

/// A shape that no switches can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Nothing to connect.
    #[error("a rack needs at least one host and one adapter; ask for them")]
    Empty,
    /// An adapter without a function.
    #[error(
        "{adapters} adapters have at least {adapters} functions, one each; ask for more functions or fewer adapters"
    )]
    TooFewFunctions {
        /// Adapters asked for.
        adapters: usize,
    },
    /// An adapter with more functions than the wire can count.
    #[error(
        "{adapters} adapters have at most {most} functions, {MAX_FUNCTIONS} each; ask for fewer functions or more adapters"
    )]
    TooManyFunctions {
        /// Adapters asked for.
        adapters: usize,
        /// Functions that they can have.
        most: usize,
    },
    /// A number of switches that no file has.
    #[error("a rack file has 1 to {MAX_SWITCHES} switches; ask for as many")]
    Switches,
    /// Too much for the switches there are.
    #[error(
        "{hosts} hosts, {adapters} adapters and {functions} functions do not fit on {switches}: a switch has at most {MAX_PORTS_PER_SWITCH} ports and {MAX_FUNCTIONS_PER_SWITCH} functions, and at least one host and one adapter"
    )]
    DoesNotFit {
        /// Hosts asked for.
        hosts: usize,
        /// Adapters asked for.
        adapters: usize,
        /// Functions asked for.
        functions: usize,
        /// Which number of switches was tried, in words.
        switches: SwitchCount,
    },
}

/// How many switches were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchCount {
    /// The number asked for.
    Exactly(usize),
    /// Every number up to the most there can be.
    UpTo(usize),
}

impl std::fmt::Display for SwitchCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(1) => f.write_str("one switch"),
            Self::Exactly(count) => write!(f, "{count} switches"),
            Self::UpTo(most) => write!(f, "up to {most} switches"),
        }
    }
}

/// Lanes of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) host: usize,
    pub(super) slot: usize,
}

/// What one switch holds and how its lanes are shared out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) device: u16,
    pub(super) lanes: usize,
    pub(super) widths: Widths,
    pub(super) hosts: usize,
    /// Number of functions of each adapter.
    pub(super) adapters: Vec<usize>,
    /// Distance between the first PDFIDs of two adapters; without one they follow each other without gaps.
    pub(super) pdfid_stride: Option<u16>,
}

impl Layout {
    pub(super) fn functions(&self) -> usize {
        self.adapters.iter().sum()
    }

    /// Physical port id of a host.
    pub(super) fn host_port(&self, at: usize) -> usize {
        at * self.widths.host_ids()
    }

    /// Physical port id of a slot: behind the hosts, at a multiple of its own width.
    pub(super) fn slot_port(&self, at: usize) -> usize {
        self.widths.first_slot_id(self.hosts) + at * self.widths.slot_ids()
    }
}

impl Widths {
    fn host_ids(self) -> usize {
        self.host.div_ceil(LANES_PER_PORT_ID.into())
    }

    fn slot_ids(self) -> usize {
        self.slot.div_ceil(LANES_PER_PORT_ID.into())
    }

    fn first_slot_id(self, hosts: usize) -> usize {
        (hosts * self.host_ids()).next_multiple_of(self.slot_ids())
    }

    fn lanes(self, hosts: usize, slots: usize) -> usize {
        (self.first_slot_id(hosts) + slots * self.slot_ids()) * usize::from(LANES_PER_PORT_ID)
    }
}

/// One layout for each switch, with as few switches as possible unless the shape says how many.
pub(super) fn fit(shape: &Shape) -> Result<Vec<Layout>, ShapeError> {
    let Shape { hosts, adapters, functions, switches, .. } = *shape;
    if hosts == 0 || adapters == 0 {
        return Err(ShapeError::Empty);
    }
    if functions < adapters {
        return Err(ShapeError::TooFewFunctions { adapters });
    }
    let most = adapters.saturating_mul(MAX_FUNCTIONS);
    if functions > most {
        return Err(ShapeError::TooManyFunctions { adapters, most });
    }
    let (mut tried, count) = match switches {
        Some(count) if (1..=MAX_SWITCHES).contains(&count) => (count..=count, SwitchCount::Exactly(count)),
        Some(_) => return Err(ShapeError::Switches),
        None => {
            let most = MAX_SWITCHES.min(hosts).min(adapters);
            (1..=most, if most == 1 { SwitchCount::Exactly(1) } else { SwitchCount::UpTo(most) })
        }
    };
    let does_not_fit = ShapeError::DoesNotFit { hosts, adapters, functions, switches: count };
    tried.find_map(|switches| fit_on(shape, switches)).ok_or(does_not_fit)
}

fn fit_on(shape: &Shape, switches: usize) -> Option<Vec<Layout>> {
    if switches > shape.hosts || switches > shape.adapters {
        return None;
    }
    // Not their sum: rounded up, it may be one more than any switch has, and it may overflow.
    if shape.hosts.div_ceil(switches).max(shape.adapters.div_ceil(switches)) > MAX_PORTS_PER_SWITCH {
        return None;
    }
    let mut next_adapter = 0;
    let of_switch = |at: usize| {
        let hosts = share(shape.hosts, switches, at);
        // Remainders of hosts go to the first switches, those of adapters to the last ones.
        let adapters = share(shape.adapters, switches, switches - 1 - at);
        let first = next_adapter;
        next_adapter += adapters;
        layout(hosts, (first..next_adapter).map(|at| share(shape.functions, shape.adapters, at)).collect())
    };
    (0..switches).map(of_switch).collect()
}

/// The part of `total` that the `at`-th of `parts` gets; they differ by one at most.
fn share(total: usize, parts: usize, at: usize) -> usize {
    total / parts + usize::from(at < total % parts)
}

fn layout(hosts: usize, adapters: Vec<usize>) -> Option<Layout> {
    if adapters.iter().sum::<usize>() > MAX_FUNCTIONS_PER_SWITCH {
        return None;
    }
    let (widths, (lanes, device)) = WIDTHS.iter().find_map(|widths| {
        let needed = widths.lanes(hosts, adapters.len());
        DEVICES.iter().find(|(lanes, _)| needed <= *lanes).map(|device| (*widths, *device))
    })?;
    let pdfid_stride =
        (adapters.len() * MAX_FUNCTIONS <= MAX_FUNCTIONS_PER_SWITCH).then_some(MAX_FUNCTIONS as u16);
    Some(Layout { device, lanes, widths, hosts, adapters, pdfid_stride })
}
