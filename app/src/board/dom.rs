//! Finding things of the board in the page.

use leptos::prelude::*;
use patchbay_domain::FunctionId;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, EventTarget, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::geometry::Point;
use super::walk::Stop;

/// The attribute that holds the address of a stop.
pub const STOP_ATTRIBUTE: &str = "data-stop";

/// The stop that an element is in.
pub fn stop_of(element: &Element) -> Option<Stop> {
    let found = element.closest("[data-stop]").ok().flatten()?;
    Stop::of_address(&found.get_attribute(STOP_ATTRIBUTE)?)
}

/// The stop that an event happened on.
pub fn stop_of_target(target: Option<EventTarget>) -> Option<Stop> {
    stop_of(target?.dyn_ref::<Element>()?)
}

/// Whether an event happened within something that fits.
pub fn is_within(target: Option<EventTarget>, selector: &str) -> bool {
    let element = target.as_ref().and_then(|target| target.dyn_ref::<Element>());
    element.is_some_and(|element| element.closest(selector).is_ok_and(|found| found.is_some()))
}

/// The stop at a point of the window.
#[expect(clippy::cast_possible_truncation, reason = "the window is not that large")]
pub fn stop_at(at: Point) -> Option<Stop> {
    stop_of(&document().element_from_point(at.x as f32, at.y as f32)?)
}

/// The element of a stop, while it is drawn.
pub fn element_of(stop: Stop) -> Option<HtmlElement> {
    find(&format!("[data-stop=\"{stop}\"]"))
}

/// Moves the focus to a stop and brings it into view.
pub fn focus(stop: Stop) {
    if let Some(element) = element_of(stop) {
        bring_into_view(&element);
        // Only an element that cannot take the focus refuses it.
        let _ = element.focus();
    }
}

/// Moves the focus to a function: to its chip where it has one, else to its cell.
pub fn focus_function(function: FunctionId) {
    if let Some(element) = element_of_function(function) {
        let _ = element.focus();
    }
}

fn element_of_function(function: FunctionId) -> Option<HtmlElement> {
    let chip = find(&format!(".chip[data-function=\"{function}\"]"));
    chip.or_else(|| find(&format!("[data-stop=\"{}\"]", Stop::Cell(function))))
}

/// Moves the focus back to the board: to the first of these functions that is drawn, else to where Tab would come to it.
pub fn come_back_to(functions: &[FunctionId]) {
    let drawn = functions.iter().find_map(|function| element_of_function(*function));
    if let Some(element) = drawn.or_else(|| find("#main [data-stop][tabindex=\"0\"]")) {
        let _ = element.focus();
    }
}

/// Moves the focus to the button that closes the sheet, when what had it on the sheet is gone.
pub fn keep_focus_in_sheet() {
    let lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
    if let Some(close) = find(".sheet [data-close]").filter(|_| lost) {
        let _ = close.focus();
    }
}

/// Takes the way back that the page was opened with out of its address: to load it again must not open the sheet again.
pub fn forget_way() {
    let location = window().location();
    let asks = |search: String| {
        ["undo", "retry", "accept", "restore"].iter().any(|way| search.contains(&format!("{way}=")))
    };
    if location.search().is_ok_and(asks)
        && let (Ok(path), Ok(history)) = (location.pathname(), window().history())
    {
        // An address of our own is never refused.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// Scrolls as little as needed to show an element.
pub fn bring_into_view(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Scrolls the list of a sheet, and nothing around it, so that the step that runs is in sight.
pub fn follow_running_step() {
    let Some(step) = find(".sheet .steps > [data-mark=running]") else { return };
    let Some(list) = step.parent_element() else { return };
    let (top, bottom) = (step.offset_top(), step.offset_top() + step.offset_height());
    if top < list.scroll_top() || bottom > list.scroll_top() + list.client_height() {
        list.set_scroll_top(top);
    }
}

/// The first element that fits.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// All elements that fit.
pub fn find_all(selector: &str) -> Vec<Element> {
    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

/// Gives an attribute to exactly the elements that fit one of the selectors, and takes it from all others of the board. What
/// stands beside the board is not its business.
pub fn mark(attribute: &str, value: &str, without: Option<&str>, selectors: &[String]) {
    for marked in find_all(&format!("#main [{attribute}=\"{value}\"]")) {
        // Only a malformed name could be refused, here and below.
        let _ = match without {
            Some(plain) => marked.set_attribute(attribute, plain),
            None => marked.remove_attribute(attribute),
        };
    }
    for element in selectors.iter().flat_map(|selector| find_all(selector)) {
        let _ = element.set_attribute(attribute, value);
    }
}

/// Moves an element of the overlay to a point of the window.
pub fn place(element: &HtmlElement, at: Point) {
    // Only a malformed value could be refused.
    let _ = element.style().set_property("translate", &format!("{:.0}px {:.0}px", at.x, at.y));
}

/// The size of the window.
pub fn window_size() -> Point {
    let length =
        |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|v| v.as_f64()).unwrap_or_default();
    Point { x: length(window().inner_width()), y: length(window().inner_height()) }
}
