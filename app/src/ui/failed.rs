//! The page that is shown when a page cannot be.

use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use patchbay_api::ApiError;

/// Gives the response the status that belongs to an error.
pub fn answer_status(error: &ApiError) {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

/// Says why the page cannot be shown, with the status that belongs to it.
#[component]
pub fn Failed(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    answer_status(&error);
    let problem = error.problem();
    view! {
        <Title text=format!("{} · Patchbay", problem.title)/>
        <main>
            <h1>{problem.title}</h1>
            <p>{problem.detail}</p>
            <p><a href="/">"Go to the board"</a></p>
        </main>
    }
}

/// Says that this address leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <Failed error=ApiError::NotFound { what: "such page".to_owned() }/> }
}
