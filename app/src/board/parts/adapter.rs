//! An adapter's card, with a cell for each of its functions. To whom it carries a function of its own, it is the pool.

use leptos::prelude::*;
use patchbay_domain::{Adapter, AdapterId, FunctionId, Subject};

use super::troubles::Troubles;
use crate::board::layout::{brief, number};
use crate::board::scene::scene;
use crate::board::walk::Stop;
use crate::ui::LinkBadge;

/// An adapter's card.
#[component]
pub fn AdapterCard(
    /// Which adapter.
    id: AdapterId,
) -> impl IntoView {
    let scene = scene();
    let Adapter { slot, name, kind, present, .. } = scene.state.with(|t| t.adapters.get(&id).cloned())?;
    let link = scene.state.adapter_link(id)?;
    let functions: Vec<_> = scene.state.with(|t| t.functions_of_adapter(id).iter().map(|f| f.id).collect());
    // Two cards of one model have the same name, so the slot belongs to what the section is called.
    let called = format!("{name} in slot {slot}");
    let offer = move || {
        let pool = |o: &crate::board::offer::Offers| o.homes.contains(&id).then(|| o.pool.clone());
        scene.hands.offers.with(|offers| offers.as_ref().map(pool))
    };
    let word = move || offer().map(|pool| pool.map_or("refuses", |offer| offer.word()));
    let short = move || {
        offer().flatten().map(|o| if o.accepts() { "drop here: release".to_owned() } else { o.in_short() })
    };
    let meta = {
        let link = link.clone();
        move || {
            if present {
                format!("slot {slot} · {}", link.get())
            } else {
                format!("slot {slot} · not there")
            }
        }
    };
    let label = format!("Functions of {name} in slot {slot}");
    let cells = functions.iter().map(|function| view! { <Cell function=*function/> }).collect_view();
    Some(view! {
        <li>
            <section
                class="card adapter"
                tabindex="-1"
                aria-label=called
                data-stop=Stop::Adapter(id).to_string()
                data-adapter=id.get()
                data-kind=kind.word()
                data-offer=word
            >
                <h3>{name}</h3>
                {move || view! { <LinkBadge health=link.get().health()/> }}
                <p class="meta">{meta}</p>
                <Troubles of=vec![Subject::AdapterDown(id), Subject::AdapterNarrow(id)]/>
                <p class="offer">{short}</p>
                <ul class="cells" aria-label=label>{cells}</ul>
                <Use functions/>
            </section>
        </li>
    })
}

/// How many functions of an adapter somebody has.
#[component]
fn Use(functions: Vec<FunctionId>) -> impl IntoView {
    let scene = scene();
    let all = functions.len();
    let signals: Vec<_> = functions.into_iter().map(|f| scene.state.function(f)).collect();
    let used = Memo::new(move |_| signals.iter().filter(|s| s.with(|f| f.assigned.is_some())).count());
    view! {
        <p class="use">
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect width=move || (used.get() * 100 / all.max(1)).to_string() height="4"></rect>
            </svg>
            <span>{move || format!("{} of {all} assigned", used.get())}</span>
        </p>
    }
}

/// A function in its adapter's card.
#[component]
fn Cell(function: FunctionId) -> impl IntoView {
    let scene = scene();
    let (label, title, free) = scene.state.with(|t| {
        let free = t.functions.get(&function).map(|f| number(f.role, f.index));
        (t.label(function), t.description(function), free.unwrap_or_default())
    });
    let signal = scene.state.function(function);
    let host = {
        let signal = signal.clone();
        move || signal.get().assigned.map(|a| scene.state.with(|t| t.host_name(a.host)))
    };
    let text = {
        let host = host.clone();
        move || host().map_or_else(|| free.clone(), |name| brief(&name))
    };
    let used = {
        let signal = signal.clone();
        move || signal.get().assigned.is_some().then_some("yes")
    };
    let in_flight = move || signal.get().flight.is_some().then_some("yes");
    let in_full = {
        let in_flight = in_flight.clone();
        move || {
            let place = host().map_or_else(|| "in the pool".to_owned(), |name| format!("on {name}"));
            let moving = if in_flight().is_some() { ", being moved" } else { "" };
            format!("{label}, {place}{moving}")
        }
    };
    view! {
        <li>
            <button
                type="button"
                class="cell"
                tabindex="-1"
                aria-pressed="false"
                aria-label=in_full
                title=title
                data-used=used
                data-flight=in_flight
                data-stop=Stop::Cell(function).to_string()
                data-function=function.get()
            >
                {text}
            </button>
        </li>
    }
}
