//! The table of ports, which follows what is read.

use leptos::prelude::*;
use patchbay_domain::{Concern, FirmwareImage, Seq, SwitchId, Topology, Vitals};
use serde::{Deserialize, Serialize};

use super::rows::{Row, rows};
use crate::live::LiveState;
use crate::ui::{LinkBadge, LiveMark};

/// The id of the data block beside the island.
pub const PORTS_BLOCK_ID: &str = "ports-shown";

/// What the server drew, on its way from the page to the island.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPorts {
    /// The rack, for names and links.
    pub topology: Topology,
    /// The last entry folded into it.
    pub seq: Seq,
    /// The switch.
    pub switch: SwitchId,
    /// How it is; none while it does not answer.
    pub vitals: Option<Vitals>,
}

/// Firmware, heat, concerns and ports of one switch.
#[island]
pub fn Ports() -> impl IntoView {
    let shown = RwSignal::new(shown());
    let live = RwSignal::new(LiveState::default());
    #[cfg(not(feature = "ssr"))]
    Effect::new(move || follow(shown, live));
    view! { <LiveMark state=live/><Health shown/><Table shown/><Images shown/> }
}

/// The same value on both sides: the server has it at hand, the browser reads the block beside the island.
fn shown() -> ShownPorts {
    #[cfg(feature = "ssr")]
    {
        expect_context::<ShownPorts>()
    }
    #[cfg(not(feature = "ssr"))]
    {
        crate::block::read(PORTS_BLOCK_ID)
    }
}

/// Heat, and what a person should know.
#[component]
fn Health(shown: RwSignal<ShownPorts>) -> impl IntoView {
    let temperature = move || {
        let words = |vitals: &Vitals| vitals.temperature.map(|now| now.to_string());
        shown.with(|s| s.vitals.as_ref().and_then(words)).unwrap_or_else(|| "not known".to_owned())
    };
    let concerns = move || {
        let concerns: Vec<Concern> = shown.with(|s| s.vitals.iter().flat_map(Vitals::concerns).collect());
        concerns.into_iter().map(|concern| view! { <li>{concern.to_string()}</li> }).collect_view()
    };
    view! {
        <p class="ports-heat">"Temperature "<b data-testid="temperature">{temperature}</b></p>
        <div role="status"><ul class="concerns" aria-label="Concerns">{concerns}</ul></div>
    }
}

#[component]
fn Table(shown: RwSignal<ShownPorts>) -> impl IntoView {
    let lines = move || {
        let rows = shown.with(|s| rows(&s.topology, s.switch, s.vitals.as_ref()));
        rows.into_iter().map(|row| view! { <Line row/> }).collect_view()
    };
    view! {
        // The table is wider than a phone; whoever has no mouse scrolls it with the arrow keys.
        <div class="table-wide" role="region" aria-label="Ports" tabindex="0">
            <table class="ports-table">
                <thead>
                    <tr>
                        <th scope="col">"Port"</th>
                        <th scope="col">"Side"</th>
                        <th scope="col">"At the other end"</th>
                        <th scope="col">"Link"</th>
                        <th scope="col">"Training"</th>
                        <th scope="col">"Events since its start"</th>
                        <th scope="col">"Sent"</th>
                        <th scope="col">"Received"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Line(row: Row) -> impl IntoView {
    view! {
        <tr data-port=row.port.0>
            <th scope="row">{row.port.0}</th>
            <td>{row.side}</td>
            <td>{row.other_end}</td>
            <td><LinkBadge health=row.health/>" "{row.link}</td>
            <td>{row.phase}</td>
            <td data-tone=row.errors.then_some("bad")>{row.events}</td>
            <td class="number">{row.sent}</td>
            <td class="number">{row.received}</td>
        </tr>
    }
}

/// The images in the switch's flash.
#[component]
fn Images(shown: RwSignal<ShownPorts>) -> impl IntoView {
    let lines = move || {
        let images =
            shown.with(|s| s.vitals.as_ref().map(|vitals| vitals.firmware.clone())).unwrap_or_default();
        images.iter().map(|image| view! { <li>{image_said(image)}</li> }).collect_view()
    };
    view! {
        <h2 id="images-title" class="images-title">"In its flash"</h2>
        <ul class="images" aria-labelledby="images-title">{lines}</ul>
    }
}

/// "firmware 4.80 B123, active, running".
fn image_said(image: &FirmwareImage) -> String {
    let active = if image.active { ", active" } else { "" };
    let running = if image.running { ", running" } else { "" };
    format!("{} {}{active}{running}", image.part.words(), image.version)
}

/// Folds what happens into what is shown. After something was missed only the server knows, so the page is loaded anew.
#[cfg(not(feature = "ssr"))]
fn follow(shown: RwSignal<ShownPorts>, live: RwSignal<LiveState>) {
    use crate::ui::nav;
    use patchbay_api::LiveEvent;

    let seq = StoredValue::new(shown.with_untracked(|s| s.seq));
    let take = move |events: Vec<LiveEvent>| {
        events.iter().for_each(nav::follow);
        let reload = shown.try_update(|shown| events.into_iter().any(|event| !shown.take(event)));
        shown.with_untracked(|s| seq.set_value(s.seq));
        if reload == Some(true) {
            // A page that cannot be loaded again stays as it is.
            let _ = window().location().reload();
        }
    };
    let state = crate::live::open(move || seq.get_value(), take);
    Effect::new(move || live.set(state.get()));
}

#[cfg(any(test, not(feature = "ssr")))]
impl ShownPorts {
    /// Folds one event in. False when something was missed and a new picture is needed.
    fn take(&mut self, event: patchbay_api::LiveEvent) -> bool {
        use patchbay_api::LiveEvent;

        match event {
            LiveEvent::Entry(entry) if entry.seq <= self.seq => {}
            LiveEvent::Entry(entry) if entry.seq == self.seq.next() => {
                self.topology.apply(&entry);
                self.seq = entry.seq;
            }
            LiveEvent::Entry(_) | LiveEvent::Reset => return false,
            LiveEvent::Links { switch, links } => drop(self.topology.set_links(switch, &links)),
            LiveEvent::Vitals { switch, vitals } if switch == self.switch => self.vitals = vitals,
            LiveEvent::Vitals { .. }
            | LiveEvent::Step(_)
            | LiveEvent::Begun(_)
            | LiveEvent::Trouble(_)
            | LiveEvent::Counted { .. }
            | LiveEvent::Switch { .. } => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, SWITCH};
    use patchbay_api::LiveEvent;
    use patchbay_domain::Temperature;

    #[test]
    fn vitals_of_this_switch_replace_what_was_shown() {
        let mut shown =
            ShownPorts { topology: fixture::topology(), seq: Seq::new(10), switch: SWITCH, vitals: None };
        let read = Vitals { temperature: Some(Temperature(4_000)), ..Vitals::default() };
        let other = SwitchId::new(SWITCH.get() + 1);
        assert!(shown.take(LiveEvent::Vitals { switch: other, vitals: Some(read.clone()) }));
        assert_eq!(shown.vitals, None);
        assert!(shown.take(LiveEvent::Vitals { switch: SWITCH, vitals: Some(read.clone()) }));
        assert_eq!(shown.vitals, Some(read));
        let (id, port, link) = shown
            .topology
            .hosts
            .values()
            .find(|h| h.link.up)
            .map(|h| (h.id, h.port, h.link))
            .expect("a link");
        assert!(shown.take(LiveEvent::Links { switch: SWITCH, links: vec![(port, link.lost())] }));
        assert!(!shown.topology.hosts[&id].link.up);
        assert!(!shown.take(LiveEvent::Reset));
    }
}
