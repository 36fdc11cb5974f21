//! The front end as files: script, WASM, style and icon, carried inside the release binary.
//!
//! A release is one file to copy to a server, so `cargo xtask` builds the front end first and this module embeds
//! it. Other builds read the same folder once, when they start. Either way every file is served under a folder
//! named after the content of all of them: pages of one build can never load the script of another, and browsers
//! may keep what they have for good.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::encoding::{Encoding, accepted};

/// How many bytes of the hash over all files name the build: 64 bits, no accidental twins.
const BUILD_NAME_BYTES: usize = 8;

/// One year, the longest that browsers honour; the address changes with the content.
const KEEP_FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(Embed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// The built front end, in memory.
#[derive(Debug)]
pub struct Assets {
    build: String,
    files: BTreeMap<String, Asset>,
}

#[derive(Debug)]
struct Asset {
    content_type: HeaderValue,
    identity: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Assets {
    /// Takes in the files that were built with this binary. Empty when the front end was never built: pages are
    /// then served without scripts and style.
    pub fn built_in() -> Self {
        Self::from_files(Site::iter().filter_map(|name| {
            let file = Site::get(&name)?;
            Some((name.into_owned(), bytes_of(file.data)))
        }))
    }

    fn from_files(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut all: BTreeMap<String, Bytes> = files.into_iter().collect();
        let plain: Vec<String> = all.keys().filter(|name| content_type(name).is_some()).cloned().collect();
        let mut hash = Sha256::new();
        let mut files = BTreeMap::new();
        for name in plain {
            let (Some(content_type), Some(identity)) = (content_type(&name), all.remove(&name)) else {
                continue;
            };
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(&name);
            hash.update((identity.len() as u64).to_le_bytes());
            hash.update(&identity);
            let brotli = all.remove(&format!("{name}.br"));
            let gzip = all.remove(&format!("{name}.gz"));
            files.insert(name, Asset { content_type, identity, brotli, gzip });
        }
        let build = hash.finalize()[..BUILD_NAME_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { build, files }
    }

    /// Whether there is no front end at all, because `cargo xtask wasm` has not run.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The folder under which this build's files are served, without slashes around it.
    pub fn folder(&self) -> String {
        format!("pkg/{}", self.build)
    }

    /// The routes of the files: 404 for a file, or a build, that is not here.
    pub fn routes(self: &Arc<Self>) -> Router {
        Router::new().route("/pkg/{build}/{*name}", get(serve)).with_state(Arc::clone(self))
    }
}

impl Asset {
    /// The best form that the client takes, and how it is encoded.
    fn form_for(&self, headers: &HeaderMap) -> (Encoding, Bytes) {
        for encoding in accepted(headers.get_all(ACCEPT_ENCODING)) {
            let form = match encoding {
                Encoding::Brotli => self.brotli.as_ref(),
                Encoding::Gzip => self.gzip.as_ref(),
                Encoding::Identity => None,
            };
            if let Some(form) = form {
                return (encoding, form.clone());
            }
        }
        (Encoding::Identity, self.identity.clone())
    }
}

async fn serve(
    State(assets): State<Arc<Assets>>,
    Path((build, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let asset = if build == assets.build { assets.files.get(&name) } else { None };
    let Some(asset) = asset else {
        return (StatusCode::NOT_FOUND, "No such file in this build. Reload the page.").into_response();
    };
    let (encoding, bytes) = asset.form_for(&headers);
    let tag = format!("\"{build}{}\"", encoding.tag());
    let mut answer = HeaderMap::new();
    answer.insert(CACHE_CONTROL, KEEP_FOR_GOOD);
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(ETAG, tag);
    }
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    answer.insert(CONTENT_TYPE, asset.content_type.clone());
    if let Some(coding) = encoding.header() {
        answer.insert(CONTENT_ENCODING, coding);
    }
    (answer, Body::from(bytes)).into_response()
}

fn bytes_of(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

/// The kinds of file that a front end has; anything else is not served.
fn content_type(name: &str) -> Option<HeaderValue> {
    let (_, extension) = name.rsplit_once('.')?;
    let kind = match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => return None,
    };
    Some(HeaderValue::from_static(kind))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, Bytes, to_bytes};
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::Assets;

    /// More than any test file is long.
    const BODY_LIMIT_BYTES: usize = 1024;

    fn assets(script: &'static str) -> Arc<Assets> {
        let file =
            |name: &str, content: &'static str| (name.to_owned(), Bytes::from_static(content.as_bytes()));
        Arc::new(Assets::from_files([
            file("app.js", script),
            file("app.js.br", "brotli"),
            file("app.js.gz", "gzip"),
            file("notes.txt", "never served"),
        ]))
    }

    async fn fetch(
        assets: &Arc<Assets>,
        name: &str,
        headers: &[(http::HeaderName, &str)],
    ) -> http::Response<Body> {
        let mut request = Request::get(format!("/{}/{name}", assets.folder()));
        for (key, value) in headers {
            request = request.header(key, *value);
        }
        let request = request.body(Body::empty()).expect("a plain request");
        assets.routes().oneshot(request).await.expect("routes always answer")
    }

    #[tokio::test]
    async fn serves_the_form_the_client_takes() {
        let assets = assets("plain");
        for (accepts, coding, content) in
            [("gzip, br", Some("br"), "brotli"), ("gzip", Some("gzip"), "gzip"), ("br;q=0", None, "plain")]
        {
            let response = fetch(&assets, "app.js", &[(ACCEPT_ENCODING, accepts)]).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(response.headers().get(CONTENT_ENCODING).map(|v| v.to_str().expect("ascii")), coding);
            let body = to_bytes(response.into_body(), BODY_LIMIT_BYTES).await.expect("a short body");
            assert_eq!(body, content);
        }
    }

    #[tokio::test]
    async fn a_known_tag_needs_no_body() {
        let assets = assets("plain");
        let first = fetch(&assets, "app.js", &[]).await;
        let tag = first.headers()[ETAG].to_str().expect("ascii").to_owned();
        let again = fetch(&assets, "app.js", &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let encoded = fetch(&assets, "app.js", &[(IF_NONE_MATCH, &tag), (ACCEPT_ENCODING, "br")]).await;
        assert_eq!(encoded.status(), StatusCode::OK, "the compressed form is another representation");
    }

    #[tokio::test]
    async fn files_of_another_build_and_unknown_files_are_not_found() {
        let (assets, others) = (assets("plain"), assets("changed"));
        assert_ne!(assets.folder(), others.folder());
        let request =
            Request::get(format!("/{}/app.js", others.folder())).body(Body::empty()).expect("plain");
        let response = assets.routes().oneshot(request).await.expect("routes always answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(fetch(&assets, "notes.txt", &[]).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(fetch(&assets, "app.js.br", &[]).await.status(), StatusCode::NOT_FOUND);
    }
}
