//! The *Move to…* menu.

use leptos::prelude::*;
use leptos::web_sys::KeyboardEvent;
use wasm_bindgen::JsCast;

use crate::board::choices::{Choice, MenuPage, places, swap_choices};
use crate::board::dom;
use crate::board::geometry::{Point, keep_inside};
use crate::board::hands::Menu;
use crate::board::offer::carried_name;
use crate::board::scene::{Scene, scene};

/// The menu, while it is open.
#[component]
pub fn MoveMenu() -> impl IntoView {
    let scene = scene();
    Effect::new(move || {
        if let Some(menu) = scene.hands.menu.get() {
            request_animation_frame(move || show_at(menu.at));
        }
    });
    move || scene.hands.menu.get().map(|menu| view! { <OpenMenu menu/> })
}

#[component]
fn OpenMenu(menu: Menu) -> impl IntoView {
    let scene = scene();
    let name = scene.state.with(|t| carried_name(t, &menu.functions));
    let (title, choices) = choices(scene, &menu);
    let more = (menu.page == MenuPage::Places && can_swap(scene, &menu)).then(|| {
        let swaps = Menu { page: MenuPage::Swaps, ..menu.clone() };
        let open = move |_| scene.hands.menu.set(Some(swaps.clone()));
        view! { <button type="button" role="menuitem" tabindex="-1" on:click=open>"Swap with…"</button> }
    });
    let items = choices.into_iter().map(|choice| view! { <Item choice functions=menu.functions.clone()/> });
    view! {
        <div class="menu" role="menu" aria-label=format!("{title} {name}") on:keydown=move |event| on_key(scene, &event)>
            <p aria-hidden="true">{format!("{title} {name}")}</p>
            {items.collect_view()}
            {more}
        </div>
    }
}

#[component]
fn Item(choice: Choice, functions: Vec<patchbay_domain::FunctionId>) -> impl IntoView {
    let scene = scene();
    let (target, refused, in_full) = (choice.target, !choice.offer.accepts(), choice.in_full());
    let choose = move |_| {
        if !refused {
            scene.hands.menu.set(None);
            scene.choose(&functions, target);
        }
    };
    view! {
        <button
            type="button"
            role="menuitem"
            tabindex="-1"
            aria-disabled=refused.then_some("true")
            aria-label=in_full
            on:click=choose
        >
            <span>{choice.name}</span>
            <small>{choice.note}</small>
        </button>
    }
}

fn choices(scene: Scene, menu: &Menu) -> (&'static str, Vec<Choice>) {
    let Some(switch) = scene.state.switch() else { return ("Move", Vec::new()) };
    scene.state.with(|t| match menu.page {
        MenuPage::Places => ("Move", places(t, switch, &menu.functions)),
        MenuPage::Swaps => ("Swap", swap_choices(t, switch, &menu.functions)),
    })
}

fn can_swap(scene: Scene, menu: &Menu) -> bool {
    scene
        .state
        .switch()
        .is_some_and(|switch| scene.state.with(|t| !swap_choices(t, switch, &menu.functions).is_empty()))
}

/// Puts the menu where it was asked for, inside the window, and the focus on its first line.
fn show_at(at: Point) {
    let Some(menu) = dom::find(".menu") else { return };
    let rect = menu.get_bounding_client_rect();
    let size = Point { x: rect.width(), y: rect.height() };
    dom::place(&menu, keep_inside(at, size, dom::window_size()));
    if let Some(first) = dom::find(".menu [role=menuitem]") {
        // A button can always take the focus.
        let _ = first.focus();
    }
}

/// Up and down walk the lines round and round; Tab leaves the menu.
fn on_key(scene: Scene, event: &KeyboardEvent) {
    let items = dom::find_all(".menu [role=menuitem]");
    let active = document().active_element();
    let now = items.iter().position(|item| Some(item) == active.as_ref()).unwrap_or_default();
    let last = items.len().saturating_sub(1);
    let next = match event.key().as_str() {
        "ArrowDown" => {
            if now == last {
                0
            } else {
                now + 1
            }
        }
        "ArrowUp" => now.checked_sub(1).unwrap_or(last),
        "Home" => 0,
        "End" => last,
        "Tab" => {
            event.prevent_default();
            scene.close_menu();
            return;
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.get(next).and_then(|item| item.dyn_ref::<leptos::web_sys::HtmlElement>()) {
        let _ = item.focus();
    }
}
