//! What the person at the board holds, has selected, and looks at.

use leptos::prelude::*;
use patchbay_domain::FunctionId;
use std::collections::BTreeSet;

use super::choices::MenuPage;
use super::drag::Drag;
use super::geometry::Point;
use super::offer::Offers;
use super::walk::Stop;

/// An open *Move to…* menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// What it would move.
    pub functions: Vec<FunctionId>,
    /// Which list it shows.
    pub page: MenuPage,
    /// Where it was opened, in the window.
    pub at: Point,
}

/// One signal for each thing that changes by itself.
#[derive(Clone, Copy)]
pub struct Hands {
    /// What is carried.
    pub drag: RwSignal<Drag>,
    /// What every card says to it.
    pub offers: RwSignal<Option<Offers>>,
    /// The selected functions.
    pub selection: RwSignal<BTreeSet<FunctionId>>,
    /// Where the focus is, or will be when it comes back to the board.
    pub stop: RwSignal<Option<Stop>>,
    /// What the pointer or the visible focus is on; its path lights up.
    pub lit: RwSignal<Option<Stop>>,
    /// The open menu.
    pub menu: RwSignal<Option<Menu>>,
    /// What a screen reader says next.
    pub said: RwSignal<String>,
    /// Where the pointer is, in the window.
    pub pointer: StoredValue<Point>,
    /// The click that follows belongs to a drop, or to a key that has done its work.
    pub click_spent: StoredValue<bool>,
    /// Whether the focus stands on the board, also while what it stood on is drawn anew.
    pub has_focus: StoredValue<bool>,
}

impl Hands {
    /// Empty hands.
    pub fn new() -> Self {
        Self {
            drag: RwSignal::new(Drag::Idle),
            offers: RwSignal::new(None),
            selection: RwSignal::new(BTreeSet::new()),
            stop: RwSignal::new(None),
            lit: RwSignal::new(None),
            menu: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            pointer: StoredValue::new(Point::default()),
            click_spent: StoredValue::new(false),
            has_focus: StoredValue::new(false),
        }
    }

    /// What is carried; nothing when nothing is.
    pub fn carried(self) -> Vec<FunctionId> {
        self.drag.with_untracked(|drag| drag.carry().map(|c| c.functions.clone())).unwrap_or_default()
    }

    /// What an action on a function is about: the whole selection when the function is part of that.
    pub fn together_with(self, function: FunctionId) -> Vec<FunctionId> {
        self.selection.with_untracked(|selection| {
            if selection.contains(&function) { selection.iter().copied().collect() } else { vec![function] }
        })
    }
}

impl Default for Hands {
    fn default() -> Self {
        Self::new()
    }
}
