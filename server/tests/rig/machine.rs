//! How busy the machine was while something was measured: a figure without it means little.

use std::fmt;

/// The load average and the processor's ticks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    load: f64,
    ticks: Option<Ticks>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

/// How busy the machine was between two moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Busy {
    /// Load average of the last minute, at the end.
    pub load: f64,
    /// The share of processor time that the host kept for others, in percent; none where the system does not tell.
    pub stolen_percent: Option<f64>,
}

impl Moment {
    /// This one.
    pub fn now() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg").split_whitespace().next().and_then(|word| word.parse().ok());
        Self { load: load.unwrap_or(f64::NAN), ticks: Ticks::parse(&read("/proc/stat")) }
    }

    /// How busy the machine was since then.
    pub fn until_now(self) -> Busy {
        let now = Self::now();
        let stolen_percent = self.ticks.zip(now.ticks).map(|(before, after)| after.stolen_since(before));
        Busy { load: now.load, stolen_percent }
    }
}

impl Ticks {
    /// Reads the first line of `/proc/stat`; steal is its eighth number, and what guests took is counted before.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.lines().next()?.strip_prefix("cpu ")?;
        let numbers: Vec<u64> = numbers.split_whitespace().map_while(|word| word.parse().ok()).collect();
        Some(Self { all: numbers.iter().take(8).sum(), stolen: *numbers.get(7)? })
    }

    fn stolen_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        let stolen = self.stolen.saturating_sub(before.stolen);
        if all == 0 { 0.0 } else { 100.0 * stolen as f64 / all as f64 }
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "load {:.1}", self.load)?;
        match self.stolen_percent {
            Some(percent) => write!(f, ", stolen {percent:.0} %"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ticks;

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let before = Ticks::parse("cpu  100 0 100 700 0 0 0 100 50 0\ncpu0 1").expect("eight numbers");
        assert_eq!(before, Ticks { all: 1000, stolen: 100 });
        let after = Ticks::parse("cpu  150 0 150 850 0 0 0 350 50 0").expect("eight numbers");
        assert!((after.stolen_since(before) - 50.0).abs() < 1e-9);
        assert_eq!(Ticks::parse("cpu 1 2 3"), None);
    }
}
