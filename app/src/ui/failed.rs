//! The page that is shown when a page cannot be.

use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use patchbay_api::ApiError;

use super::icon::{Glyph, Icon};
use super::layout::{Layout, Surroundings};
use super::nav::Section;

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
    /// Where the page would have belonged.
    #[prop(default = Section::None)]
    section: Section,
    /// What is known about the server.
    #[prop(optional)]
    around: Surroundings,
) -> impl IntoView {
    answer_status(&error);
    let problem = error.problem();
    let glyph = if matches!(error, ApiError::NotFound { .. }) { Glyph::Lost } else { Glyph::Alert };
    view! {
        <Layout title=problem.title.clone() section around>
            <main id="main" class="frame-main">
                <div class="failed">
                    <Icon glyph/>
                    <h1>{problem.title}</h1>
                    <p>{problem.detail}</p>
                    <p><a class="button" href="/">"Go to the board"</a></p>
                </div>
            </main>
        </Layout>
    }
}

/// Says that this address leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <Failed error=ApiError::NotFound { what: "such page".to_owned() }/> }
}
