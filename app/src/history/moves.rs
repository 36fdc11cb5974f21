//! What a change moves, before and after, side by side; and what it makes the history follow.

use leptos::either::Either;
use leptos::prelude::*;
use patchbay_domain::{Assignment, Plan, PlannedMove};
use std::sync::Arc;

use super::address;

/// The moves of a plan with what it disrupts, and what it adopts.
#[component]
pub fn Moves(
    /// The plan.
    plan: Arc<Plan>,
) -> impl IntoView {
    let warnings = plan.warnings.clone().into_iter().map(|warning| view! { <li class="note">{warning}</li> });
    let warnings = warnings.collect::<Vec<_>>();
    let some = |moves: &[PlannedMove]| Some(moves.to_vec()).filter(|moves| !moves.is_empty());
    let moves = some(&plan.moves).map(|moves| view! { <Table columns=["Before", "After"] moves/> });
    let adoptions = some(&plan.adoptions).map(|moves| {
        view! {
            <h2 id="adoptions">"What the history follows"</h2>
            <Table columns=["Was wished", "Is there, and wished now"] moves/>
        }
    });
    let title = moves.is_some().then(|| view! { <h2 id="moves">"Before and after"</h2> });
    let labelled = if title.is_some() { "moves" } else { "adoptions" };
    view! {
        <section class="card part" aria-labelledby=labelled>
            {title}
            {moves}
            {(!warnings.is_empty()).then(|| view! { <ul class="warnings" aria-label="What it disrupts">{warnings}</ul> })}
            {adoptions}
        </section>
    }
    .into_any()
}

#[component]
fn Table(columns: [&'static str; 2], moves: Vec<PlannedMove>) -> impl IntoView {
    let [before, after] = columns;
    let rows = moves.into_iter().map(|planned| view! { <Row planned/> }).collect_view();
    view! {
        <table class="moves">
            <thead>
                <tr><th scope="col">"Function"</th><th scope="col">{before}</th><th scope="col">{after}</th></tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(planned: PlannedMove) -> impl IntoView {
    let function = address::href([("function", planned.function.to_string().as_str())]);
    view! {
        <tr>
            <th scope="row"><a href=function>{planned.name}</a></th>
            <td><Seat at=planned.from host_name=planned.from_name/></td>
            <td><Seat at=planned.to host_name=planned.to_name/></td>
        </tr>
    }
}

/// Where a function is: a host with a link to its history, or the pool.
#[component]
fn Seat(at: Option<Assignment>, host_name: Option<String>) -> impl IntoView {
    let Some(at) = at else {
        return Either::Left(view! { <span class="muted">"pool"</span> });
    };
    let href = address::href([("host", at.host.to_string().as_str())]);
    let name = host_name.unwrap_or_else(|| format!("host {}", at.host));
    Either::Right(view! {
        <a href=href>{name}</a>
        <span class="muted seat">"logical port "{at.logical_port.to_string()}</span>
    })
}

#[cfg(test)]
mod tests {
    use super::Moves;
    use crate::history::fixture::{html, record};
    use leptos::prelude::*;
    use std::sync::Arc;

    #[test]
    fn each_move_names_both_hosts_and_links_to_their_history() {
        let mut plan = record(None).plan;
        Arc::make_mut(&mut plan).warnings = vec!["db-02 loses eth16v5.".to_owned()];
        let drawn = html(move || view! { <Moves plan/> });
        for said in ["/history?host=2", "/history?host=3", "/history?function=5", "db-02 loses eth16v5."] {
            assert!(drawn.contains(said), "{said} in {drawn}");
        }
    }

    #[test]
    fn a_release_ends_in_the_pool() {
        let mut plan = record(None).plan;
        let first = &mut Arc::make_mut(&mut plan).moves[0];
        (first.to, first.to_name) = (None, None);
        let drawn = html(move || view! { <Moves plan/> });
        assert!(drawn.contains("pool"), "{drawn}");
    }
}
