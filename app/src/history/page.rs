//! The history's page, drawn on the server around its timeline.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use patchbay_api::{ApiError, Desk, Picture};
use patchbay_domain::{HistoryPage as Page, HistoryQuery, Seq};

use super::HISTORY_PATH;
use super::address::{self, AddressError};
use super::filters::{ActiveFilters, Filters};
use super::timeline::{SHOWN_BLOCK_ID, Shown, Timeline};
use crate::block;
use crate::desk::desk;
use crate::ui::{Failed, Layout, Section, Surroundings};

/// How many lines a page has unless the address says otherwise: three screens.
const PAGE_LINES: u32 = 60;

/// Every change and event, newest first.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let desk = desk();
    let search = use_context::<http::request::Parts>();
    let search = search.and_then(|request| request.uri.query().map(str::to_owned)).unwrap_or_default();
    Suspend::new(async move {
        match Found::find(&*desk, &search).await {
            Ok(found) => Either::Left(view! { <FoundPage found/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::History/> }),
        }
    })
}

/// What a request for the history found.
struct Found {
    picture: Picture,
    /// What was asked for; nothing but the default when the address cannot be read.
    query: HistoryQuery,
    page: Result<Page, AddressError>,
}

impl Found {
    async fn find(desk: &dyn Desk, search: &str) -> Result<Self, ApiError> {
        // First the picture: its sequence number must not be newer than the lines.
        let picture = desk.rack();
        let query = match address::parse(search) {
            Ok(query) => query,
            Err(error) => return Ok(Self { picture, query: HistoryQuery::default(), page: Err(error) }),
        };
        let page = desk.history(&paged(&query)).await?;
        Ok(Self { picture, query, page: Ok(page) })
    }
}

/// The same question for a page of the usual length.
fn paged(query: &HistoryQuery) -> HistoryQuery {
    HistoryQuery { limit: query.limit.or(Some(PAGE_LINES)), ..query.clone() }
}

#[component]
fn FoundPage(found: Found) -> impl IntoView {
    let Found { picture, query, page } = found;
    let around = Surroundings::from(&picture);
    let body = match page {
        Err(error) => view! { <Unreadable error/> }.into_any(),
        Ok(page) => {
            let shown = Shown { page, query: paged(&query), seq: picture.seq };
            view! { <Lines shown asked=query.clone()/> }.into_any()
        }
    };
    view! {
        <Layout title="History" section=Section::History around>
            <main id="main" class="frame-main history">
                <div class="head">
                    <h1>"History"</h1>
                    <p class="muted">"Every change and event, newest first"</p>
                </div>
                <Filters query=query.clone() topology=picture.topology.clone()/>
                <ActiveFilters query topology=picture.topology/>
                {body}
            </main>
        </Layout>
    }
    .into_any()
}

/// The lines found, and the way to older ones.
#[component]
fn Lines(
    /// The lines.
    shown: Shown,
    /// What was asked for.
    asked: HistoryQuery,
) -> impl IntoView {
    let packed = block::pack(&shown).unwrap_or_default();
    let next = shown.page.next;
    provide_context(shown);
    view! {
        <script type="application/octet-stream" id=SHOWN_BLOCK_ID inner_html=packed></script>
        <Timeline/>
        <Pages asked next/>
    }
    .into_any()
}

/// Links to the neighbouring pages.
#[component]
fn Pages(asked: HistoryQuery, next: Option<Seq>) -> impl IntoView {
    let newest = asked.before.map(|_| address::href_of(&HistoryQuery { before: None, ..asked.clone() }));
    let older = next.map(|seq| address::href_of(&HistoryQuery { before: Some(seq), ..asked }));
    (newest.is_some() || older.is_some())
        .then(|| {
            view! {
                <nav class="pages" aria-label="Pages of the history">
                    {newest.map(|href| view! { <a class="button" href=href>"Newest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            }
        })
        .into_any()
}

/// Says which part of the address cannot be read.
#[component]
fn Unreadable(error: AddressError) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(http::StatusCode::BAD_REQUEST);
    }
    view! {
        <div class="note" data-tone="bad" role="alert">
            <p>{error.to_string()}</p>
            <p><a href=HISTORY_PATH>"Show the whole history"</a></p>
        </div>
    }
}
