//! The part of the history that stays up to date: its newest page, or an older one as it was.

use leptos::prelude::*;
use patchbay_domain::{HistoryItem, HistoryPage, HistoryQuery, Seq};
use serde::{Deserialize, Serialize};

use super::days::{Zone, by_day};
use super::line::Line;
use crate::live::LiveState;
use crate::ui::LiveMark;

/// The id of the data block beside the island.
pub const SHOWN_BLOCK_ID: &str = "history-shown";

/// What the server drew, on its way from the page to the island.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The lines.
    pub page: HistoryPage,
    /// What was asked for.
    pub query: HistoryQuery,
    /// The last entry the server had when it drew them.
    pub seq: Seq,
}

/// The lines, grouped by day. New ones appear on top and running changes get their outcome; a page that starts
/// further back stays as it is.
#[island]
pub fn Timeline() -> impl IntoView {
    view! { <TimelineBody shown=shown()/> }
}

/// The same value on both sides: the server has it at hand, the browser reads the block beside the island.
fn shown() -> Shown {
    #[cfg(feature = "ssr")]
    {
        expect_context::<Shown>()
    }
    #[cfg(not(feature = "ssr"))]
    {
        crate::block::read(SHOWN_BLOCK_ID)
    }
}

/// What the timeline shows, and how fresh it is.
#[derive(Clone, Copy)]
struct Timetable {
    items: RwSignal<Vec<HistoryItem>>,
    zone: RwSignal<Zone>,
    live: RwSignal<LiveState>,
    /// What is said to those who do not see the list change.
    said: RwSignal<String>,
}

#[component]
fn TimelineBody(shown: Shown) -> impl IntoView {
    let newest = shown.query.before.is_none();
    let table = Timetable {
        items: RwSignal::new(shown.page.items.clone()),
        zone: RwSignal::new(Zone::Utc),
        live: RwSignal::default(),
        said: RwSignal::default(),
    };
    #[cfg(not(feature = "ssr"))]
    Effect::new(move || {
        table.zone.set(Zone::Reader);
        if newest {
            super::refresh::keep_fresh(shown.clone(), table.items, table.live, table.said);
        }
    });
    let away = move || (table.live.get() == LiveState::Away).then(|| view! { <AwayNote/> });
    let days = move || by_day(&table.items.read(), table.zone.get());
    view! {
        {newest.then(|| view! { <LiveMark state=table.live/> })}
        <p class="visually-hidden" role="status">{table.said}</p>
        {away}
        <For each=days key=|(day, _)| *day let((day, _))>
            <section class="day">
                <h2><time datetime=day.iso()>{day.in_full()}</time></h2>
                <ol class="lines">
                    <For
                        each=move || lines_of(table, day)
                        key=|item| (item.seq, item.outcome)
                        children=|item| view! { <Line item/> }
                    />
                </ol>
            </section>
        </For>
    }
    .into_any()
}

/// The lines of one day as they are now; the list around them is keyed by day, so a day finds its own.
fn lines_of(table: Timetable, day: crate::ui::civil::Day) -> Vec<HistoryItem> {
    let days = by_day(&table.items.read(), table.zone.get());
    days.into_iter().find(|(of, _)| *of == day).map(|(_, lines)| lines).unwrap_or_default()
}

#[component]
fn AwayNote() -> impl IntoView {
    view! {
        <p class="note" data-tone="bad" role="alert">
            "Patchbay does not answer, so this list may be old. It comes up to date by itself when Patchbay is back."
        </p>
    }
}
