//! Planning and changing.

use super::Refused;
use super::body::{JsonBody, QueryOf, bad};
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use patchbay_api::{ApiError, ChangeRequest, Desk};
use patchbay_domain::{Actor, ChangeId, ChangeRecord, Door, Intent, Outcome, Plan};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;

/// What the history calls whoever comes through this door; nobody signs in yet.
const NAME: &str = "operator";

/// Plans an intent, bare or under its name as in a change.
pub(super) async fn plan(
    State(desk): State<Arc<dyn Desk>>,
    JsonBody(body): JsonBody<serde_json::Value>,
) -> Result<Json<Plan>, Refused> {
    let intent = match body.get("intent") {
        Some(named) => named.clone(),
        None => body,
    };
    let intent: Intent = serde_json::from_value(intent).map_err(|error| {
        bad(format!(
            "The intent cannot be read: {error}. It looks like {{\"moves\":[{{\"function\":3,\"to\":7}}]}}."
        ))
    })?;
    Ok(Json(desk.plan(&intent).await?))
}

/// Whether to answer at once or when the change has ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmitQuery {
    #[serde(default)]
    wait: bool,
}

pub(super) async fn submit(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<SubmitQuery>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<Response, Refused> {
    let from = peer.map(|peer| peer.0.0.ip().to_string());
    let actor = Actor::Person { name: NAME.to_owned(), door: Door::Api, from };
    let id = desk.submit(actor, request).await?;
    let location = [(LOCATION, format!("/api/v1/changes/{id}"))];
    if query.wait {
        let record = desk.ended(id).await?;
        return Ok((StatusCode::OK, location, Json(ChangeAnswer::from(record))).into_response());
    }
    Ok((StatusCode::ACCEPTED, location, Json(Accepted { id })).into_response())
}

pub(super) async fn show(
    State(desk): State<Arc<dyn Desk>>,
    Path(id): Path<String>,
) -> Result<Json<ChangeAnswer>, Refused> {
    let id: ChangeId = id.parse().map_err(|_| ApiError::NotFound { what: format!("change {id:?}") })?;
    Ok(Json(desk.change(id).await?.into()))
}

#[derive(Debug, Serialize)]
struct Accepted {
    id: ChangeId,
}

/// Where a change is in its life, in one word.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Open,
    Applied,
    RolledBack,
    Stuck,
}

/// A change as this door shows it: its stage in front, so that a script need not look into `closed`.
#[derive(Debug, Serialize)]
pub(super) struct ChangeAnswer {
    stage: Stage,
    #[serde(flatten)]
    record: ChangeRecord,
}

impl From<ChangeRecord> for ChangeAnswer {
    fn from(record: ChangeRecord) -> Self {
        let stage = match record.closed.as_ref().map(|closed| closed.outcome) {
            None => Stage::Open,
            Some(Outcome::Applied) => Stage::Applied,
            Some(Outcome::RolledBack) => Stage::RolledBack,
            Some(Outcome::Stuck) => Stage::Stuck,
        };
        Self { stage, record }
    }
}
