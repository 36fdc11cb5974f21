//! Looking: topology, ledger, health.

use super::Refused;
use super::body::QueryOf;
use axum::Json;
use axum::extract::State;
use patchbay_api::{Desk, TopologyView};
use patchbay_domain::{LedgerPage, Seq, SwitchState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many ledger entries an answer holds unless asked otherwise.
const LEDGER_LIMIT: u32 = 100;

pub(super) async fn topology(State(desk): State<Arc<dyn Desk>>) -> Result<Json<TopologyView>, Refused> {
    let picture = desk.picture().await?;
    Ok(Json(TopologyView::new(&picture)))
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
    status: &'static str,
    seq: Seq,
    switches: Vec<SwitchHealth>,
}

#[derive(Debug, Serialize)]
struct SwitchHealth {
    name: String,
    state: SwitchState,
}

/// Reads the history on the way, so a server that cannot is not called healthy. A switch that is away does not make
/// the server ill.
pub(super) async fn health(State(desk): State<Arc<dyn Desk>>) -> Result<Json<Health>, Refused> {
    let picture = desk.picture().await?;
    let switches = picture.topology.switches.into_values();
    let switches = switches.map(|s| SwitchHealth { name: s.name, state: s.state }).collect();
    Ok(Json(Health { status: "ok", seq: picture.seq, switches }))
}
