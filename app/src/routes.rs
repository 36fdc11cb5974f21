//! Which path shows which page. Links are page loads: no router runs in the browser.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::board::page::BoardPage;
use crate::history::{ChangePage, HistoryPage};
use crate::ports::PortsPage;
use crate::ui::NotFound;

/// Every page of Patchbay. Pages are awaited whole (`SsrMode::Async`), so that their status is known before the
/// first byte is sent.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=BoardPage ssr=SsrMode::Async/>
                <Route path=path!("/switches/:id") view=BoardPage ssr=SsrMode::Async/>
                <Route path=path!("/switches/:id/ports") view=PortsPage ssr=SsrMode::Async/>
                <Route path=path!("/history") view=HistoryPage ssr=SsrMode::Async/>
                <Route path=path!("/history/:id") view=ChangePage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}
