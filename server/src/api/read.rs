//! Looking: topology, ledger, health.

use super::Refused;
use super::answer::Json;
use super::body::{QueryOf, bad};
use axum::extract::State;
use patchbay_api::{Desk, Proposal, SwitchDriftView, TopologyView, WayBack};
use patchbay_domain::{Generation, LedgerPage, Seq, SwitchState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many ledger entries an answer holds unless asked otherwise.
const LEDGER_LIMIT: u32 = 100;

pub(super) async fn topology(State(desk): State<Arc<dyn Desk>>) -> Json<TopologyView> {
    Json(TopologyView::new(&desk.rack()))
}

/// What somebody else changed, each with the plan that adopts it and the one that reverts it.
pub(super) async fn drift(State(desk): State<Arc<dyn Desk>>) -> Json<Vec<SwitchDriftView>> {
    Json(SwitchDriftView::all(&desk.rack().topology))
}

/// Which moment to restore: as of a ledger entry, or as of the entry that a generation came about with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreQuery {
    seq: Option<Seq>,
    generation: Option<Generation>,
}

impl RestoreQuery {
    fn moment(&self) -> Result<WayBack, Refused> {
        match (self.seq, self.generation) {
            (Some(seq), None) => Ok(WayBack::Restore(seq)),
            (None, Some(generation)) => Ok(WayBack::RestoreGeneration(generation)),
            _ => Err(bad("Say which moment to restore, in one way: ?seq= with the number of a ledger entry, or ?generation= with a generation.".to_owned())),
        }
    }
}

/// Works out the plan that restores a moment.
pub(super) async fn restore(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<RestoreQuery>,
) -> Result<Json<Proposal>, Refused> {
    Ok(Json(desk.way_back(query.moment()?).await?))
}

/// Where to read the ledger from, and how much of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    after: Option<Seq>,
    limit: Option<u32>,
}

pub(super) async fn ledger(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<LedgerQuery>,
) -> Result<Json<LedgerPage>, Refused> {
    let (after, limit) = (query.after.unwrap_or(Seq::new(0)), query.limit.unwrap_or(LEDGER_LIMIT));
    Ok(Json(desk.ledger(after, limit).await?))
}

/// Whether the server works, for a supervisor.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    /// `ok`, or `trouble` when nothing can be written down.
    status: &'static str,
    /// Why not.
    trouble: Option<String>,
    seq: Seq,
    switches: Vec<SwitchHealth>,
}

#[derive(Debug, Serialize)]
struct SwitchHealth {
    name: String,
    state: SwitchState,
}

/// Reads the history on the way, so a server that cannot is not called healthy. A switch that is away does not make
/// the server ill. Nor does a disk that takes nothing more: starting the server again would not help, and what can be
/// read could not be read then.
pub(super) async fn health(State(desk): State<Arc<dyn Desk>>) -> Result<Json<Health>, Refused> {
    let picture = desk.picture().await?;
    let switches = picture.topology.switches.into_values();
    let switches = switches.map(|s| SwitchHealth { name: s.name, state: s.state }).collect();
    let status = if picture.trouble.is_some() { "trouble" } else { "ok" };
    Ok(Json(Health { status, trouble: picture.trouble, seq: picture.seq, switches }))
}
