//! Marks and cables: what is set on elements by hand, after the components have drawn them.
//!
//! Which one of thousands of functions is lit, selected or focused would cost an effect on each of them. So those marks
//! are attributes that this code moves from element to element.

use leptos::prelude::*;
use patchbay_domain::FunctionId;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use super::dom;
use super::drag::Grip;
use super::geometry::{Point, cable};
use super::offer::Target;
use super::scene::Scene;
use super::trace::Trace;
use super::walk::{Stop, Walk};
use crate::ui::with_selected;

/// Where the carried functions are drawn, beside the card that the keys have chosen.
const CARRY_OFFSET: Point = Point { x: 48.0, y: 18.0 };

/// Keeps marks and cables up to date. Browser only: call it once, from an effect.
pub fn watch(scene: Scene) {
    Effect::new(move || {
        scene.hands.selection.track();
        scene.hands.stop.track();
        scene.hands.lit.track();
        scene.hands.drag.track();
        scene.state.drawn.track();
        scene.state.begun.track();
        request_animation_frame(move || paint_marks(scene));
    });
    let observer = observe_sizes();
    Effect::new(move || {
        scene.state.structure.track();
        scene.state.drawn.track();
        let observer = observer.clone();
        request_animation_frame(move || {
            lay_cables();
            if let Some(observer) = &observer {
                observer.disconnect();
                dom::find_all(".board-rack, .column").iter().for_each(|element| observer.observe(element));
            }
        });
    });
}

/// Lays the cables again whenever cards grow or shrink.
fn observe_sizes() -> Option<ResizeObserver> {
    let lay = Closure::<dyn FnMut()>::new(lay_cables);
    let observer = ResizeObserver::new(lay.as_ref().unchecked_ref()).ok();
    // It observes for as long as the page lives.
    lay.forget();
    observer
}

fn paint_marks(scene: Scene) {
    let hands = scene.hands;
    let functions = |ids: &[_]| ids.iter().map(|id| format!("[data-function=\"{id}\"]")).collect::<Vec<_>>();
    let selected: Vec<_> = hands.selection.with_untracked(|s| s.iter().copied().collect());
    dom::mark("aria-pressed", "true", Some("false"), &functions(&selected));
    take_selection_along(&selected);
    dom::mark("data-carried", "yes", None, &functions(&hands.carried()));
    let lit = hands.lit.get_untracked().map(|stop| scene.state.with(|t| Trace::through(t, stop).selectors()));
    dom::mark("data-lit", "yes", None, lit.as_deref().unwrap_or_default());
    let over = hands.drag.with_untracked(|drag| drag.carry().and_then(|c| c.over));
    dom::mark(
        "data-over",
        "yes",
        None,
        &over.map(|target| over_selectors(scene, target)).unwrap_or_default(),
    );
    paint_focus(scene);
    place_beside_choice(scene);
}

/// The links to other boards lead there with what is selected here.
fn take_selection_along(selected: &[FunctionId]) {
    for link in dom::find_all("a[data-board]") {
        if let Some(board) = link.get_attribute("data-board") {
            set(&link, "href", &with_selected(&board, selected));
        }
    }
}

fn over_selectors(scene: Scene, target: Target) -> Vec<String> {
    let address = |stop: Stop| format!("[data-stop=\"{stop}\"]");
    match target {
        Target::Host(host) => vec![address(Stop::Host(host))],
        Target::Swap(host, other) => vec![address(Stop::Host(host)), address(Stop::Chip(host, other))],
        Target::Pool => {
            let homes = scene.hands.offers.with_untracked(|o| o.as_ref().map(|o| o.homes.clone()));
            homes.into_iter().flatten().map(|adapter| address(Stop::Adapter(adapter))).collect()
        }
    }
}

/// Exactly one stop can be reached with Tab. When what had the focus was drawn anew, the focus comes back to it.
fn paint_focus(scene: Scene) {
    let Some(stop) = standing_stop(scene) else { return };
    dom::mark("tabindex", "0", Some("-1"), &[format!("[data-stop=\"{stop}\"]")]);
    let active = document().active_element();
    let lost = active.is_none_or(|element| element.tag_name() == "BODY");
    if lost && scene.hands.has_focus.get_value() {
        dom::focus(stop);
    }
}

/// Where the focus stands: a chip that moved to another host is followed there.
fn standing_stop(scene: Scene) -> Option<Stop> {
    let walk = walk(scene);
    let stop = scene.hands.stop.get_untracked();
    let moved = stop.and_then(Stop::function).map(|function| {
        let host = scene.state.function(function).get_untracked().assigned.map(|a| a.host);
        host.map_or(Stop::Cell(function), |host| Stop::Chip(host, function))
    });
    stop.into_iter().chain(moved).find(|stop| walk.has(*stop)).or_else(|| walk.first())
}

/// The stops of the board as it is.
pub fn walk(scene: Scene) -> Walk {
    let Some(switch) = scene.state.switch() else { return Walk::default() };
    let members =
        |host| scene.state.host(host).map(|signals| signals.members.get_untracked()).unwrap_or_default();
    scene.state.with(|t| Walk::new(t, switch, members))
}

/// What the keys carry is drawn beside the card they have chosen.
fn place_beside_choice(scene: Scene) {
    let carry = scene.hands.drag.with_untracked(|drag| drag.carry().cloned());
    let Some(carry) = carry.filter(|carry| carry.grip == Grip::Keys) else { return };
    let selectors = carry.over.map(|target| over_selectors(scene, target)).unwrap_or_default();
    let chosen = selectors.last().and_then(|selector| dom::find(selector));
    let home = || dom::element_of(scene.hands.stop.get_untracked()?);
    if let (Some(beside), Some(overlay)) = (chosen.or_else(home), dom::find(".carry")) {
        if carry.over.is_some() {
            dom::bring_into_view(&beside);
        }
        let rect = beside.get_bounding_client_rect();
        let at = Point { x: rect.left() + CARRY_OFFSET.x, y: rect.top() + CARRY_OFFSET.y };
        dom::place(&overlay, at);
    }
}

/// Draws every cable from its card to its port.
pub fn lay_cables() {
    let Some(rack) = dom::find(".board-rack") else { return };
    let origin = rack.get_bounding_client_rect();
    let relative = |x: f64, y: f64| Point { x: x - origin.left(), y: y - origin.top() };
    for path in dom::find_all("path[data-of]") {
        let Some(key) = path.get_attribute("data-of") else { continue };
        let card = dom::find(&format!("[data-stop=\"{key}\"]"));
        let port = dom::find(&format!(".port[data-of=\"{key}\"]"));
        let (Some(card), Some(port)) = (card, port) else { continue };
        let (card, port) = (card.get_bounding_client_rect(), port.get_bounding_client_rect());
        let on_left = card.left() < port.left();
        let from_x = if on_left { card.right() } else { card.left() };
        let to_x = if on_left { port.left() } else { port.right() };
        let middle = |rect: &web_sys::DomRect| rect.top() + rect.height() / 2.0;
        let line = cable(relative(from_x, middle(&card)), relative(to_x, middle(&port)));
        set(&path, "d", if port.width() > 0.0 { &line } else { "" });
    }
}

fn set(element: &Element, name: &str, value: &str) {
    // Only a malformed name could be refused.
    let _ = element.set_attribute(name, value);
}
