//! What a command does, step by step: said before, timed after, summed up at the end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps of one command so far.
#[derive(Debug)]
pub struct Steps {
    begun: Instant,
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    what: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    LeftOut(String),
}

impl Steps {
    /// Starts the clock.
    pub fn begin() -> Self {
        Self { begun: Instant::now(), done: Vec::new() }
    }

    /// Does a step that the following ones cannot do without.
    ///
    /// # Errors
    /// The step's own.
    pub fn must<T>(&mut self, what: &str, why: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n==> {what} ({why})");
        let begun = Instant::now();
        let result = work();
        let took = begun.elapsed();
        let outcome = match &result {
            Ok(_) => Outcome::Passed(took),
            Err(error) => Outcome::Failed(took, format!("{error:#}")),
        };
        println!("    {} {}", if result.is_ok() { "done in" } else { "FAILED after" }, clock(took));
        self.done.push(Step { what: what.to_owned(), outcome });
        result
    }

    /// Does a step whose failure the following ones can stand: it is told at once and counted at the end.
    /// Returns whether it passed.
    pub fn check(&mut self, what: &str, why: &str, work: impl FnOnce() -> Result<()>) -> bool {
        self.must(what, why, work).inspect_err(|error| eprintln!("    {error:#}")).is_ok()
    }

    /// Notes a step that was not done.
    pub fn leave_out(&mut self, what: &str, because: &str) {
        println!("\n==> {what}: left out, {because}");
        self.done.push(Step { what: what.to_owned(), outcome: Outcome::LeftOut(because.to_owned()) });
    }

    /// Prints every step with its time, and the total.
    ///
    /// # Errors
    /// When a step failed or was left out.
    pub fn close(&self) -> Result<()> {
        println!("\n{}", self.summary());
        let open = self.done.iter().filter(|step| !matches!(step.outcome, Outcome::Passed(_))).count();
        if open > 0 {
            bail!("{open} of {} steps did not pass, see above", self.done.len());
        }
        Ok(())
    }

    /// The steps with their times, one a line, and the total.
    pub fn summary(&self) -> String {
        let mut text = String::from("Summary\n");
        for step in &self.done {
            let (sign, note) = match &step.outcome {
                Outcome::Passed(took) => ("ok    ", clock(*took)),
                Outcome::Failed(took, error) => ("FAILED", format!("{}: {error}", clock(*took))),
                Outcome::LeftOut(because) => ("left  ", because.clone()),
            };
            let _ = writeln!(text, "  {sign}  {:<44} {note}", step.what);
        }
        let _ = write!(text, "  {:<52} {}", "total", clock(self.begun.elapsed()));
        text
    }
}

/// A duration as people say it: `12.3 s`, or `4 min 05 s`.
fn clock(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", took.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::anyhow;

    use super::{Steps, clock};

    #[test]
    fn one_failed_step_fails_the_command_and_is_named() {
        let mut steps = Steps::begin();
        assert!(steps.check("First", "it is first", || Ok(())));
        assert!(!steps.check("Second", "it breaks", || Err(anyhow!("no luck"))));
        steps.leave_out("Third", "the second failed");
        let error = steps.close().expect_err("a step failed");
        assert_eq!(error.to_string(), "2 of 3 steps did not pass, see above");
        assert!(steps.summary().contains("no luck"));
    }

    #[test]
    fn all_passed_is_success() {
        let mut steps = Steps::begin();
        assert_eq!(steps.must("Only", "there is one", || Ok(7)).expect("it passes"), 7);
        steps.close().expect("nothing failed");
    }

    #[test]
    fn times_read_like_speech() {
        assert_eq!(clock(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(clock(Duration::from_secs(245)), "4 min 05 s");
    }
}
