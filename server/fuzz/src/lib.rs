//! What the fuzz targets do with the bytes they are given, and the bytes they start from.
//!
//! The bodies stand apart from the targets so that the ordinary tests of the emulated switch run them too, on a few
//! thousand mutations of the same seeds. A body returns when all is well and panics when it is not.

pub mod command;
pub mod packet;
pub mod sections;
pub mod seeds;
pub mod session;

/// A body by the name of its target.
pub type Body = fn(&[u8]);

/// All targets with their bodies.
pub const TARGETS: [(&str, Body); 4] = [
    ("command", command::run),
    ("packet", packet::run),
    ("sections", sections::run),
    ("session", session::run),
];
