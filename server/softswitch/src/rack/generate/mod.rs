//! Makes rack files of any size: realistic names and adapters, half of the functions assigned.

mod catalogue;
mod fit;
mod text;

use fastrand::Rng;

use super::MAX_LOGICAL_PORTS;
use crate::picture::PDFIDS;
use catalogue::{MODELS, Model, ROLES};
use fit::{Layout, fit};

pub use fit::{ShapeError, SwitchCount};

/// Every sixteenth host has its cable unplugged, and every one half-way between two of those a link that trained
/// narrower; smaller racks are spared both.
const HOSTS_PER_TROUBLE: usize = 16;
/// Fewest logical ports of a host.
const MIN_LOGICAL_PORTS: usize = 8;

/// What a generated rack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Number of hosts on all switches.
    pub hosts: usize,
    /// Number of adapters on all switches.
    pub adapters: usize,
    /// Number of functions on all adapters, PFs included.
    pub functions: usize,
    /// The same seed makes the same file.
    pub seed: u64,
    /// Number of switches; as few as possible unless given.
    pub switches: Option<usize>,
}

/// A switch to be written.
struct SwitchPlan {
    name: String,
    index: usize,
    layout: Layout,
    temperature_c: f64,
    hosts: Vec<HostPlan>,
    slots: Vec<SlotPlan>,
}

/// A host to be written, with the functions on its logical ports from 0 on.
struct HostPlan {
    name: String,
    trouble: Option<Trouble>,
    functions: Vec<u16>,
}

/// What is wrong with a cable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Unplugged,
    Narrow,
}

/// A slot to be written.
struct SlotPlan {
    model: &'static Model,
    functions: usize,
    first_pdfid: u16,
}

/// The text of a rack file with exactly the hosts, adapters and functions asked for.
///
/// Half of the functions are assigned, one to a logical port, or as many as the hosts have logical ports for. Hosts
/// and adapters are spread evenly over the switches; every host is cabled to one of them.
///
/// # Errors
/// [`ShapeError`] when no switches can hold it.
pub fn generate(shape: &Shape) -> Result<String, ShapeError> {
    let layouts = fit(shape)?;
    let mut rng = Rng::with_seed(shape.seed);
    let mut drawn = Drawn::default();
    let several = layouts.len() > 1;
    let switches: Vec<_> = layouts
        .into_iter()
        .enumerate()
        .map(|(index, layout)| drawn.switch(&mut rng, index, layout))
        .collect();
    Ok(text::write(shape, &switches, several))
}

/// What has been drawn so far, for names and kinds that go on over all switches.
#[derive(Default)]
struct Drawn {
    hosts: usize,
    adapters: usize,
    by_role: [usize; ROLES.len()],
}

impl Drawn {
    fn switch(&mut self, rng: &mut Rng, index: usize, layout: Layout) -> SwitchPlan {
        // Dies are between 41 and 58 degrees warm, in quarters.
        let temperature_c = 41.0 + f64::from(rng.u32(0..68)) / 4.0;
        let mut hosts: Vec<_> = (0..layout.hosts).map(|_| self.host(rng, &layout)).collect();
        let slots = self.slots(rng, &layout);
        let mut assigned = to_assign(&slots, rng);
        assigned.truncate(layout.functions() / 2);
        assigned.truncate(hosts.len() * usize::from(MAX_LOGICAL_PORTS));
        for (at, function) in assigned.into_iter().enumerate() {
            let host = at % hosts.len();
            hosts[host].functions.push(function);
        }
        let letter = char::from(b'a' + index as u8);
        SwitchPlan { name: format!("pax-{letter}"), index, layout, temperature_c, hosts, slots }
    }

    fn host(&mut self, rng: &mut Rng, layout: &Layout) -> HostPlan {
        let role = rng.usize(0..ROLES.len());
        self.by_role[role] += 1;
        let name = format!("{}-{:02}", ROLES[role], self.by_role[role]);
        self.hosts += 1;
        let trouble = match self.hosts % HOSTS_PER_TROUBLE {
            0 => Some(Trouble::Unplugged),
            at if at == HOSTS_PER_TROUBLE / 2 && self.hosts > HOSTS_PER_TROUBLE && layout.widths.host > 1 => {
                Some(Trouble::Narrow)
            }
            _ => None,
        };
        HostPlan { name, trouble, functions: Vec::new() }
    }

    fn slots(&mut self, rng: &mut Rng, layout: &Layout) -> Vec<SlotPlan> {
        let mut first_pdfid = PDFIDS.start;
        let slot = |&functions: &usize| {
            let of_kind = MODELS[self.adapters % MODELS.len()];
            self.adapters += 1;
            let model = &of_kind[rng.usize(0..of_kind.len())];
            let slot = SlotPlan { model, functions, first_pdfid };
            first_pdfid += layout.pdfid_stride.unwrap_or(functions as u16);
            slot
        };
        layout.adapters.iter().map(slot).collect()
    }
}

impl SwitchPlan {
    /// The same for every host: room for what it has, and as much again if there is.
    fn logical_ports(&self) -> usize {
        let most = self.hosts.iter().map(|host| host.functions.len()).max().unwrap_or(0);
        (2 * most).next_power_of_two().clamp(MIN_LOGICAL_PORTS, MAX_LOGICAL_PORTS.into())
    }
}

/// Functions in the order in which they are assigned: VFs, and PFs that have none, all mixed.
fn to_assign(slots: &[SlotPlan], rng: &mut Rng) -> Vec<u16> {
    let mut functions: Vec<_> = slots
        .iter()
        .flat_map(|slot| {
            let end = slot.first_pdfid + slot.functions as u16;
            slot.first_pdfid + u16::from(slot.functions > 1)..end
        })
        .collect();
    rng.shuffle(&mut functions);
    functions
}
