//! What lies over the board: what is carried, and the menu.

use leptos::prelude::*;

use super::menu::MoveMenu;
use crate::board::drag::Carry;
use crate::board::offer::{Offer, Target, carried_name, offer, swaps};
use crate::board::scene::{Scene, scene};

/// The layer over the board. Cards clip what leaves them, so menus are drawn here.
#[component]
pub fn Overlay() -> impl IntoView {
    view! { <Carried/><MoveMenu/> }
}

/// The carried functions, at the pointer or beside the chosen card.
#[component]
fn Carried() -> impl IntoView {
    let scene = scene();
    let shown = move || {
        let carry = scene.hands.drag.with(|drag| drag.carry().cloned())?;
        let (name, kind) = scene.state.with(|t| {
            let first = carry.functions.first().and_then(|f| t.functions.get(f));
            let kind = first.and_then(|f| t.adapter_of(f)).map(|a| a.kind.word());
            (carried_name(t, &carry.functions), kind)
        });
        let (words, tone) = outlook(scene, &carry);
        Some(view! { <b data-kind=kind>{name}</b><span data-tone=tone>{words}</span> })
    };
    let hidden = move || scene.hands.drag.with(|drag| drag.carry().is_none());
    view! { <div class="carry" aria-hidden="true" hidden=hidden>{shown}</div> }
}

/// What a drop would do now, in a few words.
fn outlook(scene: Scene, carry: &Carry) -> (String, &'static str) {
    let Some(target) = carry.over else { return ("Drop on a host, or on its adapter".to_owned(), "none") };
    scene.state.with(|t| match (offer(t, &carry.functions, target), target) {
        (Offer::Refuses(refusal), _) => (refusal.in_short().to_owned(), "bad"),
        (Offer::Accepts(_), Target::Swap(_, other)) if swaps(t, &carry.functions, target) => {
            (format!("Swap with {}", t.label(other)), "ok")
        }
        (Offer::Accepts(Some(landing)), Target::Host(host) | Target::Swap(host, _)) => {
            (format!("to {}, {landing}", t.host_name(host)), "ok")
        }
        (Offer::Accepts(_), Target::Host(host) | Target::Swap(host, _)) => {
            (format!("to {}", t.host_name(host)), "ok")
        }
        (Offer::Accepts(_), Target::Pool) => ("Release to the pool".to_owned(), "ok"),
    })
}
