//! What is answered without the database, and what is not.

use axum::body::Body;
use http::{Request, StatusCode};
use patchbay::api::routes;
use patchbay::desk::ServerDesk;
use patchbay_api::Desk;
use patchbay_engine::{Clock, Engine, EngineOptions};
use patchbay_store::Store;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

#[tokio::test]
async fn what_is_in_the_picture_is_told_although_the_database_cannot_be_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(&dir.path().join("patchbay.db")).await.expect("a new database");
    let started =
        Engine::start(Arc::new(store.clone()), Vec::new(), EngineOptions::default(), Clock::SYSTEM).await;
    let (engine, _tasks) = started.expect("the engine starts");
    let (_stop, stopping) = watch::channel(false);
    let desk: Arc<dyn Desk> = Arc::new(ServerDesk::new(engine, store.clone(), Vec::new(), stopping));
    let status = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a proper request");
        routes(&desk).oneshot(request).await.expect("a router always answers").status()
    };
    assert_eq!(status("/healthz").await, StatusCode::OK);

    store.close().await;
    for path in ["/api/v1/topology", "/api/v1/changes", "/api/v1/drift"] {
        assert_eq!(status(path).await, StatusCode::OK, "{path}");
    }
    for path in ["/healthz", "/api/v1/ledger", "/api/v1/changes/1/undo"] {
        assert_eq!(status(path).await, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}
