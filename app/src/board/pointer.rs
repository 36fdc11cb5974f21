//! Mouse, pen and finger: a few listeners on the board's root hear everything.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};

use super::choices::MenuPage;
use super::dom;
use super::drag::{Carry, Drag, Grip};
use super::geometry::{Point, edge_scroll};
use super::hands::Menu;
use super::offer::target_at;
use super::scene::Scene;
use super::walk::Stop;

/// The header stays at the top of the window; below it the board begins.
const HEADER_PX: f64 = 52.0;
/// The button of a mouse that drags.
const PRIMARY_BUTTON: i16 = 0;
/// From the pointer to the corner of what it carries, so that what is under the pointer stays visible.
const CARRY_OFFSET_PX: f64 = 12.0;

fn at(event: &MouseEvent) -> Point {
    Point { x: event.client_x().into(), y: event.client_y().into() }
}

/// A pointer went down.
pub fn on_down(scene: Scene, event: &PointerEvent) {
    scene.hands.click_spent.set_value(false);
    if scene.hands.drag.with_untracked(|drag| drag.carry().is_some()) {
        scene.let_go();
        return;
    }
    if event.button() != PRIMARY_BUTTON || !event.is_primary() || !scene.can_carry() {
        return;
    }
    if let Some(function) = dom::stop_of_target(event.target()).and_then(Stop::function) {
        scene.hands.drag.set(Drag::Pressed { function, at: at(event), pointer: event.pointer_id() });
    }
}

/// A pointer moved.
pub fn on_move(scene: Scene, event: &PointerEvent) {
    let (now, pointer) = (at(event), event.pointer_id());
    scene.hands.pointer.set_value(now);
    let begun = scene.hands.drag.with_untracked(|drag| {
        scene.hands.selection.with_untracked(|selection| drag.travel(pointer, now, selection))
    });
    if let Some(drag) = begun {
        capture(event);
        scene.carry(drag);
        request_animation_frame(move || scroll_at_edges(scene));
    }
    if carries(scene, pointer) {
        follow(scene, now);
    }
}

/// A pointer went up.
pub fn on_up(scene: Scene, event: &PointerEvent) {
    if carries(scene, event.pointer_id()) {
        scene.hands.click_spent.set_value(true);
        follow(scene, at(event));
        scene.drop_here();
    } else if scene.hands.drag.with_untracked(|drag| matches!(drag, Drag::Pressed { .. })) {
        scene.hands.drag.set(Drag::Idle);
    }
}

/// The browser took the pointer away, to scroll for instance.
pub fn on_cancel(scene: Scene) {
    if scene.hands.drag.with_untracked(|drag| *drag != Drag::Idle) {
        scene.let_go();
    }
}

/// A click selects: alone, or with Shift or Ctrl together with what is selected.
pub fn on_click(scene: Scene, event: &MouseEvent) {
    if scene.hands.click_spent.get_value() {
        scene.hands.click_spent.set_value(false);
        return;
    }
    let Some(function) = dom::stop_of_target(event.target()).and_then(Stop::function) else { return };
    let several = event.ctrl_key() || event.shift_key() || event.meta_key();
    scene.hands.selection.update(|selection| {
        let was_selected = selection.contains(&function);
        let was_alone = selection.len() == 1;
        if !several {
            selection.clear();
        }
        if !was_selected || !(several || was_alone) {
            selection.insert(function);
        } else {
            selection.remove(&function);
        }
    });
}

/// The context menu of a function is its *Move to…* menu.
pub fn on_context_menu(scene: Scene, event: &MouseEvent) {
    if let Some(function) = dom::stop_of_target(event.target()).and_then(Stop::function) {
        event.prevent_default();
        let functions = scene.hands.together_with(function);
        scene.hands.drag.set(Drag::Idle);
        scene.hands.menu.set(Some(Menu { functions, page: MenuPage::Places, at: at(event) }));
    }
}

/// The pointer came over something: its path lights up.
pub fn on_over(scene: Scene, event: &PointerEvent) {
    let idle = scene.hands.drag.with_untracked(|drag| *drag == Drag::Idle);
    let stop = dom::stop_of_target(event.target()).filter(|_| idle);
    if scene.hands.lit.get_untracked() != stop {
        scene.hands.lit.set(stop);
    }
}

fn carries(scene: Scene, pointer: i32) -> bool {
    let grip = Grip::Pointer(pointer);
    scene.hands.drag.with_untracked(|drag| drag.carry().is_some_and(|carry| carry.grip == grip))
}

fn capture(event: &PointerEvent) {
    let board = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
    // A pointer that is gone already is noticed by the events that follow.
    let _ = board.map(|board| board.set_pointer_capture(event.pointer_id()));
}

/// Moves the carried functions under the pointer and finds what they are over.
fn follow(scene: Scene, now: Point) {
    if let Some(overlay) = dom::find(".carry") {
        dom::place(&overlay, Point { x: now.x + CARRY_OFFSET_PX, y: now.y + CARRY_OFFSET_PX });
    }
    let carried = scene.hands.carried();
    let stop = dom::stop_at(now);
    scene.come_over(stop.and_then(|stop| scene.state.with(|t| target_at(t, &carried, stop))));
}

/// Once a frame while a pointer carries something.
fn scroll_at_edges(scene: Scene) {
    let by_pointer = |carry: &Carry| matches!(carry.grip, Grip::Pointer(_));
    if !scene.hands.drag.with_untracked(|drag| drag.carry().is_some_and(by_pointer)) {
        return;
    }
    let now = scene.hands.pointer.get_value();
    let by = edge_scroll(now.y, HEADER_PX, dom::window_size().y);
    if by != 0.0 {
        window().scroll_by_with_x_and_y(0.0, by);
        follow(scene, now);
    }
    request_animation_frame(move || scroll_at_edges(scene));
}
