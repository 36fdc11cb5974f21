//! The result as a plain table.

use crate::rig::figures::{exponent, median};
use crate::rig::machine::Busy;
use std::fmt;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// It explains the others.
    None,
}

/// The size of something that a cost is to be independent of.
#[derive(Clone, Debug, PartialEq)]
pub struct Grown {
    /// What grows.
    pub what: &'static str,
    /// How large it was.
    pub size: f64,
}

/// One thing that was measured once.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is, with its unit.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it should be.
    pub aim: Aim,
    /// Where it is a point of a curve.
    pub grown: Option<Grown>,
}

/// All figures of all rounds.
#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

#[derive(Debug)]
struct Line {
    figure: Figure,
    values: Vec<f64>,
    loads: Vec<f64>,
    stolen: Vec<f64>,
}

impl Figure {
    /// A figure that stands for itself.
    pub fn new(name: impl Into<String>, value: f64, aim: Aim) -> Self {
        Self { name: name.into(), value, aim, grown: None }
    }

    /// A point of the curve over what grows.
    pub fn at(self, what: &'static str, size: f64) -> Self {
        Self { grown: Some(Grown { what, size }), ..self }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<52}{:>12.3}", self.name, self.value)
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::None => Ok(()),
        }
    }
}

impl Aim {
    fn verdict(self, value: f64) -> &'static str {
        let held = match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::None => return "",
        };
        if held { ": held" } else { ": MISSED" }
    }
}

impl Line {
    fn median(&self) -> f64 {
        median(&self.values).unwrap_or(f64::NAN)
    }
}

impl Table {
    /// Adds a figure of a round.
    pub fn add(&mut self, figure: Figure, busy: Busy) {
        let known = self.0.iter().position(|line| line.figure.name == figure.name);
        let at = known.unwrap_or_else(|| {
            self.0.push(Line {
                figure: figure.clone(),
                values: Vec::new(),
                loads: Vec::new(),
                stolen: Vec::new(),
            });
            self.0.len() - 1
        });
        let line = &mut self.0[at];
        line.values.push(figure.value);
        line.loads.push(busy.load);
        line.stolen.extend(busy.stolen_percent);
    }

    /// Prints the median of each figure with its extremes, how busy the machine was, and what was aimed at.
    pub fn print(&self) {
        println!(
            "\n{:<52}{:>12}{:>12}{:>12}{:>7}{:>8}   aim",
            "", "median", "least", "most", "load", "stolen"
        );
        for line in &self.0 {
            let (least, most) = (line.extreme(f64::min), line.extreme(f64::max));
            let load = median(&line.loads).unwrap_or(f64::NAN);
            let stolen = median(&line.stolen).unwrap_or(f64::NAN);
            let (name, value, aim) = (&line.figure.name, line.median(), line.figure.aim);
            let verdict = aim.verdict(value);
            println!(
                "{name:<52}{value:>12.3}{least:>12.3}{most:>12.3}{load:>7.1}{stolen:>6.0} %   {aim}{verdict}"
            );
        }
        self.print_growth();
    }

    /// Prints how the medians grow with what they are to be independent of.
    fn print_growth(&self) {
        let mut curves: Vec<(&'static str, Vec<(f64, f64)>)> = Vec::new();
        for line in &self.0 {
            let Some(Grown { what, size }) = line.figure.grown else { continue };
            let point = (size, line.median());
            match curves.iter_mut().find(|(known, _)| *known == what) {
                Some((_, points)) => points.push(point),
                None => curves.push((what, vec![point])),
            }
        }
        for (what, points) in curves {
            if let Some(e) = exponent(&points) {
                println!(
                    "cost of a change over the number of {what}: exponent {e:.3} (0 is flat, 1 is proportional)"
                );
            }
        }
    }
}

impl Line {
    fn extreme(&self, of: fn(f64, f64) -> f64) -> f64 {
        self.values.iter().copied().reduce(of).unwrap_or(f64::NAN)
    }
}
