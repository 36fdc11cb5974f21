//! An emulated Switchtec PAX, served over TCP from a rack file.
//!
//! It speaks to any client of the protocol, the vendor's command-line tool included, and shares nothing with the
//! clients but the codec. A [`Lab`] is a rack file, a [`Rack`] is what one switch of it is made of,
//! [`Softswitch::start`] serves it, [`Controls`] take the [`Order`]s of labs and tests, and a [`Gate`] makes it fail at
//! an exact moment.
//!
//! ```text
//!   accept -> connection -> (gate, delay) -> execute -> switch -> state file
//!                 |                                        |
//!                 +---- answer, then events  <-------------+
//! ```

mod accept;
mod clock;
mod connection;
pub mod control;
mod counters;
mod endpoint;
mod execute;
mod fault;
mod firmware;
mod gate;
mod in_memory;
mod kind;
mod limits;
mod log;
mod picture;
mod places;
mod queue;
mod rack;
mod registers;
mod restart;
mod saved;
mod server;
mod shared;
mod switch;

pub use clock::{Clock, SystemClock};
pub use control::{
    BindingCondition, Causes, Condition, Configured, Controls, Done, EventsCondition, FunctionName,
    LinkCondition, LinkLanes, MAX_ORDER_BYTES, NotAPdfid, Order, OrderError, PortCondition, PortName, Role,
    SendError, Severity, Timed, WaitingFault,
};
pub use fault::{FaultId, MAX_COMMAND_FAULTS};
pub use in_memory::{Conversation, InMemory};
pub use gate::{CommandEvent, Gate, Passing, Phase, ScriptedGate, Trigger, Verdict};
pub use kind::CommandKind;
pub use limits::{Limits, MAX_CONNECTIONS};
pub use places::{Files, Place, places};
pub use rack::{
    Adapter, AdapterKind, BUILT_IN, Binding, BuiltIn, Counters, Delays, FabricPort, Function, Host, LAB_RACK,
    Lab, Lanes, Link, MAX_DELAY_MS, MAX_FUNCTIONS, MAX_FUNCTIONS_OF_VENDOR_TOOL, MAX_LOGICAL_PORTS,
    MAX_NAME_BYTES, MAX_PORTS, MAX_RACK_FILE_BYTES, MAX_SWITCHES, PAIR_RACK, Rack, RackError, RackProblem,
    Shape, ShapeError, Slot, SwitchCount, TRANSCRIPTS_RACK, Warning, generate,
};
pub use restart::Retention;
pub use server::{ControlError, Options, Running, Softswitch};
pub use switch::NoSuchPort;
