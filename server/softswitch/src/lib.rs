//! An emulated Switchtec PAX, served over TCP from a rack file.
//!
//! It speaks to any client of the protocol, the vendor's command-line tool included, and shares nothing with the
//! clients but the codec. A [`Lab`] is a rack file, a [`Rack`] is what one switch of it is made of,
//! [`Softswitch::start`] serves it, [`Running`] has controls for labs and tests, and a [`Gate`] makes it fail at an
//! exact moment.
//!
//! ```text
//!   accept -> connection -> (gate, delay) -> execute -> switch -> state file
//!                 |                                        |
//!                 +---- answer, then events  <-------------+
//! ```

mod clock;
mod connection;
mod counters;
mod endpoint;
mod execute;
mod firmware;
mod gate;
mod log;
mod picture;
mod queue;
mod rack;
mod registers;
mod saved;
mod server;
mod shared;
mod switch;

pub use clock::{Clock, SystemClock};
pub use gate::{CommandEvent, CommandKind, Gate, Passing, Phase, ScriptedGate, Trigger, Verdict};
pub use rack::{
    Adapter, AdapterKind, BUILT_IN, Binding, BuiltIn, Delays, FabricPort, Function, Host, LAB_RACK, Lab,
    Lanes, Link, MAX_DELAY_MS, MAX_FUNCTIONS, MAX_FUNCTIONS_OF_VENDOR_TOOL, MAX_LOGICAL_PORTS,
    MAX_NAME_BYTES, MAX_PORTS, MAX_RACK_FILE_BYTES, MAX_SWITCHES, PAIR_RACK, Rack, RackError, RackProblem,
    Shape, ShapeError, Slot, SwitchCount, TRANSCRIPTS_RACK, Warning, generate,
};
pub use server::{ControlError, MAX_CONNECTIONS, Options, Running, Softswitch};
pub use switch::NoSuchPort;
