//! The result as a plain table.

/// What a measure's median should be.
pub enum Aim {
    AtMost(f64),
    AtLeast(f64),
    None,
}

/// One measure over all rounds.
pub struct Row {
    pub name: &'static str,
    pub aim: Aim,
    pub values: Vec<f64>,
}

impl Row {
    fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Prints every round, the median, and the aim.
pub fn print(rows: &[Row]) {
    let rounds = rows.first().map_or(0, |row| row.values.len());
    let heads: String = (1..=rounds).map(|round| format!("{:>10}", format!("round {round}"))).collect();
    println!("\n{:<42}{heads}{:>10}   aim", "", "median");
    for row in rows {
        let values: String = row.values.iter().map(|value| format!("{value:>10.1}")).collect();
        let median = row.median();
        let aim = match row.aim {
            Aim::AtMost(most) => verdict("at most", most, median <= most),
            Aim::AtLeast(least) => verdict("at least", least, median >= least),
            Aim::None => String::new(),
        };
        println!("{:<42}{values}{median:>10.1}   {aim}", row.name);
    }
}

fn verdict(word: &str, aim: f64, held: bool) -> String {
    format!("{word} {aim:.0}: {}", if held { "held" } else { "MISSED" })
}
