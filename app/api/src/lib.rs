//! The contract between browser and server.
//!
//! [`Desk`] is everything a face can ask of the server: the board's pages, its server functions, the live stream and the
//! JSON door all stand on the same trait. The rest of this crate are the values that go over it.

pub mod desk;
pub mod drift;
pub mod error;
pub mod live;
pub mod request;
pub mod view;

pub use desk::{Desk, LiveEvents};
pub use drift::{DriftView, Proposal, SwitchDriftView};
pub use error::{ApiError, Problem};
pub use live::LiveEvent;
pub use request::{ChangeRequest, WayBack};
pub use view::{CarriedOut, Notice, Picture, TopologyView};
