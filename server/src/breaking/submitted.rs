//! A form of the lab's page, turned into the order that it stands for.

use serde_json::{Map, Number, Value};

/// Fields that are lists, however many values came.
const LISTS: [&str; 1] = ["functions"];

/// The fields of a form as the JSON object that the control socket would take: numbers as numbers (also `0x1001`), lists
/// as lists, and what was left empty left out.
pub fn object(fields: Vec<(String, String)>) -> Value {
    let mut object = Map::new();
    for (name, text) in fields {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let value = value(&name, text);
        if LISTS.contains(&name.as_str()) {
            match object.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.push(value),
                other => *other = value,
            }
        } else {
            object.insert(name, value);
        }
    }
    Value::Object(object)
}

/// Words stay texts; in every other field what looks like a number is one.
fn value(name: &str, text: &str) -> Value {
    let words = ["order", "command", "adapter", "bindings", "severity", "when"];
    if words.contains(&name) {
        return Value::String(text.to_owned());
    }
    let hex = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let whole = hex.or_else(|| text.parse::<u64>().ok()).map(Number::from);
    let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(fields: &[(&str, &str)]) -> Value {
        object(fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_form_becomes_the_order_it_stands_for() {
        let pull = read(&[("order", "pull_cable"), ("port", "4")]);
        assert_eq!(pull, json!({"order": "pull_cable", "port": 4}));
        let named = read(&[("order", "pull_cable"), ("port", "web-01")]);
        assert_eq!(named, json!({"order": "pull_cable", "port": "web-01"}));
        let bind = read(&[("order", "bind"), ("port", "0"), ("logical_port", "3"), ("functions", "0x1001")]);
        assert_eq!(bind, json!({"order": "bind", "port": 0, "logical_port": 3, "functions": [0x1001]}));
        let two = read(&[("functions", "0x1001"), ("functions", "0x1002")]);
        assert_eq!(two, json!({"functions": [0x1001, 0x1002]}));
    }

    #[test]
    fn what_is_left_empty_is_left_out() {
        assert_eq!(
            read(&[("order", "hang"), ("command", ""), ("nth", " 2 ")]),
            json!({"order": "hang", "nth": 2})
        );
        assert_eq!(read(&[("celsius", "98.5")]), json!({"celsius": 98.5}));
    }
}
