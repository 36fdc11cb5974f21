//! The live stream: server-sent events that a listener can resume. Programs get them as JSON, Patchbay's own pages
//! packed as the data block beside an island is: they carry the decoder for that anyway, and one for JSON would be a
//! tenth of what a browser loads.

use super::Refused;
use super::body::{QueryOf, bad};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures::StreamExt;
use futures::stream::BoxStream;
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

/// Server-sent events on their way to one listener.
type Events = BoxStream<'static, Result<Event, axum::Error>>;

pub(super) async fn stream(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<KeepAliveStream<Events>>, Refused> {
    resume(&desk, query, &headers, |event| Event::default().json_data(event))
}

pub(super) async fn packed(
    State(desk): State<Arc<dyn Desk>>,
    QueryOf(query): QueryOf<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<KeepAliveStream<Events>>, Refused> {
    resume(&desk, query, &headers, |event| {
        Ok(Event::default().data(patchbay_app::block::pack(event).map_err(axum::Error::new)?))
    })
}

/// The events after the one a listener saw last, each with its data from `encode`, its name, and for entries its id.
fn resume(
    desk: &Arc<dyn Desk>,
    query: StreamQuery,
    headers: &HeaderMap,
    encode: impl Fn(&LiveEvent) -> Result<Event, axum::Error> + Send + 'static,
) -> Result<Sse<KeepAliveStream<Events>>, Refused> {
    let after = last_event_id(headers)?.or(query.after);
    let hello = futures::stream::iter([Ok(Event::default().comment("patchbay").retry(RETRY_AFTER))]);
    let events = desk.live(after).map(move |event| encode(&event).map(|sse| named(sse, &event)));
    Ok(Sse::new(hello.chain(events).boxed()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_EVERY)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Seq>, Refused> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let wrong = || bad(format!("Last-Event-ID must be a ledger sequence number, not {text:?}."));
    text.parse().map(Some).map_err(|_| wrong())
}

fn named(sse: Event, event: &LiveEvent) -> Event {
    let sse = sse.event(event.name());
    match event {
        LiveEvent::Entry(entry) => sse.id(entry.seq.to_string()),
        _ => sse,
    }
}
