//! The nouns and rules of Patchbay.
//!
//! Everything here is pure: no IO, no clock, no chance, no async. The server and the browser run the same code, so a
//! host that lights up under a dragged function accepts it on the server too, for the same reason.
//!
//! * [`topology`]: switches, hosts, adapters, functions, and who has what;
//! * [`observation`]: what a switch says about itself, before anything has an id;
//! * [`intent`] and [`rules`]: what a person asks for, and why it may be refused; [`idempotency`]: asking twice;
//! * [`reach`]: hosts of one name are one server, and which of them a switch reaches;
//! * [`plan`]: the ordered steps that carry out an intent, each with its inverse; [`places`]: what it looks up on the way;
//! * [`goback`]: the intents that undo, restore, revert and adopt; [`touches`]: what changed since somebody looked;
//!   [`wishes`]: what an entry changes of what is wished; [`excerpt`]: the part of a topology that an intent is about;
//! * [`progress`] and [`meant`]: how far a plan is, and whether its functions are still those that were meant;
//! * [`ledger`] and [`chain`]: the entries of the history and the hashes that chain them; [`history`] and [`record`]: how people read it;
//! * [`vitals`]: how a switch is: heat, errors, traffic; [`health`] and [`ward`]: what of links and switches becomes history;
//! * [`fold`]: how an entry changes a topology; [`reconcile`]: how an observation differs from one.

mod added;
mod address;
pub mod chain;
mod choose;
pub mod excerpt;
pub mod fold;
pub mod goback;
pub mod health;
pub mod history;
pub mod idempotency;
pub mod ids;
pub mod intent;
pub mod ledger;
pub mod meant;
pub mod observation;
pub mod places;
pub mod plan;
mod plan_words;
pub mod progress;
pub mod reach;
pub mod reconcile;
pub mod record;
pub mod refusal;
pub mod rules;
pub mod topology;
pub mod touches;
pub mod vitals;
pub mod ward;
pub mod wishes;
pub mod words;

#[cfg(test)]
mod fixture;

pub use address::{AddressError, Link, LinkHealth, LogicalPort, Pdfid, PhysicalPort, Rate};
pub use chain::{ChainError, Hash};
pub use excerpt::Excerpt;
pub use fold::Delta;
pub use goback::DriftKind;
pub use health::{Patience, Raised, Sign, Subject, Verdict, Watch};
pub use history::{Ending, HistoryItem, HistoryPage, HistoryQuery, ItemKind, LedgerPage};
pub use idempotency::{IdempotencyKey, IdempotencyKeyError};
pub use ids::{AdapterId, ChangeId, FunctionId, Generation, HostId, Seq, SwitchId};
pub use intent::{Intent, Move, Origin, Reason, ReasonError};
pub use ledger::{
    Actor, Difference, Door, Entry, Event, Left, Outcome, Returned, StepPhase, StepReport, SwitchPicture,
    Untold,
};
pub use meant::{Stranger, known, still_found, still_meant, stranger};
pub use observation::{
    BoundAt, Contents, Fingerprint, Held, Observation, ObservedAdapter, ObservedFunction, ObservedHostPort,
    ObservedSlot,
};
pub use places::Places;
pub use plan::{BoundFunction, Plan, PlannedMove, Step, StepKind, plan, plan_with};
pub use progress::{StepProgress, StepStage, promised, ready, undone};
pub use record::{ChangeClosing, ChangeRecord, EntryMark};
pub use refusal::Refusal;
pub use rules::check;
pub use topology::{
    Adapter, AdapterKind, Assignment, Drift, Function, Host, OpenChange, Place, Role, Switch, SwitchState,
    Topology,
};
pub use touches::{Moved, Toucher, Touches};
pub use vitals::{
    Concern, FirmwareImage, FirmwarePart, LinkPhase, PortEvent, PortEventCount, PortVitals, Temperature,
    Traffic, Vitals,
};
pub use ward::Ward;
