//! One line of the history.

use leptos::prelude::*;
use patchbay_domain::{HistoryItem, ItemKind, Outcome};

use crate::ui::{Glyph, Icon, OutcomeBadge, When};

/// The sign of a kind.
const fn glyph(kind: ItemKind) -> Glyph {
    match kind {
        ItemKind::Change => Glyph::Move,
        ItemKind::Discovery => Glyph::Eye,
        ItemKind::Links => Glyph::Cable,
        ItemKind::Drift | ItemKind::Reachability => Glyph::Alert,
    }
}

/// The word by which the style sheet knows a kind: a change stands out, and so does what a person should look at.
const fn weight(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Change => "change",
        ItemKind::Drift => "drift",
        ItemKind::Discovery | ItemKind::Links | ItemKind::Reachability => "event",
    }
}

/// One line: what, why, how it went, who and when. A change links to its page.
#[component]
pub fn Line(
    /// What happened.
    item: HistoryItem,
) -> impl IntoView {
    let HistoryItem { seq, at, actor, kind, title, change, outcome, reason, why, settled } = item;
    let badge = change.map(|_| view! { <OutcomeBadge outcome settled/> });
    let heading = match change {
        Some(id) => leptos::either::Either::Left(view! { <a href=format!("/history/{id}")>{title}</a> }),
        None => leptos::either::Either::Right(title),
    };
    view! {
        <li class="line" data-kind=weight(kind) data-seq=seq.get()>
            <span class="line-sign"><Icon glyph=glyph(kind)/></span>
            <div class="line-body">
                <p class="line-title">{heading} {badge}</p>
                {reason.map(|reason| view! { <p class="line-reason">{reason}</p> })}
                {why.map(|why| view! { <p class="line-why" data-tone=why_tone(outcome, settled)>{why}</p> })}
            </div>
            <p class="line-meta"><span class="line-who">{actor.to_string()}</span> <When at/></p>
        </li>
    }
}

/// How loudly the sentence about an ending speaks.
const fn why_tone(outcome: Option<Outcome>, settled: bool) -> &'static str {
    match outcome {
        Some(Outcome::Stuck) if !settled => "bad",
        Some(Outcome::RolledBack | Outcome::Stuck) => "warn",
        Some(Outcome::Applied) | None => "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::Line;
    use crate::history::fixture::{html, line};
    use leptos::prelude::*;
    use patchbay_domain::{Actor, ChangeId, Door, HistoryItem, ItemKind, Outcome};

    fn change(outcome: Option<Outcome>, why: Option<&str>) -> HistoryItem {
        HistoryItem {
            actor: Actor::Person { name: "operator".to_owned(), door: Door::Browser, from: None },
            kind: ItemKind::Change,
            title: "Move eth16v5 to web-03".to_owned(),
            change: Some(ChangeId::new(12)),
            outcome,
            reason: Some("INC-4411 <urgent>".to_owned()),
            why: why.map(str::to_owned),
            ..line(7, 1_795_356_131)
        }
    }

    #[test]
    fn a_change_links_to_its_page_and_says_who_why_and_how_it_went() {
        let drawn = html(|| view! { <Line item=change(Some(Outcome::Applied), None)/> });
        assert!(drawn.contains(r#"href="/history/12""#), "{drawn}");
        for said in ["Move eth16v5 to web-03", "operator", "INC-4411 &lt;urgent&gt;", "applied"] {
            assert!(drawn.contains(said), "{said} in {drawn}");
        }
        assert!(drawn.contains(r#"datetime="2026-11-22T14:02:11.000Z""#), "{drawn}");
    }

    #[test]
    fn a_change_without_an_outcome_is_open_and_a_stuck_one_says_why() {
        let open = html(|| view! { <Line item=change(None, None)/> });
        assert!(open.contains(">open<"), "{open}");
        let stuck = html(|| view! { <Line item=change(Some(Outcome::Stuck), Some("Port 8 is gone."))/> });
        assert!(stuck.contains("needs you") && stuck.contains("Port 8 is gone."), "{stuck}");
        let item = HistoryItem { settled: true, ..change(Some(Outcome::Stuck), Some("Port 8 is gone.")) };
        let settled = html(|| view! { <Line item/> });
        assert!(settled.contains(">settled<") && !settled.contains(r#"data-tone="bad""#), "{settled}");
    }

    #[test]
    fn an_event_has_no_badge_and_no_link() {
        let drawn = html(|| view! { <Line item=line(3, 0)/> });
        assert!(drawn.contains("Discovered rack-12-pax"), "{drawn}");
        assert!(!drawn.contains("badge") && !drawn.contains("href"), "{drawn}");
    }
}
