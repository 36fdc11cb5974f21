//! Moments: UTC in what the server draws, then how long ago, in the reader's zone, with the exact time on hover.

use chrono::{DateTime, SecondsFormat, Utc};
use leptos::prelude::*;

use super::civil::Civil;

/// Further ahead than this is no clock that differs a little.
const AHEAD_SECONDS: i64 = -60;
/// Half a minute counts as now: clocks differ by as much.
const JUST_NOW_SECONDS: i64 = 30;
const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// After a week the date says more than a count of days.
const RELATIVE_MAX_SECONDS: i64 = 7 * DAY_SECONDS;

/// How a moment is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// How long ago, once the page has come to life.
    #[default]
    Relative,
    /// Date and time to the second.
    Exact,
}

impl Precision {
    /// The word in `data-when`, by which [`super::Times`] finds what to bring up to date.
    const fn word(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Exact => "exact",
        }
    }
}

/// A moment. The server draws it in UTC; [`super::Times`] keeps it fresh in the browser.
#[component]
pub fn When(
    /// The moment.
    at: DateTime<Utc>,
    /// How it is shown.
    #[prop(optional)]
    precision: Precision,
) -> impl IntoView {
    let machine = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let node = NodeRef::<leptos::html::Time>::new();
    // What comes into the page later must not wait for the next round.
    #[cfg(not(feature = "ssr"))]
    Effect::new(move || {
        if let Some(element) = node.get() {
            fresh::refresh(&element);
        }
    });
    // As inner HTML, so that the text belongs to whoever keeps it fresh; it holds digits and letters only.
    view! { <time node_ref=node datetime=machine data-when=precision.word() inner_html=in_utc(at, precision)></time> }
}

/// What the server draws.
fn in_utc(at: DateTime<Utc>, precision: Precision) -> String {
    let civil = Civil::utc(at);
    let time = match precision {
        Precision::Relative => civil.to_minute(),
        Precision::Exact => civil.to_second(),
    };
    format!("{}, {time} UTC", civil.day.in_short())
}

/// How long ago, in words; nothing when a date says it better. A moment some seconds ahead is a clock that differs.
#[cfg_attr(feature = "ssr", allow(dead_code, reason = "words for the browser, tested on the server's side"))]
fn ago(seconds: i64) -> Option<String> {
    match seconds {
        ..AHEAD_SECONDS => None,
        AHEAD_SECONDS..JUST_NOW_SECONDS => Some("just now".to_owned()),
        JUST_NOW_SECONDS..MINUTE_SECONDS => Some(format!("{seconds} s ago")),
        MINUTE_SECONDS..HOUR_SECONDS => Some(format!("{} min ago", seconds / MINUTE_SECONDS)),
        HOUR_SECONDS..DAY_SECONDS => Some(format!("{} h ago", seconds / HOUR_SECONDS)),
        DAY_SECONDS..RELATIVE_MAX_SECONDS => {
            let days = seconds / DAY_SECONDS;
            Some(if days == 1 { "1 day ago".to_owned() } else { format!("{days} days ago") })
        }
        _ => None,
    }
}

#[cfg(not(feature = "ssr"))]
pub(super) mod fresh {
    //! The browser's half: texts in the reader's zone.

    use leptos::prelude::document;
    use leptos::wasm_bindgen::JsCast;
    use leptos::web_sys::Element;
    use leptos::web_sys::js_sys::Date;

    use super::super::civil::Civil;
    use super::{Precision, ago};

    const MS_PER_SECOND: f64 = 1_000.0;

    /// Brings every moment on the page up to date.
    pub fn refresh_all() {
        let Ok(found) = document().query_selector_all("time[data-when]") else { return };
        for index in 0..found.length() {
            if let Some(element) = found.get(index).and_then(|node| node.dyn_into::<Element>().ok()) {
                refresh(&element);
            }
        }
    }

    /// Brings one `time` element up to date; one whose `datetime` cannot be read is left alone.
    pub fn refresh(element: &Element) {
        let at_ms = element.get_attribute("datetime").map_or(f64::NAN, |machine| Date::parse(&machine));
        if at_ms.is_nan() {
            return;
        }
        let civil = Civil::reader(at_ms);
        let exact = element.get_attribute("data-when").as_deref() == Some(Precision::Exact.word());
        element.set_text_content(Some(&text(at_ms, civil, exact)));
        let title = format!("{}, {} in your time zone", civil.day.in_full(), civil.to_second());
        // Only a malformed name could be refused.
        let _ = element.set_attribute("title", &title);
    }

    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
    fn text(at_ms: f64, civil: Civil, exact: bool) -> String {
        let day = civil.day.in_short();
        if exact {
            return format!("{day}, {}", civil.to_second());
        }
        let seconds = ((Date::now() - at_ms) / MS_PER_SECOND) as i64;
        ago(seconds).unwrap_or_else(|| format!("{day}, {}", civil.to_minute()))
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_SECONDS, HOUR_SECONDS, Precision, ago, in_utc};
    use chrono::DateTime;

    #[test]
    fn the_server_says_the_time_in_utc() {
        let at = DateTime::from_timestamp(1_795_356_131, 0).expect("a moment in 2026");
        assert_eq!(in_utc(at, Precision::Relative), "22 Nov 2026, 14:02 UTC");
        assert_eq!(in_utc(at, Precision::Exact), "22 Nov 2026, 14:02:11 UTC");
    }

    #[test]
    fn the_near_past_is_counted_and_the_rest_dated() {
        let said = |seconds| ago(seconds).unwrap_or_else(|| "dated".to_owned());
        assert_eq!(said(-5), "just now");
        assert_eq!(said(45), "45 s ago");
        assert_eq!(said(3 * 60 + 59), "3 min ago");
        assert_eq!(said(23 * HOUR_SECONDS), "23 h ago");
        assert_eq!(said(DAY_SECONDS), "1 day ago");
        assert_eq!(said(6 * DAY_SECONDS), "6 days ago");
        assert_eq!(said(7 * DAY_SECONDS), "dated");
        assert_eq!(said(-HOUR_SECONDS), "dated");
    }
}
