//! What the board is drawn from. Components take ids and read everything else from the scene around them.

mod adapter;
mod attention;
mod carry;
mod chassis;
mod footer;
mod head;
mod host;
mod just_now;
mod menu;
mod plan_sheet;
mod rack;
mod run_sheet;
mod selection;
mod status;
mod troubles;

pub use attention::Attention;
pub use carry::Overlay;
pub use footer::Footer;
pub use head::Head;
pub use just_now::JustNow;
pub use plan_sheet::PlanSheet;
pub use rack::Rack;
pub use run_sheet::RunSheet;
pub use selection::SelectionBar;
pub use status::{Said, ToastBar};
