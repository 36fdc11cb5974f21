//! Pages as a browser without scripts gets them, and server functions as an island calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE,
};
use http::request::Builder;
use http::{Request, Response, StatusCode};
use leptos::server_fn::ServerFn;
use patchbay::assets::Assets;
use patchbay::pages::pages;
use patchbay_api::{ApiError, CarriedOut, ChangeRequest, Desk, LiveEvents, Picture, Proposal, WayBack};
use patchbay_app::actions::{ActionError, Look, Submit};
use patchbay_app::block;
use patchbay_domain::{
    Actor, ChangeId, ChangeRecord, Excerpt, Generation, HistoryPage, HistoryQuery, Host, HostId,
    IdempotencyKey, Intent, LedgerPage, Link, PhysicalPort, Plan, Rate, Reason, Seq, Switch, SwitchId,
    SwitchState, Topology,
};
use tower::ServiceExt;

/// More than any page here is long.
const BODY_LIMIT_BYTES: usize = 1_000_000;

/// What the desk says to every change.
fn stale(seen: Generation) -> ApiError {
    let now = Excerpt { topology: picture().topology, seq: Seq::new(9) };
    ApiError::Stale { seen, current: Generation::new(8), moved: Vec::new(), now: Box::new(now) }
}

/// A desk with one host, where nobody may change anything.
struct QuietDesk;

#[async_trait]
impl Desk for QuietDesk {
    async fn picture(&self) -> Result<Picture, ApiError> {
        Ok(picture())
    }

    fn rack(&self) -> Picture {
        picture()
    }

    async fn plan(&self, _: &Intent) -> Result<Plan, ApiError> {
        Err(ApiError::Stopping)
    }

    async fn submit(
        &self,
        _: Actor,
        request: ChangeRequest,
        _: Option<IdempotencyKey>,
    ) -> Result<ChangeId, ApiError> {
        Err(stale(request.seen))
    }

    async fn carry_out(
        &self,
        _: Actor,
        _: ChangeRequest,
        _: Option<IdempotencyKey>,
        _: Duration,
    ) -> Result<CarriedOut, ApiError> {
        Err(ApiError::Stopping)
    }

    async fn cancel(&self, _: Actor, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        Err(ApiError::Ended { change: id })
    }

    async fn way_back(&self, _: WayBack) -> Result<Proposal, ApiError> {
        Err(ApiError::Storage { why: None })
    }

    async fn change(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        Err(ApiError::NotFound { what: format!("change {id}") })
    }

    async fn history(&self, _: &HistoryQuery) -> Result<HistoryPage, ApiError> {
        Err(ApiError::Storage { why: None })
    }

    async fn ledger(&self, _: Seq, _: u32) -> Result<LedgerPage, ApiError> {
        Err(ApiError::Storage { why: None })
    }

    fn live(&self, _: Option<Seq>) -> LiveEvents {
        Box::pin(futures::stream::pending())
    }
}

fn picture() -> Picture {
    let id = HostId::new(2);
    let link = Link::full(8, Rate::Gen4);
    let (switch, name, port) = (SwitchId::new(1), "gpu-01</script>".to_owned(), PhysicalPort(0));
    let mut topology = Topology { generation: Generation::new(7), ..Topology::default() };
    let (rack, address, model) =
        ("rack-12-pax".to_owned(), "10.0.0.5".to_owned(), "Switchtec PAX".to_owned());
    let (state, firmware) = (SwitchState::Ready, "4.80 B123".to_owned());
    topology.switches.insert(switch, Switch { id: switch, name: rack, address, state, model, firmware });
    topology.hosts.insert(id, Host { id, name, switch, port, link, logical_ports: 8 });
    Picture {
        topology,
        seq: Seq::new(9),
        at: Default::default(),
        recent: vec![],
        entries: 9,
        notices: vec![],
        vitals: BTreeMap::new(),
        begun: BTreeSet::new(),
        trouble: None,
    }
}

fn router() -> Router {
    let desk: Arc<dyn Desk> = Arc::new(QuietDesk);
    pages(&desk, &Arc::new(Assets::built_in()), None)
}

async fn send(request: Builder, body: Body) -> Response<Body> {
    let request = request.body(body).expect("a proper request");
    router().oneshot(request).await.expect("a router always answers")
}

async fn get(path: &str) -> Response<Body> {
    send(Request::get(path), Body::empty()).await
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), BODY_LIMIT_BYTES).await.expect("a body of bounded length");
    String::from_utf8(bytes.to_vec()).expect("pages are UTF-8")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("{start} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("{end} in {rest}")).0
}

#[tokio::test]
async fn the_board_lays_its_picture_beside_the_island() {
    let response = get("/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    let page = text(response).await;
    assert!(page.contains("gpu-01&lt;/script&gt;"), "the host is drawn, and its name escaped: {page}");
    let packed = between(&page, "id=\"picture\">", "</script>");
    assert_eq!(block::unpack::<Picture>(packed).expect("the page's block unpacks"), picture());
}

#[tokio::test]
async fn only_scripts_with_the_nonce_of_the_page_may_run() {
    for path in ["/", "/history", "/history/7", "/nowhere"] {
        let response = get(path).await;
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().expect("ascii").to_owned();
        let page = text(response).await;
        let nonce = between(&policy, "script-src 'nonce-", "'");
        for script in page.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            let is_data = tag.contains("application/octet-stream");
            assert!(is_data || tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        assert!(!page.contains(" style=\"") && !policy.contains("unsafe-inline"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_breaks_says_so() {
    for (path, status, words) in [
        ("/nowhere", StatusCode::NOT_FOUND, "There is no such page. Check the address."),
        ("/history/7", StatusCode::NOT_FOUND, "There is no change 7. Check the address."),
        ("/history/x", StatusCode::NOT_FOUND, "There is no change x. Check the address."),
        ("/history", StatusCode::INTERNAL_SERVER_ERROR, "cannot be read or written right now"),
        ("/history?host=x", StatusCode::BAD_REQUEST, "“x” is no host: ids are numbers."),
    ] {
        let response = get(path).await;
        assert_eq!(response.status(), status, "{path}");
        let page = text(response).await;
        assert!(page.contains(words), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_chosen_theme_is_there_from_the_first_byte() {
    let chosen = send(Request::get("/").header(COOKIE, "theme=dark"), Body::empty()).await;
    assert!(text(chosen).await.contains("<html lang=\"en\" data-theme=\"dark\">"));
    assert!(text(get("/").await).await.contains("<html lang=\"en\">"), "no choice follows the system");
}

#[tokio::test]
async fn pages_travel_compressed() {
    let response = send(Request::get("/").header(ACCEPT_ENCODING, "br"), Body::empty()).await;
    assert_eq!(response.headers()[CONTENT_ENCODING], "br");
}

/// Calls a server function as an island does.
async fn call<F: ServerFn + serde::Serialize>(function: &F) -> Response<Body> {
    let body = postcard::to_stdvec(function).expect("arguments are postcard");
    send(Request::post(F::PATH).header(CONTENT_TYPE, "application/x-postcard"), body.into()).await
}

async fn answer<T: serde::de::DeserializeOwned>(response: Response<Body>) -> T {
    let bytes = to_bytes(response.into_body(), BODY_LIMIT_BYTES).await.expect("a body");
    postcard::from_bytes(&bytes).expect("what the function answers")
}

#[tokio::test]
async fn an_island_reads_the_picture() {
    let response = call(&Look {}).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(answer::<Picture>(response).await, picture());
}

#[tokio::test]
async fn a_refused_action_keeps_the_desks_status_and_words() {
    let reason = Reason::new("maintenance").expect("a proper reason");
    let request = ChangeRequest { intent: Intent::default(), reason, seen: Generation::new(7) };
    let response = call(&Submit { request }).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let stale = stale(Generation::new(7));
    assert_eq!(answer::<ActionError>(response).await, ActionError::Desk(stale));
}
