//! The live stream: server-sent events that a listener can resume.

use super::Refused;
use super::body::{QueryOf, bad};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use http::HeaderMap;
use patchbay_api::{Desk, LiveEvent};
use patchbay_domain::Seq;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How often an idle stream says that it is alive: proxies cut streams that are silent for a minute.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Where to resume; a browser that reconnects says it in a header instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamQuery {
    after: Option<Seq>,
}

pub(super) async fn stream(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Refused> {
    let after = last_event_id(&headers)?.or(query.after);
    let hello = futures::stream::iter([Ok(Event::default().comment("patchbay").retry(RETRY_AFTER))]);
    let events = desk.live(after).map(|event| encode(&event));
    Ok(Sse::new(hello.chain(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_EVERY)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Seq>, Refused> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let wrong = || bad(format!("Last-Event-ID must be a ledger sequence number, not {text:?}."));
    text.parse().map(Some).map_err(|_| wrong())
}

fn encode(event: &LiveEvent) -> Result<Event, axum::Error> {
    let name = match event {
        LiveEvent::Entry(_) => "entry",
        LiveEvent::Step(_) => "step",
        LiveEvent::Switch { .. } => "switch",
        LiveEvent::Reset => "reset",
    };
    let sse = Event::default().event(name).json_data(event)?;
    Ok(match event {
        LiveEvent::Entry(entry) => sse.id(entry.seq.to_string()),
        _ => sse,
    })
}
