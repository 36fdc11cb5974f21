//! Reading what comes in, bounded, with sentences for what cannot be read.

use super::Refused;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use patchbay_api::ApiError;
use serde::de::DeserializeOwned;

/// The largest body taken: an intent of the most moves is some 20 kB, so this is generous.
pub const BODY_MAX_BYTES: usize = 256 * 1024;

/// A body that says it is JSON.
pub(crate) struct JsonBytes(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBytes {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        require_json(&request)?;
        read(request.into_body()).await.map(Self)
    }
}

impl JsonBytes {
    /// What it says.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.0).map_err(|error| bad(unreadable(&error)))
    }
}

/// Why a body cannot be read. What a type of ours says about its value is a whole sentence already.
fn unreadable(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((sentence, _)) if error.is_data() && sentence.ends_with('.') => sentence.to_owned(),
        _ => format!("The body cannot be read: {text}."),
    }
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        JsonBytes::from_request(request, state).await?.parse().map(Self)
    }
}

/// Only JSON: a form of another site's page cannot send that type.
fn require_json(request: &Request) -> Result<(), Refused> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(bad("The body must be JSON. Send it with the header Content-Type: application/json.".to_owned()))
    }
}

async fn read(body: Body) -> Result<Bytes, Refused> {
    // The one way this fails while the client still listens is the limit.
    let too_large = |_| Refused(ApiError::TooLarge { limit_bytes: BODY_MAX_BYTES as u64 });
    axum::body::to_bytes(body, BODY_MAX_BYTES).await.map_err(too_large)
}

/// A query string.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        let unreadable = |error: QueryRejection| bad(format!("{}.", error.body_text()));
        read.map(|Query(value)| Self(value)).map_err(unreadable)
    }
}

pub(crate) fn bad(why: String) -> Refused {
    Refused(ApiError::BadRequest { why })
}
