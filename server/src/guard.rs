//! Keeps other sites' pages from acting through a visitor's browser.
//!
//! Nobody signs in yet, so a request needs nothing but to reach the server, and any page the operator has open could
//! send one. Browsers say where a request comes from; one from another site that could change something is refused.
//! Programs send neither header.
//!
//! A site can also let its own name lead to 127.0.0.1: to the browser, its page and this server are then one site, and the
//! page may read and act. So a server that only this machine reaches answers to no name but its number and localhost.

use crate::api::problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method};
use patchbay_api::ApiError;
use std::net::IpAddr;

/// As much of a foreign name as is said back: what a name in DNS may have.
const NAME_CHARS_MAX: usize = 253;

/// Middleware: passes on what comes from this site's own pages, or from no page at all.
pub async fn own_pages_only(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || is_own(request.headers()) { next.run(request).await } else { problem(&ApiError::ForeignPage) }
}

/// Middleware: passes on what was sent to a number or to localhost, or by a program that says no name.
pub async fn own_names_only(request: Request, next: Next) -> Response {
    match foreign_name(request.headers()) {
        None => next.run(request).await,
        Some(host) => problem(&ApiError::ForeignName { host }),
    }
}

/// The name that a request was sent to, if that may be another site's.
fn foreign_name(headers: &HeaderMap) -> Option<String> {
    let said = String::from_utf8_lossy(headers.get(HOST)?.as_bytes());
    let authority = said.parse::<Authority>().ok();
    let host = authority.as_ref().map_or(said.as_ref(), Authority::host);
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let own = number.is_ok() || host.eq_ignore_ascii_case("localhost");
    (!own).then(|| host.chars().take(NAME_CHARS_MAX).collect())
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
    fn a_number_and_localhost_are_own_names_and_others_are_not() {
        let foreign = |host: &str| {
            let host = host.parse().expect("a value");
            foreign_name(&HeaderMap::from_iter([(HOST, host)]))
        };
        for own in ["127.0.0.1:3000", "127.0.0.1", "[::1]:3000", "[::1]", "localhost:8080", "LOCALHOST"] {
            assert_eq!(foreign(own), None, "{own}");
        }
        for name in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"] {
            assert_eq!(foreign(name).as_deref(), Some(name));
            assert_eq!(foreign(&format!("{name}:3000")).as_deref(), Some(name));
        }
        assert_eq!(foreign("no name at all").as_deref(), Some("no name at all"));
        assert_eq!(foreign_name(&HeaderMap::new()), None, "a program of HTTP/1.0");
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
