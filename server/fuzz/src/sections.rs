//! What dumps are put together to: sections of the database, and the topology.

use patchbay_switchtec::Generation;
use patchbay_switchtec::command::sections::{
    DumpClass, EndpointPortSection, FabricPortSection, FabricSection, HvdDetailSection, HvdSection, PaxAll,
    PaxSection,
};
use patchbay_switchtec::command::topology::Topology;

/// The choice of a topology of Gen4.
pub const TOPOLOGY_GEN4: u8 = 7;

/// The choice of a dump of a class.
pub fn choice(class: DumpClass) -> u8 {
    match class {
        DumpClass::PaxAll => 0,
        DumpClass::Hvd => 1,
        DumpClass::HvdDetail => 2,
        DumpClass::EndpointPort => 3,
        DumpClass::Fabric => 4,
        DumpClass::FabricPort => 5,
        DumpClass::Pax => 6,
    }
}

/// The input: a byte that chooses, and the dump.
pub fn run(data: &[u8]) {
    let Some((choice, dump)) = data.split_first() else { return };
    match choice % 9 {
        0 => check(dump, |dump| PaxAll::parse(dump).ok(), PaxAll::encode),
        1 => check(dump, |dump| HvdSection::parse(dump).ok(), HvdSection::encode),
        2 => check(dump, |dump| HvdDetailSection::parse(dump).ok(), HvdDetailSection::encode),
        3 => check(dump, |dump| EndpointPortSection::parse(dump).ok(), EndpointPortSection::encode),
        4 => check(dump, |dump| FabricSection::parse(dump).ok(), FabricSection::encode),
        5 => check(dump, |dump| FabricPortSection::parse(dump).ok(), FabricPortSection::encode),
        6 => check(dump, |dump| PaxSection::parse(dump).ok(), PaxSection::encode),
        TOPOLOGY_GEN4 => topology(dump, Generation::Gen4),
        _ => topology(dump, Generation::Gen5),
    }
}

fn topology(dump: &[u8], generation: Generation) {
    check(dump, |dump| Topology::parse(generation, dump).ok(), |topology| topology.encode(generation));
}

/// What is read must be written, and read again, the same.
fn check<T: PartialEq + std::fmt::Debug>(
    dump: &[u8],
    read: impl Fn(&[u8]) -> Option<T>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    let Some(value) = read(dump) else { return };
    assert_eq!(read(&write(&value)), Some(value));
}
