//! Keeps other sites' pages from acting through a visitor's browser.
//!
//! Nobody signs in yet, so a request needs nothing but to reach the server, and any page the operator has open could
//! send one. Browsers say where a request comes from; one from another site that could change something is refused.
//! Programs send neither header.

use crate::api::problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};
use patchbay_api::ApiError;

/// Middleware: passes on what comes from this site's own pages, or from no page at all.
pub async fn own_pages_only(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || is_own(request.headers()) { next.run(request).await } else { problem(&ApiError::ForeignPage) }
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN.as_str()) {
        None => true,
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, rest)| rest);
            authority.is_some() && authority == text(HOST.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        is_own(
            &headers.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect(),
        )
    }

    #[test]
    fn programs_and_own_pages_pass_and_other_sites_do_not() {
        assert!(own(&[("host", "127.0.0.1:3000")]));
        assert!(own(&[("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("host", "127.0.0.1:3000"), ("origin", "http://evil.example")]));
        assert!(!own(&[("host", "127.0.0.1:3000"), ("origin", "null")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
    }
}
