//! Who changed what, when, why, and how it went.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use patchbay_api::ApiError;
use patchbay_domain::{ChangeId, HistoryQuery};

use crate::desk::desk;
use crate::ui::Failed;

/// Every change, newest first.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let desk = desk();
    Suspend::new(async move {
        match desk.history(&HistoryQuery::default()).await {
            Ok(page) => Either::Left(view! {
                <Title text="History · Patchbay"/>
                <main>
                    <h1>"History"</h1>
                    <p>{page.items.len()}" entries"</p>
                </main>
            }),
            Err(error) => Either::Right(view! { <Failed error/> }),
        }
    })
}

/// One change, with its plan, its steps and its outcome.
#[component]
pub fn ChangePage() -> impl IntoView {
    let desk = desk();
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    Suspend::new(async move {
        let record = match id.parse().map(ChangeId::new) {
            Ok(id) => desk.change(id).await,
            Err(_) => Err(ApiError::NotFound { what: format!("change {id}") }),
        };
        match record {
            Ok(record) => Either::Left(view! {
                <Title text=format!("Change {} · Patchbay", record.id)/>
                <main>
                    <h1>"Change "{record.id.to_string()}</h1>
                    <p>{record.reason.to_string()}</p>
                </main>
            }),
            Err(error) => Either::Right(view! { <Failed error/> }),
        }
    })
}
