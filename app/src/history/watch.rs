//! Watches a change that is still on its way.

use leptos::prelude::*;

use crate::live::LiveState;
use crate::ui::LiveMark;

/// Shows the page anew as soon as the change has ended, and when one that waits begins. `after` is the last ledger entry the page knows of.
#[island]
pub fn Watch(
    /// The change.
    change: u64,
    /// The last entry the page knows of.
    after: u64,
    /// Whether it has not begun.
    waits: bool,
) -> impl IntoView {
    let live = RwSignal::new(LiveState::default());
    #[cfg(not(feature = "ssr"))]
    Effect::new(move || until_ended(change, after, waits, live));
    #[cfg(feature = "ssr")]
    let _ = (change, after, waits);
    view! { <LiveMark state=live/> }
}

#[cfg(not(feature = "ssr"))]
fn until_ended(change: u64, after: u64, waits: bool, live: RwSignal<LiveState>) {
    use crate::ui::nav;
    use patchbay_api::LiveEvent;
    use patchbay_domain::{ChangeId, Event, Seq};
    use std::cell::Cell;
    use std::rc::Rc;

    let seen = Rc::new(Cell::new(Seq::new(after)));
    let last = Rc::clone(&seen);
    let ends = move |event: &LiveEvent| match event {
        LiveEvent::Entry(entry) => {
            last.set(last.get().max(entry.seq));
            matches!(entry.event, Event::ChangeClosed { change: closed, .. } if closed == ChangeId::new(change))
        }
        // Whether it ended in what was missed, only the server knows.
        LiveEvent::Reset => true,
        LiveEvent::Begun(begun) => waits && *begun == ChangeId::new(change),
        LiveEvent::Step(_)
        | LiveEvent::Trouble(_)
        | LiveEvent::Switch { .. }
        | LiveEvent::Links { .. }
        | LiveEvent::Counted { .. }
        | LiveEvent::Vitals { .. } => false,
    };
    let state = crate::live::open(
        move || seen.get(),
        move |events| {
            events.iter().for_each(nav::follow);
            if events.iter().any(&ends) {
                // A page that cannot be loaded again stays as it is.
                let _ = window().location().reload();
            }
        },
    );
    Effect::new(move || live.set(state.get()));
}
