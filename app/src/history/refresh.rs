//! Brings the newest page of the history up to date whenever something happened.
//!
//! The lines are asked for again rather than made from the stream's entries: which entry fits which filter is the
//! store's knowledge, and the page is small. Requests never overlap: what happens during one is covered by the next.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use patchbay_api::LiveEvent;
use patchbay_domain::{HistoryItem, HistoryPage, HistoryQuery, Seq};

use super::days::joined;
use super::timeline::Shown;
use crate::actions;
use crate::live::{self, LiveState};
use crate::ui::nav;

/// What goes from one refresh to the next.
struct Refresh {
    query: HistoryQuery,
    /// The last entry taken from the stream.
    seen: Cell<Seq>,
    /// Whether something happened since the last request went out.
    stale: Cell<bool>,
    /// Whether a request is on its way.
    asking: Cell<bool>,
    items: RwSignal<Vec<HistoryItem>>,
    said: RwSignal<String>,
}

/// Follows the live stream for as long as the page lives. Browser only: call it from an effect.
pub(super) fn keep_fresh(
    shown: Shown,
    items: RwSignal<Vec<HistoryItem>>,
    live: RwSignal<LiveState>,
    said: RwSignal<String>,
) {
    let (seen, stale, asking) = (Cell::new(shown.seq), Cell::new(false), Cell::new(false));
    let refresh = Rc::new(Refresh { query: shown.query, seen, stale, asking, items, said });
    let after = {
        let refresh = Rc::clone(&refresh);
        move || refresh.seen.get()
    };
    let state = live::open(after, move |events| refresh.take(&events));
    Effect::new(move || live.set(state.get()));
}

impl Refresh {
    fn take(self: &Rc<Self>, events: &[LiveEvent]) {
        for event in events {
            nav::follow(event);
            match event {
                LiveEvent::Entry(entry) if entry.seq > self.seen.get() => {
                    self.seen.set(entry.seq);
                    self.stale.set(true);
                }
                LiveEvent::Reset => self.stale.set(true),
                LiveEvent::Entry(_)
                | LiveEvent::Step(_)
                | LiveEvent::Begun(_)
                | LiveEvent::Trouble(_)
                | LiveEvent::Switch { .. }
                | LiveEvent::Links { .. }
                | LiveEvent::Counted { .. }
                | LiveEvent::Vitals { .. } => {}
            }
        }
        if self.stale.get() && !self.asking.replace(true) {
            let refresh = Rc::clone(self);
            spawn_local(async move { refresh.ask().await });
        }
    }

    /// Asks until nothing has happened meanwhile. A request that fails is made again with the next event: the stream,
    /// which goes to the same server, tells that it is back.
    async fn ask(&self) {
        while self.stale.replace(false) {
            if let Ok(page) = actions::history(self.query.clone()).await {
                self.show(page);
            }
        }
        self.asking.set(false);
    }

    fn show(&self, page: HistoryPage) {
        let items = &page.items;
        let before = self.items.with_untracked(|items| items.first().map(|item| item.seq));
        let newer = items.iter().take_while(|item| Some(item.seq) > before).count();
        if let Some(newest) = items.first().filter(|_| newer > 0) {
            self.said.set(format!("New in the history: {}", newest.title));
        }
        match self.items.with_untracked(|shown| joined(page, shown)) {
            Some(lines) => self.items.set(lines),
            // A page that cannot be loaded again stays as it is.
            None => drop(window().location().reload()),
        }
    }
}
