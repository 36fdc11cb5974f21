//! Watches what the page of a change tells of.

use leptos::prelude::*;

use crate::live::LiveState;
use crate::ui::LiveMark;

/// Shows the page of a change anew when something happens that it tells of: when it begins or ends, when another one is made
/// from it or ends, and when a later one decides about a function of a stuck one.
#[island]
pub fn Watch(
    /// The change.
    change: u64,
    /// The changes whose end the page waits for.
    changes: Vec<u64>,
    /// The functions about which it waits for a decision.
    functions: Vec<u32>,
    /// The last ledger entry the page knows of.
    after: u64,
    /// Whether the change has not begun.
    waits: bool,
) -> impl IntoView {
    let live = RwSignal::new(LiveState::default());
    #[cfg(not(feature = "ssr"))]
    Effect::new(move || {
        let of = patchbay_domain::ChangeId::new(change);
        watch(Watched { of, changes: changes.clone(), functions: functions.clone(), waits }, after, live);
    });
    #[cfg(feature = "ssr")]
    let _ = (change, changes, functions, after, waits);
    view! { <LiveMark state=live/> }
}

/// What the page tells of.
#[cfg(any(test, not(feature = "ssr")))]
struct Watched {
    of: patchbay_domain::ChangeId,
    changes: Vec<u64>,
    functions: Vec<u32>,
    waits: bool,
}

#[cfg(any(test, not(feature = "ssr")))]
impl Watched {
    /// Whether the page is out of date with this event.
    fn is_told(&self, event: &patchbay_api::LiveEvent) -> bool {
        use patchbay_api::LiveEvent;
        use patchbay_domain::{Event, Origin};

        match event {
            LiveEvent::Entry(entry) => match &entry.event {
                Event::ChangeOpened { intent, .. } => intent.origin.and_then(Origin::change) == Some(self.of),
                Event::ChangeClosed { change, moves, .. } => {
                    self.changes.contains(&change.get())
                        || moves.iter().any(|one| self.functions.contains(&one.function.get()))
                }
                _ => false,
            },
            LiveEvent::Begun(begun) => self.waits && *begun == self.of,
            // What was in what was missed, only the server knows.
            LiveEvent::Reset => true,
            LiveEvent::Step(_)
            | LiveEvent::Trouble(_)
            | LiveEvent::Switch { .. }
            | LiveEvent::Links { .. }
            | LiveEvent::Counted { .. }
            | LiveEvent::Vitals { .. } => false,
        }
    }
}

#[cfg(not(feature = "ssr"))]
fn watch(watched: Watched, after: u64, live: RwSignal<LiveState>) {
    use crate::ui::nav;
    use patchbay_api::LiveEvent;
    use patchbay_domain::Seq;
    use std::cell::Cell;
    use std::rc::Rc;

    let seen = Rc::new(Cell::new(Seq::new(after)));
    let last = Rc::clone(&seen);
    let state = crate::live::open(
        move || seen.get(),
        move |events| {
            events.iter().for_each(nav::follow);
            for event in &events {
                if let LiveEvent::Entry(entry) = event {
                    last.set(last.get().max(entry.seq));
                }
            }
            if events.iter().any(|event| watched.is_told(event)) {
                // A page that cannot be loaded again stays as it is.
                let _ = window().location().reload();
            }
        },
    );
    Effect::new(move || live.set(state.get()));
}

#[cfg(test)]
mod tests {
    use super::Watched;
    use crate::board::fixture::{self, *};
    use patchbay_api::LiveEvent;
    use patchbay_domain::{ChangeId, Event, Intent, Origin, Topology};

    #[test]
    fn a_page_is_out_of_date_with_what_it_tells_of_and_with_nothing_else() {
        let page = |changes: &[u64], functions: &[u32]| Watched {
            of: ChangeId::new(12),
            changes: changes.to_vec(),
            functions: functions.to_vec(),
            waits: false,
        };
        let entry = |event: Event| LiveEvent::Entry(Box::new(fixture::entry(30, event)));
        let mut t = fixture::topology();
        let opening = |t: &Topology, of| {
            let origin = Some(Origin::Undo(ChangeId::new(of)));
            opened(t, 14, &Intent { origin, ..Intent::single(NIC_VF1, Some(HOST_B)) })
        };
        assert!(page(&[], &[]).is_told(&entry(opening(&t, 12))));
        let other = opening(&t, 13);
        assert!(!page(&[], &[]).is_told(&entry(other.clone())));
        t.apply(&fixture::entry(29, other));
        let end = applied(&t, 14);
        assert!(page(&[14], &[]).is_told(&entry(end.clone())));
        assert!(page(&[], &[NIC_VF1.get()]).is_told(&entry(end.clone())));
        assert!(!page(&[12], &[NIC_VF2.get()]).is_told(&entry(end)));
        let begun = LiveEvent::Begun(ChangeId::new(12));
        assert!(!page(&[], &[]).is_told(&begun));
        assert!(Watched { waits: true, ..page(&[], &[]) }.is_told(&begun));
    }
}
