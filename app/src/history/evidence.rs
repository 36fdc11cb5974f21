//! The entries of a change in the ledger, with the hashes that hold them in place.

use leptos::prelude::*;
use patchbay_domain::EntryMark;

use crate::ui::{Precision, When};

/// The entry that opened a change, and the one that closed it.
#[component]
pub fn Evidence(
    /// The entry that opened it.
    opened: EntryMark,
    /// The entry that closed it; none while it runs.
    closed: Option<EntryMark>,
) -> impl IntoView {
    view! {
        <section class="card part evidence" aria-labelledby="ledger">
            <h2 id="ledger">"Ledger"</h2>
            <p class="muted">
                "Each entry carries the hash of the one before it, so that nobody can change an old one unseen."
            </p>
            <Mark title="Opened" mark=opened/>
            {closed.map(|mark| view! { <Mark title="Closed" mark/> })}
        </section>
    }
    .into_any()
}

#[component]
fn Mark(title: &'static str, mark: EntryMark) -> impl IntoView {
    view! {
        <h3>{title}" in entry "{mark.seq.get()}</h3>
        <dl class="facts">
            <dt>"Written"</dt><dd><When at=mark.at precision=Precision::Exact/></dd>
            <dt>"Hash"</dt><dd><code class="hash">{mark.hash.to_string()}</code></dd>
            <dt>"After"</dt><dd><code class="hash">{mark.prev.to_string()}</code></dd>
        </dl>
    }
}

#[cfg(test)]
mod tests {
    use super::Evidence;
    use crate::history::fixture::{applied, html};
    use leptos::prelude::*;

    #[test]
    fn both_entries_stand_there_with_their_hashes() {
        let record = applied();
        let closed = record.closed.map(|closing| closing.entry);
        let drawn = html(move || view! { <Evidence opened=record.opened closed/> });
        for said in ["Opened", "Closed", &"01".repeat(32), &"02".repeat(32), &"00".repeat(32)] {
            assert!(drawn.contains(said), "{said} in {drawn}");
        }
    }
}
