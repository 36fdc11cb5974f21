//! What the lab's page shows, as words and numbers.

/// What is on the other side of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A host.
    Host,
    /// An adapter.
    Slot,
    /// Another switch.
    Fabric,
}

/// A port of an emulated switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchPort {
    /// Its number.
    pub number: u8,
    /// What is on the other side.
    pub side: Side,
    /// Its name.
    pub name: String,
    /// Whether the cable or the adapter is in.
    pub plugged: bool,
    /// Its link in words.
    pub link: String,
}

/// A logical port that something is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The host port.
    pub port: u8,
    /// The logical port.
    pub logical_port: u8,
    /// What is bound where.
    pub words: String,
}

/// An emulated switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Its place in the lab, counted from 0.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// Its temperature in words.
    pub temperature: String,
    /// Its ports.
    pub ports: Vec<BenchPort>,
    /// Commands that can be made to fail, by name.
    pub commands: Vec<String>,
    /// Faults that wait for their command: number and words.
    pub waiting: Vec<(u64, String)>,
    /// Models that a slot can be given.
    pub models: Vec<String>,
    /// Functions: PDFID and words.
    pub functions: Vec<(String, String)>,
    /// Those of them that are not bound.
    pub free: Vec<(String, String)>,
    /// What is bound.
    pub bound: Vec<Bound>,
}

impl Bench {
    /// The host ports with the names of their hosts.
    pub fn hosts(&self) -> impl Iterator<Item = (u8, String)> {
        let hosts = self.ports.iter().filter(|port| port.side == Side::Host);
        hosts.map(|port| (port.number, port.name.clone()))
    }
}

/// Something that was done here, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The time of day, in UTC.
    pub at: String,
    /// What.
    pub words: String,
    /// Whether it was done.
    pub done: bool,
}
