//! Planning and changing.

use super::Refused;
use super::answer::Json;
use super::body::{JsonBody, JsonBytes, QueryOf, bad};
use axum::extract::{ConnectInfo, FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::StatusCode;
use http::header::LOCATION;
use http::request::Parts;
use patchbay_api::{ApiError, CarriedOut, ChangeRequest, Desk, Picture, Proposal, WayBack};
use patchbay_domain::{
    Actor, ChangeId, ChangeRecord, Door, Generation, IdempotencyKey, Intent, OpenChange, Outcome, Plan,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What the history calls whoever comes through this door; nobody signs in yet.
const NAME: &str = "operator";

/// Plans an intent, bare or under its name as in a change.
pub(super) async fn plan(State(desk): State<Arc<dyn Desk>>, body: JsonBytes) -> Result<Json<Plan>, Refused> {
    Ok(Json(desk.plan(&wanted(&body)?).await?))
}

/// The intent of a body. Only one that is none is read again, for saying what is wrong with it.
fn wanted(body: &JsonBytes) -> Result<Intent, Refused> {
    let bare = match serde_json::from_slice(&body.0) {
        Ok(intent) => return Ok(intent),
        Err(error) => error,
    };
    let read: serde_json::Value = body.parse()?;
    let error = match read.get("intent").map(Intent::deserialize) {
        Some(Ok(named)) => return Ok(named),
        Some(Err(error)) => error,
        None => bare,
    };
    Err(bad(format!(
        "The intent cannot be read: {error}. It looks like {{\"moves\":[{{\"function\":3,\"to\":7}}]}}."
    )))
}

/// How long the end of a change is waited for unless asked otherwise: longer than undoing has patience with a switch.
const WAIT_S: u64 = 120;
/// The longest.
const WAIT_S_MAX: u64 = 600;

/// Whether to answer at once, or when the change has ended or so much time has passed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmitQuery {
    #[serde(default, deserialize_with = "patience")]
    wait: Option<Duration>,
}

/// `true`, `false`, or a number of seconds.
fn patience<'de, D: Deserializer<'de>>(query: D) -> Result<Option<Duration>, D::Error> {
    let said = String::deserialize(query)?;
    let seconds = match (said.as_str(), said.parse()) {
        ("false", _) => return Ok(None),
        ("true", _) => WAIT_S,
        (_, Ok(seconds @ 1..=WAIT_S_MAX)) => seconds,
        _ => {
            let why = format!("`wait` is true, false, or a number of seconds from 1 to {WAIT_S_MAX}");
            return Err(D::Error::custom(why));
        }
    };
    Ok(Some(Duration::from_secs(seconds)))
}

pub(super) async fn submit(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<SubmitQuery>,
    Caller(actor): Caller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<Response, Refused> {
    let key = idempotency_key(&headers)?;
    let location = |id| [(LOCATION, format!("/api/v1/changes/{id}"))];
    if let Some(patience) = query.wait {
        let CarriedOut { record, generation } = desk.carry_out(actor, request, key, patience).await?;
        let status = if record.closed.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
        let answer = ChangeAnswer { generation, ..ChangeAnswer::at(&*desk, record) };
        return Ok((status, location(answer.record.id), Json(answer)).into_response());
    }
    let id = desk.submit(actor, request, key).await?;
    Ok((StatusCode::ACCEPTED, location(id), Json(Accepted { id })).into_response())
}

/// The key of a request that may be sent twice (draft-ietf-httpapi-idempotency-key-header, where it may stand in
/// quotation marks).
fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refused> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    text.parse().map(Some).map_err(|error| bad(format!("The header Idempotency-Key cannot be used. {error}")))
}

/// Whoever comes through this door.
pub(super) struct Caller(Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
        Ok(Self(Actor::Person { name: NAME.to_owned(), door: Door::Api, from }))
    }
}

/// The changes that wait or run, in the order in which they were accepted.
pub(super) async fn open(State(desk): State<Arc<dyn Desk>>) -> Json<Vec<OpenAnswer>> {
    let rack = desk.rack();
    let open = rack.topology.open.values();
    Json(
        open.map(|change| OpenAnswer { stage: Stage::of_open(&rack, change.id), change: change.clone() })
            .collect(),
    )
}

/// Cancels a change that waits.
pub(super) async fn cancel(
    State(desk): State<Arc<dyn Desk>>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<ChangeAnswer>, Refused> {
    Ok(Json(desk.cancel(actor, change_id(&id)?).await?.into()))
}

/// Works out a way back from a change.
pub(super) async fn way_back(
    State(desk): State<Arc<dyn Desk>>,
    Path((id, way)): Path<(String, String)>,
) -> Result<Json<Proposal>, Refused> {
    let id = change_id(&id)?;
    let way = match way.as_str() {
        "undo" => WayBack::Undo(id),
        "retry" => WayBack::Retry(id),
        "accept" => WayBack::Accept(id),
        other => return Err(ApiError::NotFound { what: format!("way back {other:?}") }.into()),
    };
    Ok(Json(desk.way_back(way).await?))
}

fn change_id(text: &str) -> Result<ChangeId, Refused> {
    text.parse().map_err(|_| ApiError::NotFound { what: format!("change {text:?}") }.into())
}

pub(super) async fn show(
    State(desk): State<Arc<dyn Desk>>,
    Path(id): Path<String>,
) -> Result<Json<ChangeAnswer>, Refused> {
    let record = desk.change(change_id(&id)?).await?;
    Ok(Json(ChangeAnswer::at(&*desk, record)))
}

#[derive(Debug, Serialize)]
struct Accepted {
    id: ChangeId,
}

/// Where a change is in its life, in one word.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Waiting,
    Running,
    Open,
    Applied,
    RolledBack,
    Stuck,
}

impl Stage {
    /// That of a change that is not closed, by what the engine has of it.
    fn of_open(rack: &Picture, change: ChangeId) -> Self {
        match (rack.topology.open.contains_key(&change), rack.begun.contains(&change)) {
            (false, _) => Self::Open,
            (true, false) => Self::Waiting,
            (true, true) => Self::Running,
        }
    }
}

/// A change that has not ended.
#[derive(Debug, Serialize)]
pub(super) struct OpenAnswer {
    stage: Stage,
    #[serde(flatten)]
    change: OpenChange,
}

/// A change as this door shows it: its stage in front, so that a script need not look into `closed`.
#[derive(Debug, Serialize)]
pub(super) struct ChangeAnswer {
    stage: Stage,
    /// What to send as `seen` next: only for a change that was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<Generation>,
    #[serde(flatten)]
    record: ChangeRecord,
}

impl ChangeAnswer {
    /// With the stage of one that has not ended too.
    fn at(desk: &dyn Desk, record: ChangeRecord) -> Self {
        let mut answer = Self::from(record);
        if answer.record.closed.is_none() {
            answer.stage = Stage::of_open(&desk.rack(), answer.record.id);
        }
        answer
    }
}

impl From<ChangeRecord> for ChangeAnswer {
    fn from(record: ChangeRecord) -> Self {
        let stage = match record.closed.as_ref().map(|closed| closed.outcome) {
            None => Stage::Open,
            Some(Outcome::Applied) => Stage::Applied,
            Some(Outcome::RolledBack) => Stage::RolledBack,
            Some(Outcome::Stuck) => Stage::Stuck,
        };
        Self { stage, generation: None, record }
    }
}
