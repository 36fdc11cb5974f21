//! The part of the board that also runs in the browser.

use leptos::either::EitherOf3;
use leptos::prelude::*;
use patchbay_api::{Picture, WayBack};
use patchbay_domain::{ChangeId, Seq, SwitchId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::parts::{
    Attention, Footer, Head, JustNow, Overlay, PlanSheet, Rack, RunSheet, Said, SelectionBar, ToastBar,
};
use super::scene::{Scene, scene};
use super::sheet::{Face, Sheet};
use super::state::BoardState;
use super::{dom, paint};
use super::{keys, pointer};
use crate::live::{self, LiveState};
use crate::ui::{LiveMark, selected_by};

/// The id of the data block beside the island.
pub const PICTURE_BLOCK_ID: &str = "picture";

/// What the server drew, on its way from the page to the island.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FirstPicture {
    /// The rack.
    pub picture: Picture,
    /// The switch that the address asks for.
    pub switch: Option<SwitchId>,
}

/// The board: everything on its page that lives. It draws into the page's grid.
#[island]
pub fn Board() -> impl IntoView {
    let FirstPicture { picture, switch } = first_picture();
    let at = picture.at;
    let scene = Scene::new(BoardState::new(picture, switch), at);
    provide_context(scene);
    Effect::new(move || wake(scene));
    view! { <LiveMark state=scene.live/><BoardMain/><BoardAside/><Footer/> }
}

#[component]
fn BoardMain() -> impl IntoView {
    let scene = scene();
    let carrying = move || scene.hands.drag.with(|drag| drag.carry().is_some()).then_some("yes");
    let tracing = move || scene.hands.lit.with(Option::is_some).then_some("yes");
    let away = move || (scene.live.get() == LiveState::Away).then_some("yes");
    view! {
        <main
            id="main"
            class="frame-main board"
            data-carrying=carrying
            data-tracing=tracing
            data-away=away
            on:pointerdown=move |event| pointer::on_down(scene, &event)
            on:pointermove=move |event| pointer::on_move(scene, &event)
            on:pointerup=move |event| pointer::on_up(scene, &event)
            on:pointercancel=move |_| pointer::on_cancel(scene)
            on:pointerover=move |event| pointer::on_over(scene, &event)
            on:pointerleave=move |_| scene.hands.lit.set(None)
            on:click=move |event| pointer::on_click(scene, &event)
            on:contextmenu=move |event| pointer::on_context_menu(scene, &event)
            on:keydown=move |event| keys::on_key(scene, &event)
            on:focusin=move |event| keys::on_focus(scene, &event)
            on:focusout=move |_| keys::on_blur(scene)
        >
            <Head/>
            <Attention/>
            <Rack/>
            <SelectionBar/>
            <ToastBar/>
            <Said/>
            <Overlay/>
        </main>
    }
}

#[component]
fn BoardAside() -> impl IntoView {
    let scene = scene();
    let face = Memo::new(move |_| scene.sheet.with(Sheet::face));
    let sheet = move || match face.get() {
        Face::Closed => EitherOf3::A(()),
        Face::Plan(_) => EitherOf3::B(view! { <PlanSheet/> }),
        Face::Change(change) => EitherOf3::C(view! { <RunSheet change/> }),
    };
    view! {
        <aside class="frame-aside board-aside" aria-label="Plan and history">
            <div class="aside-view">{sheet}<JustNow/></div>
        </aside>
    }
}

/// Brings the board to life in the browser.
fn wake(scene: Scene) {
    paint::watch(scene);
    window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            scene.escape();
        }
    });
    window_event_listener(leptos::ev::pointerdown, move |event| {
        let inside = dom::is_within(event.target(), ".menu");
        if !inside && scene.hands.menu.with_untracked(Option::is_some) {
            scene.hands.menu.set(None);
        }
    });
    select_asked(scene);
    follow_stream(scene);
    if let Some(way) = asked_way() {
        scene.go_back(way);
    }
}

/// Selects what was selected on the board that led here, as far as it is still there.
fn select_asked(scene: Scene) {
    let asked = window().location().search().map(|query| selected_by(&query)).unwrap_or_default();
    let there: BTreeSet<_> =
        scene.state.with(|t| asked.into_iter().filter(|id| t.functions.contains_key(id)).collect());
    if !there.is_empty() {
        scene.hands.selection.set(there);
    }
}

fn follow_stream(scene: Scene) {
    let stream = live::open(move || scene.state.seq(), move |events| scene.take(&events));
    Effect::new(move |before: Option<LiveState>| {
        let now = stream.get();
        if now == LiveState::Away && before != Some(LiveState::Away) {
            if before == Some(LiveState::On) {
                scene.last_good.set(clock());
            }
            scene.let_go();
        }
        scene.live.set(now);
        if let Some(body) = document().body() {
            // Only a malformed name could be refused.
            let _ = body.set_attribute("data-live", now.word());
        }
        now
    });
}

/// The browser's clock.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn clock() -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(leptos::web_sys::js_sys::Date::now() as i64).unwrap_or_default()
}

/// A page that shows a change links to `/?undo=12`, and likewise with `retry`, `accept` and `restore`.
fn asked_way() -> Option<WayBack> {
    let query = window().location().search().ok()?;
    query.trim_start_matches('?').split('&').find_map(|pair| {
        let (name, number) = pair.split_once('=')?;
        way_named(name, number.parse().ok()?)
    })
}

fn way_named(name: &str, number: u64) -> Option<WayBack> {
    let change = ChangeId::new(number);
    match name {
        "undo" => Some(WayBack::Undo(change)),
        "retry" => Some(WayBack::Retry(change)),
        "accept" => Some(WayBack::Accept(change)),
        "restore" => Some(WayBack::Restore(Seq::new(number))),
        _ => None,
    }
}

/// The same picture on both sides: the server has it at hand, the browser reads the block beside the island.
fn first_picture() -> FirstPicture {
    #[cfg(feature = "ssr")]
    {
        expect_context::<FirstPicture>()
    }
    #[cfg(not(feature = "ssr"))]
    {
        crate::block::read(PICTURE_BLOCK_ID)
    }
}
