//! What has been wrong with a host, an adapter or a switch for a while: since when, and how often it came.

use leptos::prelude::*;
use patchbay_domain::Subject;
use patchbay_domain::health::counted;

use crate::board::scene::scene;
use crate::ui::When;

/// The open troubles of these subjects, a line for each.
#[component]
pub fn Troubles(
    /// What to look for.
    of: Vec<Subject>,
) -> impl IntoView {
    let scene = scene();
    let open = Memo::new(move |_| {
        scene.state.health.track();
        let find = |subject: &Subject| {
            scene.state.with(|t| t.health.get(subject).map(|raised| (*subject, raised.at, raised.times)))
        };
        of.iter().filter_map(find).collect::<Vec<_>>()
    });
    move || {
        let lines = open.get().into_iter().map(|(subject, at, times)| {
            view! { <p class="ails">{subject.came()}" "<When at/>{counted(times)}</p> }
        });
        lines.collect::<Vec<_>>()
    }
}
