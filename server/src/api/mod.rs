//! The door for programs: JSON under `/api/v1`, thin over the desk. Errors are `application/problem+json` (RFC 9457).

mod answer;
mod body;
mod changes;
mod read;
mod stream;

pub use body::BODY_MAX_BYTES;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode, Uri};
use patchbay_api::{ApiError, Desk};
use patchbay_app::live::LIVE_ADDRESS;
use std::sync::Arc;

/// An error on its way out.
pub(crate) struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        problem(&self.0)
    }
}

/// The answer that says an error.
pub fn problem(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
    (status, kind, answer::Json(error.problem())).into_response()
}

/// The routes, under `/api/v1`; beside them `/healthz`, and `/live` for Patchbay's own pages.
pub fn routes(desk: &Arc<dyn Desk>) -> Router {
    let door = Router::new()
        .route("/topology", get(read::topology))
        .route("/plans", post(changes::plan))
        .route("/changes", get(changes::open).post(changes::submit))
        .route("/changes/{id}", get(changes::show))
        .route("/changes/{id}/cancel", post(changes::cancel))
        .route("/changes/{id}/{way}", get(changes::way_back))
        .route("/drift", get(read::drift))
        .route("/restore", get(read::restore))
        .route("/ledger", get(read::ledger))
        .route("/stream", get(stream::stream))
        .route("/healthz", get(read::health))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method);
    let door = Router::new().nest("/api/v1", door);
    let door = door.route("/healthz", get(read::health)).route(LIVE_ADDRESS, get(stream::packed));
    door.with_state(Arc::clone(desk))
}

async fn unknown(uri: Uri) -> Refused {
    Refused(ApiError::NotFound { what: format!("address {}", uri.path()) })
}

async fn wrong_method(method: Method) -> Refused {
    Refused(ApiError::MethodNotAllowed { method: method.to_string() })
}
