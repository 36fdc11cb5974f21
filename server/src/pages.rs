//! The pages: Leptos' routes, its server functions, the front end's files, and the headers that guard them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Request, Response};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use patchbay_api::Desk;
use patchbay_app::desk::DeskContext;
use patchbay_app::routes::App;
use patchbay_app::shell::{document, shell};
use patchbay_app::ui::LAB_PATH;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::assets::Assets;
use crate::breaking::{self, LabBench, LabPage};

/// The name of the script, WASM and style files; `cargo xtask` writes them under it.
const OUTPUT_NAME: &str = "app";

/// Everything a browser asks for, except the programs' door and the live stream: pages (with a proper 404 for
/// every other path), server functions and the front end's files.
pub fn pages(desk: &Arc<dyn Desk>, assets: &Arc<Assets>, lab: Option<&LabBench>) -> Router {
    let options = LeptosOptions::builder().output_name(OUTPUT_NAME).site_pkg_dir(assets.folder()).build();
    let desk = Arc::clone(desk);
    let context = move || provide_context(DeskContext(Arc::clone(&desk)));
    let page = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let fallback = render_app_async_with_context(context.clone(), page.clone());
    let mut rendered = Router::new();
    if let Some(bench) = lab {
        rendered = rendered.route(LAB_PATH, get(lab_page(bench, context.clone(), options.clone())));
    }
    let rendered = rendered
        .leptos_routes_with_context(&options, generate_route_list(App), context, page)
        .fallback(fallback)
        .with_state(options)
        .merge(lab.map(|bench| breaking::routes(bench.clone())).unwrap_or_default())
        // A page names the files of its build, so it must not outlive it.
        .layer(if_absent(CACHE_CONTROL, "no-cache"))
        .layer(CompressionLayer::new());
    rendered
        .merge(assets.routes())
        .layer(if_absent(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(if_absent(REFERRER_POLICY, "same-origin"))
}

/// The page for breaking the lab: in this build's document, but no page of the product.
fn lab_page(
    bench: &LabBench,
    context: impl Fn() + Clone + Send + Sync + 'static,
    options: LeptosOptions,
) -> impl Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Clone + Send + Sync + 'static
{
    let bench = bench.clone();
    let context = move || {
        context();
        provide_context(bench.clone());
    };
    render_app_async_with_context(context, move || document(options.clone(), LabPage))
}

fn if_absent(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
