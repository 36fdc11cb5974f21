//! The keyboard: everything the pointer can do.

use leptos::prelude::*;
use patchbay_domain::{FunctionId, HostId};
use web_sys::{FocusEvent, KeyboardEvent};

use super::choices::MenuPage;
use super::dom;
use super::drag::{Grip, next_choice, next_swap};
use super::geometry::Point;
use super::hands::Menu;
use super::layout::hosts_of;
use super::offer::Target;
use super::paint::walk;
use super::scene::Scene;
use super::walk::{Stop, Stride};

/// A key went down on the board.
pub fn on_key(scene: Scene, event: &KeyboardEvent) {
    scene.hands.click_spent.set_value(false);
    let Some(stop) = dom::stop_of_target(event.target()) else { return };
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return;
    }
    let carrying =
        scene.hands.drag.with_untracked(|drag| drag.carry().is_some_and(|carry| carry.grip == Grip::Keys));
    let done = if carrying { steer(scene, &event.key()) } else { roam(scene, stop, &event.key()) };
    if done {
        event.prevent_default();
        // A button would still click when the space bar comes up.
        scene.hands.click_spent.set_value(true);
    }
}

/// Empty hands: walk, pick up, open the menu, release. True when the key meant something.
fn roam(scene: Scene, stop: Stop, key: &str) -> bool {
    if let Some(stride) = Stride::of_key(key) {
        walk(scene).stride(stop, stride).into_iter().for_each(dom::focus);
        return true;
    }
    let Some(function) = stop.function() else { return false };
    match key {
        " " => scene.pick_up(function, Grip::Keys),
        "m" | "M" | "ContextMenu" => open_menu(scene, stop, scene.hands.together_with(function)),
        "Delete" | "Backspace" => scene.choose(&scene.hands.together_with(function), Target::Pool),
        _ => return false,
    }
    true
}

/// Carrying: choose where, drop or let go. True when the key meant something.
fn steer(scene: Scene, key: &str) -> bool {
    let over = scene.hands.drag.with_untracked(|drag| drag.carry().and_then(|c| c.over));
    match key {
        "ArrowDown" => scene.come_over(Some(next_choice(&hosts(scene), over, true))),
        "ArrowUp" => scene.come_over(Some(next_choice(&hosts(scene), over, false))),
        "ArrowRight" | "x" => aside(scene, over, true),
        "ArrowLeft" => aside(scene, over, false),
        "Enter" | " " => scene.drop_here(),
        "Tab" => {
            scene.let_go();
            scene.say("Let go. Nothing was changed.");
            return false;
        }
        _ => return false,
    }
    true
}

fn aside(scene: Scene, over: Option<Target>, forward: bool) {
    let Some(target @ (Target::Host(host) | Target::Swap(host, _))) = over else { return };
    let carried = scene.hands.carried();
    let members: Vec<FunctionId> =
        scene.state.host(host).map(|s| s.members.get_untracked()).unwrap_or_default();
    let members: Vec<_> = members.into_iter().filter(|f| !carried.contains(f)).collect();
    scene.come_over(Some(next_swap(&members, target, forward)));
}

fn hosts(scene: Scene) -> Vec<HostId> {
    let switch = scene.state.switch();
    scene.state.with(|t| switch.map(|id| hosts_of(t, id).iter().map(|h| h.id).collect()).unwrap_or_default())
}

/// Opens the *Move to…* menu below a stop.
pub fn open_menu(scene: Scene, stop: Stop, functions: Vec<FunctionId>) {
    let below = dom::element_of(stop).map(|element| {
        let rect = element.get_bounding_client_rect();
        Point { x: rect.left(), y: rect.bottom() + 4.0 }
    });
    scene.hands.menu.set(Some(Menu { functions, page: MenuPage::Places, at: below.unwrap_or_default() }));
}

/// The focus came to something on the board: it can be found there again, and its path lights up when the focus shows.
pub fn on_focus(scene: Scene, event: &FocusEvent) {
    let stop = dom::stop_of_target(event.target());
    // The lines of what wants attention go away by themselves: the focus comes back to the board then too.
    scene.hands.has_focus.set_value(stop.is_some() || dom::is_within(event.target(), ".attention"));
    if let Some(stop) = stop {
        if scene.hands.stop.get_untracked() != Some(stop) {
            scene.hands.stop.set(Some(stop));
        }
        let shows = dom::element_of(stop).is_some_and(|e| e.matches(":focus-visible").unwrap_or_default());
        scene.hands.lit.set(shows.then_some(stop));
    }
}

/// The focus left something on the board.
pub fn on_blur(scene: Scene) {
    scene.hands.lit.set(None);
}
