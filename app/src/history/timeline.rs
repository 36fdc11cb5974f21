//! The part of the history that stays up to date: its newest page, or an older one as it was.

use leptos::either::Either;
use leptos::prelude::*;
use patchbay_domain::{HistoryItem, HistoryPage, HistoryQuery, Seq};
use serde::{Deserialize, Serialize};

use super::HISTORY_PATH;
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
    let asked = Asked::of(&shown.query);
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
    let empty = move || table.items.read().is_empty().then(|| view! { <Empty asked/> });
    let away = move || (table.live.get() == LiveState::Away).then(|| view! { <AwayNote/> });
    let days = move || by_day(&table.items.read(), table.zone.get());
    view! {
        {newest.then(|| view! { <LiveMark state=table.live/> })}
        <p class="visually-hidden" role="status">{table.said}</p>
        {away}
        {empty}
        <For each=days key=|(day, _)| *day let((day, _))>
            <section class="day">
                <h2><time datetime=day.iso()>{day.in_full()}</time></h2>
                <ol class="lines">
                    <For
                        each=move || lines_of(table, day)
                        key=|item| (item.seq, item.outcome, item.settled)
                        children=|item| view! { <Line item/> }
                    />
                </ol>
            </section>
        </For>
        <p class="count-lines muted">{move || counted(table.items.read().len())}</p>
    }
}

/// "12 lines"; nothing where there are none, since the page says so already.
fn counted(lines: usize) -> String {
    match lines {
        0 => String::new(),
        1 => "1 line".to_owned(),
        _ => format!("{lines} lines"),
    }
}

/// Whether somebody asked for something in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// For everything.
    All,
    /// For what fits some filters, or lies further back.
    Some,
}

impl Asked {
    fn of(query: &HistoryQuery) -> Self {
        let all = HistoryQuery { limit: query.limit, ..HistoryQuery::default() };
        if *query == all { Self::All } else { Self::Some }
    }
}

/// What stands in place of lines, and what to do about it.
#[component]
fn Empty(asked: Asked) -> impl IntoView {
    match asked {
        Asked::All => Either::Left(view! {
            <div class="empty card">
                <h2>"Nothing has happened yet"</h2>
                <p>"Move a function on " <a href="/">"the board"</a> ", and it is written here."</p>
            </div>
        }),
        Asked::Some => Either::Right(view! {
            <div class="empty card">
                <h2>"Nothing fits these filters"</h2>
                <p>
                    "Take a filter away, choose a longer time, or " <a href=HISTORY_PATH>"show the whole history"</a> "."
                </p>
            </div>
        }),
    }
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
