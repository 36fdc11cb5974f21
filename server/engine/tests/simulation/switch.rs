//! A switch in memory: three hosts of two logical ports and two cards of five functions, or of more of both.

use patchbay_domain::*;
use patchbay_driver::DriverError;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// The host ports.
pub const HOSTS: [PhysicalPort; 3] = [PhysicalPort(0), PhysicalPort(4), PhysicalPort(8)];

/// How much there is on a switch.
#[derive(Clone, Copy)]
pub struct Size {
    /// Logical ports of each host.
    pub logical_ports: u8,
    /// Functions of each model of card.
    functions: [u16; 2],
}

impl Size {
    /// So little that people get in each other's way.
    pub const NARROW: Self = Self { logical_ports: 2, functions: [5, 4] };
    /// So much that one of them can fill a queue.
    pub const WIDE: Self = Self { logical_ports: 6, functions: [12, 9] };
}

/// How far apart the first PDFIDs of two cards are that a slot may hold; some models have the same.
const APART: u16 = 0x100;

/// A logical port of a switch, by address.
pub type At = (PhysicalPort, LogicalPort);

/// What the logical ports hold; those that hold nothing are left out.
pub type Bindings = BTreeMap<At, Vec<Pdfid>>;

pub struct Card {
    slot: u8,
    /// The first of its PDFIDs.
    first: u16,
    /// Which card it is: another one in the same slot is another adapter.
    model: usize,
    /// How many functions it has, by model.
    functions: [u16; 2],
    pub present: bool,
    /// What it held when it was pulled, for a switch that remembers.
    pub remembered: Bindings,
}

pub struct Switch {
    pub size: Size,
    pub held: Bindings,
    pub cards: [Card; 2],
    /// Which cables are out.
    pub unplugged: Vec<PhysicalPort>,
    /// It answers again at this time of the simulation.
    pub away_until: Duration,
    /// Whoever calls it while it is away hears nothing at all.
    pub hangs: bool,
    pub hints: watch::Sender<u64>,
    /// A step that is on its way while its caller may be killed any moment.
    pub on_its_way: Option<Step>,
    /// How often another card took the place of one.
    pub swaps: u32,
    /// A step whose caller has given it up, and that the switch does before it listens to anybody again.
    pub late: Option<Step>,
}

impl Switch {
    pub fn new(size: Size) -> Self {
        let functions = size.functions;
        let card = |slot, first| Card {
            slot,
            first,
            model: 0,
            functions,
            present: true,
            remembered: Bindings::new(),
        };
        Self {
            size,
            held: Bindings::new(),
            cards: [card(16, 0x1000), card(20, 0x2000)],
            unplugged: Vec::new(),
            away_until: Duration::ZERO,
            hangs: false,
            hints: watch::Sender::new(0),
            on_its_way: None,
            swaps: 0,
            late: None,
        }
    }

    /// Where a function is bound, with its number there.
    pub fn bound(&self, pdfid: Pdfid) -> Option<BoundAt> {
        self.held.iter().find_map(|(&(port, logical_port), there)| {
            let number = u8::try_from(there.iter().position(|&p| p == pdfid)?).expect("at most eight");
            Some(BoundAt { port, logical_port, number })
        })
    }

    /// The functions of all cards that are there.
    pub fn pdfids(&self) -> Vec<Pdfid> {
        self.cards.iter().filter(|card| card.present).flat_map(Card::pdfids).collect()
    }

    pub fn observe(&self) -> Observation {
        let link = Link::full(8, Rate::Gen4);
        let host = |port| ObservedHostPort {
            port,
            link: if self.unplugged.contains(&port) { link.lost() } else { link },
            logical_ports: self.size.logical_ports,
        };
        let slot = |card: &Card| ObservedSlot {
            port: PhysicalPort(card.slot),
            link: if card.present { link } else { link.lost() },
            adapter: card.present.then(|| self.adapter(card)),
        };
        Observation {
            model: "Simulated switch".to_owned(),
            firmware: "1".to_owned(),
            host_ports: HOSTS.map(host).to_vec(),
            slots: self.cards.iter().map(slot).collect(),
        }
    }

    fn adapter(&self, card: &Card) -> ObservedAdapter {
        let function = |(index, pdfid)| ObservedFunction {
            index,
            pdfid,
            role: if index == 0 { Role::Pf } else { Role::Vf },
            bound: self.bound(pdfid),
        };
        ObservedAdapter {
            kind: AdapterKind::Nic,
            name: format!("NIC {} of model {}", card.slot, card.model),
            fingerprint: Fingerprint {
                vendor: 1,
                device: u16::try_from(card.model).expect("small"),
                subsystem_vendor: 0,
                subsystem_device: 0,
            },
            functions: (0..).zip(card.pdfids()).map(function).collect(),
        }
    }

    /// The bare bind or unbind, by the rules of a switch.
    pub fn program(&mut self, step: &Step) -> Result<(), DriverError> {
        let (at, after) = (at(step), pdfids(&step.after));
        if after.is_empty() {
            return match self.held.remove(&at) {
                Some(_) => Ok(()),
                None => Err(refused(step, "nothing is bound")),
            };
        }
        if self.held.contains_key(&at) {
            return Err(refused(step, "the logical port is taken"));
        }
        if after.iter().any(|&pdfid| self.bound(pdfid).is_some()) {
            return Err(refused(step, "already bound"));
        }
        let there = self.pdfids();
        if !after.iter().all(|pdfid| there.contains(pdfid)) {
            return Err(refused(step, "no such function"));
        }
        self.held.insert(at, after);
        Ok(())
    }

    /// Pulls a card; what was bound of it is bound no longer.
    pub fn pull(&mut self, card: usize) {
        let pulled: Vec<_> = self.cards[card].pdfids().collect();
        self.cards[card].present = false;
        self.cards[card].remembered = self.held.clone();
        for there in self.held.values_mut() {
            there.retain(|pdfid| !pulled.contains(pdfid));
        }
        self.held.retain(|_, there| !there.is_empty());
    }

    /// Puts a card back; with `bindings` those come back too where nothing stands against it.
    pub fn plug(&mut self, card: usize, bindings: bool) {
        self.cards[card].present = true;
        let own: Vec<_> = self.cards[card].pdfids().collect();
        for (at, there) in std::mem::take(&mut self.cards[card].remembered) {
            let back: Vec<_> = there.into_iter().filter(|pdfid| own.contains(pdfid)).collect();
            if bindings && !back.is_empty() && !self.held.contains_key(&at) {
                self.held.insert(at, back);
            }
        }
    }
}

impl Switch {
    /// Puts another card into an empty slot. With the same PDFIDs as the one before or with others.
    pub fn replace(&mut self, card: usize, renumbered: bool) {
        let Card { first, model, remembered, .. } = &mut self.cards[card];
        *model = 1 - *model;
        if renumbered {
            *first ^= APART;
        }
        remembered.clear();
        self.swaps += 1;
    }

    /// Whether a number is a function of another card than this one: of the slot's next, or of another slot's.
    pub fn is_of_another(&self, pdfid: Pdfid, adapter: &Adapter) -> bool {
        let mut there = self.cards.iter().filter(|card| card.present);
        let card = there.find(|card| card.pdfids().any(|one| one == pdfid));
        card.is_some_and(|card| {
            card.slot != adapter.slot.0 || card.model != usize::from(adapter.fingerprint.device)
        })
    }

    /// Whether this very card is in its slot.
    pub fn is_in(&self, adapter: &Adapter) -> bool {
        let mut there = self.cards.iter().filter(|card| card.present).map(|card| (card.slot, card.model));
        there.any(|(slot, model)| slot == adapter.slot.0 && model == usize::from(adapter.fingerprint.device))
    }

    /// Whether a step would be done: its logical port holds what the step starts from.
    pub fn fits(&self, step: &Step) -> bool {
        self.held.get(&at(step)).cloned().unwrap_or_default() == pdfids(&step.before)
    }
}

impl Card {
    fn pdfids(&self) -> impl Iterator<Item = Pdfid> {
        let first = self.first;
        (0..self.functions[self.model]).map(move |index| Pdfid::new(first + index).expect("in range"))
    }
}

pub fn at(step: &Step) -> At {
    (step.port, step.place.logical_port)
}

pub fn pdfids(functions: &[BoundFunction]) -> Vec<Pdfid> {
    functions.iter().map(|b| b.pdfid).collect()
}

pub fn refused(step: &Step, reason: &str) -> DriverError {
    DriverError::Refused { operation: step.to_string(), reason: reason.to_owned() }
}
