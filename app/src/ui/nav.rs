//! The navigation: sections of Patchbay, and the switches with their state.
//!
//! The server draws it. It is no island, since nothing in it can be operated that is not a link; the live part of a
//! page tells it what happens with [`follow`].

#[cfg(feature = "ssr")]
use super::StateBadge;
#[cfg(feature = "ssr")]
use super::layout::Surroundings;
#[cfg(feature = "ssr")]
use leptos::prelude::*;
use patchbay_domain::{FunctionId, SwitchId};

/// The name in an address that stands before the selected functions.
const SELECTED: &str = "with";

/// Where the lab's hardware can be broken; the server has the page.
pub const LAB_PATH: &str = "/lab";

/// Where the board of a switch is.
pub fn board_path(switch: SwitchId) -> String {
    format!("/switches/{switch}")
}

/// Where the board of a switch is, given its plain address, with these functions selected. A board shows one switch, and
/// what is selected on it comes along to the next one.
pub fn with_selected(board: &str, functions: &[FunctionId]) -> String {
    if functions.is_empty() {
        return board.to_owned();
    }
    let ids: Vec<_> = functions.iter().map(ToString::to_string).collect();
    format!("{board}?{SELECTED}={}", ids.join(","))
}

/// The functions that the query of a board's address selects.
pub fn selected_by(query: &str) -> Vec<FunctionId> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    let ids = pairs.filter(|(name, _)| *name == SELECTED).flat_map(|(_, ids)| ids.split(','));
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// A section of Patchbay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The board.
    Board,
    /// The history, with the pages of single changes.
    History,
    /// The page of the lab's hardware, where there is a lab.
    Lab,
    /// A page outside all sections.
    None,
}

/// The navigation of a page in `section`.
#[cfg(feature = "ssr")]
#[component]
pub fn Nav(
    /// Where the reader is.
    section: Section,
    /// What is known about the server.
    around: Surroundings,
) -> impl IntoView {
    let current = move |link: Section| (link == section).then_some("page");
    let count = around.entries.map(|entries| {
        view! { <span class="count" data-entries title="Entries in the ledger">{grouped(entries)}</span> }
    });
    let lab = around.has_lab().then(|| {
        let current = current(Section::Lab);
        view! { <ul class="nav-lab"><li><a href=LAB_PATH aria-current=current>"Lab: break something"</a></li></ul> }
    });
    let racks = around.switches.into_iter().map(|(id, name, state)| {
        let board = board_path(id);
        view! { <li class="rack" data-switch=id.get()><a href=board.clone() data-board=board>{name}</a><StateBadge state/></li> }
    });
    let racks: Vec<_> = racks.collect();
    view! {
        <nav class="frame-nav" aria-label="Patchbay">
            <ul>
                <li><a href="/" aria-current=current(Section::Board)>"Board"</a></li>
                <li>
                    <a href="/history" aria-current=current(Section::History)>"History"{count}</a>
                </li>
            </ul>
            {lab}
            {(!racks.is_empty()).then(|| view! { <h2 id="nav-switches">"Switches"</h2><ul class="racks" aria-labelledby="nav-switches">{racks}</ul> })}
        </nav>
    }
    .into_any()
}

/// A count as people read it: "1,284".
fn grouped(count: u64) -> String {
    const GROUP_DIGITS: usize = 3;
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / GROUP_DIGITS);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(GROUP_DIGITS) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Brings the navigation up to date with something that happened: the state of a switch, the number of entries.
#[cfg(not(feature = "ssr"))]
pub fn follow(event: &patchbay_api::LiveEvent) {
    use patchbay_api::LiveEvent;
    use patchbay_domain::{Event, SwitchState};

    match event {
        LiveEvent::Entry(entry) => {
            // Entries are numbered from 1 without gaps, so the last number is also how many there are.
            set_text("[data-entries]", &grouped(entry.seq.get()));
            if let Event::Discovered { switch, .. } = entry.event {
                show_state(switch, SwitchState::Ready);
            }
        }
        LiveEvent::Switch { switch, state } => show_state(*switch, *state),
        LiveEvent::Step(_)
        | LiveEvent::Begun(_)
        | LiveEvent::Trouble(_)
        | LiveEvent::Links { .. }
        | LiveEvent::Counted { .. }
        | LiveEvent::Vitals { .. }
        | LiveEvent::Reset => {}
    }
}

#[cfg(not(feature = "ssr"))]
fn show_state(switch: SwitchId, state: patchbay_domain::SwitchState) {
    let badge = format!("[data-switch=\"{switch}\"] .badge");
    if let Some(badge) = set_text(&badge, state.word()) {
        // Only a malformed name could be refused.
        let _ = badge.set_attribute("data-tone", super::Tone::from(state).word());
    }
}

/// Sets the text of the first element of the page that fits; nothing when none does.
#[cfg(not(feature = "ssr"))]
fn set_text(selector: &str, text: &str) -> Option<leptos::web_sys::Element> {
    let element = leptos::prelude::document().query_selector(selector).ok().flatten()?;
    element.set_text_content(Some(text));
    Some(element)
}

#[cfg(test)]
mod tests {
    use super::{board_path, grouped, selected_by, with_selected};
    use patchbay_domain::{FunctionId, SwitchId};

    #[test]
    fn what_is_selected_stands_in_the_address_of_the_next_board() {
        let board = board_path(SwitchId::new(2));
        assert_eq!(with_selected(&board, &[]), "/switches/2");
        let two = [FunctionId::new(7), FunctionId::new(12)];
        let address = with_selected(&board, &two);
        assert_eq!(address, "/switches/2?with=7,12");
        assert_eq!(selected_by("?with=7,12"), two);
        assert_eq!(selected_by("?undo=3&with=7,x,-1,12"), two);
        assert!(selected_by("").is_empty() && selected_by("?with=").is_empty());
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        let said: Vec<_> = [0, 999, 1_284, 1_000_000].into_iter().map(grouped).collect();
        assert_eq!(said, ["0", "999", "1,284", "1,000,000"]);
    }
}
