//! What can be done with the selected functions, without dragging.

use leptos::prelude::*;
use patchbay_domain::FunctionId;

use crate::board::choices::{MenuPage, swap_of};
use crate::board::dom;
use crate::board::geometry::Point;
use crate::board::hands::Menu;
use crate::board::offer::{Target, carried_name};
use crate::board::scene::{Scene, scene};
use crate::live::LiveState;

/// The bar at the foot of the board, while something is selected.
#[component]
pub fn SelectionBar() -> impl IntoView {
    let scene = scene();
    let selected =
        Memo::new(move |_| scene.hands.selection.with(|s| s.iter().copied().collect::<Vec<FunctionId>>()));
    move || {
        let functions = selected.get();
        (!functions.is_empty()).then(|| view! { <Bar functions/> })
    }
}

#[component]
fn Bar(functions: Vec<FunctionId>) -> impl IntoView {
    let scene = scene();
    let name = scene.state.with(|t| carried_name(t, &functions));
    let count = functions.len();
    let swap = scene.state.with(|t| swap_of(t, &functions));
    let swap = swap.map(|(one, target)| {
        view! { <button type="button" class="button" on:click=move |_| scene.choose(&[one], target)>"Swap"</button> }
    });
    let assigned = scene
        .state
        .with(|t| functions.iter().any(|f| t.functions.get(f).is_some_and(|f| f.assigned.is_some())));
    let (to_move, to_release) = (functions.clone(), functions);
    let release = assigned.then(|| {
        let release = move |_| scene.choose(&to_release, Target::Pool);
        view! { <button type="button" class="button" on:click=release>"Release"</button> }
    });
    let clear = move |_| {
        let first = scene.hands.selection.with_untracked(|s| s.first().copied());
        scene.hands.selection.set(std::collections::BTreeSet::new());
        first.into_iter().for_each(dom::focus_function);
    };
    view! {
        <div class="selection" role="toolbar" aria-label="Selected functions" data-away=move || away(scene)>
            <p><b>{name}</b>{format!(" · {count} selected")}</p>
            <button type="button" class="button" on:click=move |_| open_menu(scene, &to_move)>"Move to…"</button>
            {swap}
            {release}
            <button type="button" class="button" on:click=clear>"Clear"</button>
        </div>
    }
}

fn away(scene: Scene) -> Option<&'static str> {
    (scene.live.get() == LiveState::Away).then_some("yes")
}

fn open_menu(scene: Scene, functions: &[FunctionId]) {
    let bar = dom::find(".selection").map(|bar| bar.get_bounding_client_rect());
    let at = bar.map(|rect| Point { x: rect.left(), y: rect.top() }).unwrap_or_default();
    scene.hands.menu.set(Some(Menu { functions: functions.to_vec(), page: MenuPage::Places, at }));
}
