//! The page of a switch's ports, drawn on the server around the table.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use patchbay_api::{ApiError, Picture};
use patchbay_domain::SwitchId;

use super::island::{PORTS_BLOCK_ID, Ports, ShownPorts};
use crate::block;
use crate::desk::desk;
use crate::ui::{Failed, Layout, Section, StateBadge, Surroundings, board_path};

/// The ports of the switch in the address.
#[component]
pub fn PortsPage() -> impl IntoView {
    let desk = desk();
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    Suspend::new(async move {
        match Found::find(desk.rack(), &id) {
            Ok(found) => Either::Left(view! { <Drawn found/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::None/> }),
        }
    })
}

struct Found {
    around: Surroundings,
    shown: ShownPorts,
}

impl Found {
    fn find(mut picture: Picture, id: &str) -> Result<Self, ApiError> {
        let found: Option<SwitchId> = id.parse().ok().filter(|id| picture.topology.switches.contains_key(id));
        let switch = found.ok_or_else(|| ApiError::NotFound { what: format!("switch {id}") })?;
        let around = Surroundings::from(&picture);
        let vitals = picture.vitals.remove(&switch);
        Ok(Self {
            around,
            shown: ShownPorts { topology: picture.topology, seq: picture.seq, switch, vitals },
        })
    }
}

#[component]
fn Drawn(found: Found) -> impl IntoView {
    let Found { around, shown } = found;
    let switch = shown.topology.switches.get(&shown.switch).cloned();
    // Packing fails for values of unknown length only, and this has none.
    let packed = block::pack(&shown).unwrap_or_default();
    provide_context(shown);
    let head = switch.map(|switch| {
        view! {
            <div class="head">
                <h1>{format!("Ports of {}", switch.name)}</h1>
                <p class="muted">
                    {format!("{}, firmware {}, at {}", switch.model, switch.firmware, switch.address)}
                </p>
                <StateBadge state=switch.state/>
                <a class="other-switch" href=board_path(switch.id)>"Its board"</a>
            </div>
        }
    });
    view! {
        <Layout title="Ports" section=Section::None around>
            <main id="main" class="frame-main">
                {head}
                <script type="application/octet-stream" id=PORTS_BLOCK_ID inner_html=packed></script>
                <Ports/>
            </main>
        </Layout>
    }
    .into_any()
}
