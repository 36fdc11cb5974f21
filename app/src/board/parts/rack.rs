//! The rack: hosts, chassis and adapters, or what to do when there are none.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use patchbay_domain::{Switch, SwitchId, SwitchState};

use super::adapter::AdapterCard;
use super::chassis::{Cables, Chassis};
use super::host::HostCard;
use crate::board::layout::{adapters_of, hosts_of};
use crate::board::scene::scene;

/// The rack of the switch that is shown.
#[component]
pub fn Rack() -> impl IntoView {
    let scene = scene();
    move || {
        scene.state.structure.track();
        match scene.state.switch() {
            None => EitherOf3::A(view! { <NoSwitch/> }),
            Some(id) if scene.state.with(|t| hosts_of(t, id).is_empty() && adapters_of(t, id).is_empty()) => {
                EitherOf3::B(view! { <Unread id/> })
            }
            Some(id) => EitherOf3::C(view! { <Filled id/> }),
        }
    }
}

#[component]
fn Filled(id: SwitchId) -> impl IntoView {
    let state = scene().state;
    let hosts: Vec<_> = state.with(|t| hosts_of(t, id).iter().map(|h| h.id).collect());
    let adapters: Vec<_> = state.with(|t| adapters_of(t, id).iter().map(|a| a.id).collect());
    view! {
        <div class="board-rack">
            <Cables switch=id/>
            <section aria-labelledby="hosts-title">
                <h2 id="hosts-title" class="visually-hidden">"Hosts"</h2>
                <ul class="column">{hosts.into_iter().map(|id| view! { <HostCard id/> }).collect_view()}</ul>
            </section>
            <Chassis switch=id/>
            <section aria-labelledby="adapters-title">
                <h2 id="adapters-title" class="visually-hidden">"Adapters"</h2>
                <ul class="column">{adapters.into_iter().map(|id| view! { <AdapterCard id/> }).collect_view()}</ul>
            </section>
        </div>
    }
}

#[component]
fn NoSwitch() -> impl IntoView {
    view! {
        <div class="empty">
            <h2>"No switch yet"</h2>
            <p>"Start Patchbay with the address of a switch and its rack appears here:"</p>
            <p><code>"patchbay serve --switch ADDRESS"</code></p>
            <p>"To look around without one, start the built-in lab: "<code>"patchbay serve --lab"</code></p>
        </div>
    }
}

/// A switch that was never read: a skeleton while it is tried, and what to do when it does not answer.
#[component]
fn Unread(id: SwitchId) -> impl IntoView {
    let scene = scene();
    let Switch { name, address, .. } = scene.state.with(|t| t.switches.get(&id).cloned())?;
    let state = scene.state.switch_state(id)?;
    Some(move || match state.get() {
        SwitchState::Unreachable => Either::Left(view! {
            <div class="empty">
                <h2>{format!("{name} does not answer")}</h2>
                <p>
                    {format!("Patchbay cannot reach it at {address} and keeps trying. Check its power, its \
                              management network and the address.")}
                </p>
            </div>
        }),
        SwitchState::Connecting | SwitchState::Ready => Either::Right(view! {
            <div class="empty">
                <h2>{format!("Reading {name}")}</h2>
                <p>"Its hosts, adapters and functions appear here in a moment."</p>
                <div class="skeleton" aria-hidden="true">
                    {[(); 6].map(|()| view! { <span></span> })}
                </div>
            </div>
        }),
    })
}
