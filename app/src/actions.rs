//! What islands ask of the server: thin server functions over the desk.
//!
//! They speak postcard, like the data block beside an island: the browser then carries one decoder for these types
//! and not two.

use leptos::prelude::*;
use leptos::server_fn::codec::{Postcard, PostcardEncoding};
use patchbay_api::{ApiError, ChangeRequest, Picture, Proposal, WayBack};
use patchbay_domain::{ChangeId, ChangeRecord, HistoryPage, HistoryQuery};
use serde::{Deserialize, Serialize};

/// Why an action did not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum ActionError {
    /// The desk says no; its words are for people.
    #[error("{0}")]
    Desk(ApiError),
    /// The call itself failed, so whether the server got it is not known.
    #[error(
        "Patchbay did not answer ({0}). Check that it runs, then look at the board before you try again."
    )]
    Call(ServerFnErrorErr),
}

impl FromServerFnError for ActionError {
    type Encoder = PostcardEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::Call(error)
    }
}

/// Reads the rack as it is now.
///
/// # Errors
/// [`ActionError::Desk`] when the history cannot be read.
#[server(input = Postcard, output = Postcard)]
pub async fn look() -> Result<Picture, ActionError> {
    answer(crate::desk::desk().picture().await)
}

/// Asks for a change; it is recorded when this returns.
///
/// # Errors
/// [`ActionError::Desk`] when it was not accepted; then nothing was recorded.
#[server(input = Postcard, output = Postcard)]
pub async fn submit(
    /// What shall happen, why, and what the person saw.
    request: ChangeRequest,
) -> Result<ChangeId, ActionError> {
    answer(crate::desk::desk().submit(caller(), request, None).await)
}

/// Reads one change, for undoing it.
///
/// # Errors
/// [`ActionError::Desk`] when there is no such change, or the history cannot be read.
#[server(input = Postcard, output = Postcard)]
pub async fn change(
    /// Which one.
    id: ChangeId,
) -> Result<ChangeRecord, ActionError> {
    answer(crate::desk::desk().change(id).await)
}

/// Cancels a change that waits for its turn.
///
/// # Errors
/// [`ActionError::Desk`] when it has begun or ended, or there is no such change.
#[server(input = Postcard, output = Postcard)]
pub async fn cancel(
    /// Which one.
    id: ChangeId,
) -> Result<ChangeRecord, ActionError> {
    answer(crate::desk::desk().cancel(caller(), id).await)
}

/// Works out a way back.
///
/// # Errors
/// [`ActionError::Desk`] when there is no such change or entry, or the history cannot be read.
#[server(input = Postcard, output = Postcard)]
pub async fn work_out(
    /// Which one.
    way: WayBack,
) -> Result<Proposal, ActionError> {
    answer(crate::desk::desk().way_back(way).await)
}

/// Reads one page of the history, newest first.
///
/// # Errors
/// [`ActionError::Desk`] when the history cannot be read.
#[server(input = Postcard, output = Postcard)]
pub async fn history(
    /// What to show of it.
    query: HistoryQuery,
) -> Result<HistoryPage, ActionError> {
    answer(crate::desk::desk().history(&query).await)
}

/// Answers with the desk's own status when it says no: a server function would say 500.
#[cfg(feature = "ssr")]
fn answer<T>(result: Result<T, ApiError>) -> Result<T, ActionError> {
    result.map_err(|error| {
        crate::ui::answer_status(&error);
        ActionError::Desk(error)
    })
}

/// Who is at the browser. Nobody signs in yet, so everyone is the operator.
#[cfg(feature = "ssr")]
fn caller() -> patchbay_domain::Actor {
    use std::net::SocketAddr;

    let from = use_context::<http::request::Parts>()
        .and_then(|request| request.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().cloned())
        .map(|peer| peer.0.ip().to_string());
    patchbay_domain::Actor::Person { name: "operator".to_owned(), door: patchbay_domain::Door::Browser, from }
}
