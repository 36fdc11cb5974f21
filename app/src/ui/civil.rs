//! Dates and times of day as people read them, in UTC on the server and in the reader's zone in the browser.

use chrono::{DateTime, Datelike, Timelike, Utc};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SHORT_NAME_CHARS: usize = 3;

/// A day in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// As people count years.
    pub year: i32,
    /// January is 0.
    pub month0: u32,
    /// From 1.
    pub day: u32,
    /// Sunday is 0.
    pub weekday: u32,
}

/// A moment as the clock on some wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The day.
    pub day: Day,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
}

impl Day {
    /// "Sunday 22 November 2026".
    pub fn in_full(self) -> String {
        let weekday = name(&WEEKDAYS, self.weekday);
        format!("{weekday} {} {} {}", self.day, name(&MONTHS, self.month0), self.year)
    }

    /// "22 Nov 2026".
    pub fn in_short(self) -> String {
        let month: String = name(&MONTHS, self.month0).chars().take(SHORT_NAME_CHARS).collect();
        format!("{} {month} {}", self.day, self.year)
    }

    /// "2026-11-22", for attributes and addresses.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month0 + 1, self.day)
    }
}

impl Civil {
    /// The clock in Greenwich.
    pub fn utc(at: DateTime<Utc>) -> Self {
        let day = Day {
            year: at.year(),
            month0: at.month0(),
            day: at.day(),
            weekday: at.weekday().num_days_from_sunday(),
        };
        Self { day, hour: at.hour(), minute: at.minute(), second: at.second() }
    }

    /// The clock on the reader's wall; `at_ms` in milliseconds since 1970.
    #[cfg(not(feature = "ssr"))]
    #[expect(clippy::cast_possible_wrap, reason = "a year of four digits fits")]
    pub fn reader(at_ms: f64) -> Self {
        let date = leptos::web_sys::js_sys::Date::new(&at_ms.into());
        let day = Day {
            year: date.get_full_year() as i32,
            month0: date.get_month(),
            day: date.get_date(),
            weekday: date.get_day(),
        };
        Self { day, hour: date.get_hours(), minute: date.get_minutes(), second: date.get_seconds() }
    }

    /// "14:02".
    pub fn to_minute(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// "14:02:11".
    pub fn to_second(self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

fn name<const N: usize>(names: &[&'static str; N], index: u32) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Civil;
    use chrono::DateTime;

    #[test]
    fn a_moment_is_said_long_and_short() {
        let at = DateTime::from_timestamp(1_795_356_131, 0).expect("a moment in 2026");
        let civil = Civil::utc(at);
        assert_eq!(civil.day.in_full(), "Sunday 22 November 2026");
        assert_eq!(civil.day.in_short(), "22 Nov 2026");
        assert_eq!(civil.day.iso(), "2026-11-22");
        assert_eq!(civil.to_minute(), "14:02");
        assert_eq!(civil.to_second(), "14:02:11");
    }
}
