//! Fields of entries that older ledgers do not have.
//!
//! In text they are left out when they say nothing, so that an older entry has the text that its hash is of. Formats
//! without names, as postcard, always have every field.

use crate::ledger::{Difference, StepReport, SwitchPicture};
use serde::ser::{Serialize, SerializeStruct, Serializer};

impl Serialize for SwitchPicture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { model, firmware, hosts, adapters, functions, returned, left } = self;
        let all = !serializer.is_human_readable();
        let [say_returned, say_left] = [all || !returned.is_empty(), all || !left.is_empty()];
        let count = 5 + usize::from(say_returned) + usize::from(say_left);
        let mut fields = serializer.serialize_struct("SwitchPicture", count)?;
        fields.serialize_field("model", model)?;
        fields.serialize_field("firmware", firmware)?;
        fields.serialize_field("hosts", hosts)?;
        fields.serialize_field("adapters", adapters)?;
        fields.serialize_field("functions", functions)?;
        if say_returned {
            fields.serialize_field("returned", returned)?;
        }
        if say_left {
            fields.serialize_field("left", left)?;
        }
        fields.end()
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { function, name, recorded, recorded_name, found, found_name, left_by } = self;
        let say_left_by = !serializer.is_human_readable() || left_by.is_some();
        let mut fields = serializer.serialize_struct("Difference", 6 + usize::from(say_left_by))?;
        fields.serialize_field("function", function)?;
        fields.serialize_field("name", name)?;
        fields.serialize_field("recorded", recorded)?;
        fields.serialize_field("recorded_name", recorded_name)?;
        fields.serialize_field("found", found)?;
        fields.serialize_field("found_name", found_name)?;
        if say_left_by {
            fields.serialize_field("left_by", left_by)?;
        }
        fields.end()
    }
}

impl Serialize for StepReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { step, phase, elapsed_us, error, unanswered } = self;
        let say_unanswered = !serializer.is_human_readable() || *unanswered;
        let mut fields = serializer.serialize_struct("StepReport", 4 + usize::from(say_unanswered))?;
        fields.serialize_field("step", step)?;
        fields.serialize_field("phase", phase)?;
        fields.serialize_field("elapsed_us", elapsed_us)?;
        fields.serialize_field("error", error)?;
        if say_unanswered {
            fields.serialize_field("unanswered", unanswered)?;
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use crate::ledger::{Difference, Event, Left, Outcome, Returned, StepPhase, StepReport, SwitchPicture};
    use crate::{ChangeId, FunctionId, SwitchId};

    /// A discovery, what was found, and the end of a change, with or without what was added.
    fn events(added: bool) -> [Event; 3] {
        let (switch, function) = (SwitchId::new(1), FunctionId::new(7));
        let left = Left { function, name: "eth16v1".to_owned(), host_name: "web-01".to_owned() };
        let picture = SwitchPicture {
            model: "PAX".to_owned(),
            firmware: "1".to_owned(),
            returned: Vec::from_iter(added.then_some(Returned { function, wished: None })),
            left: Vec::from_iter(added.then_some(left)),
            ..SwitchPicture::default()
        };
        let one = Difference {
            function,
            name: "eth16v1".to_owned(),
            recorded: None,
            recorded_name: None,
            found: None,
            found_name: None,
            left_by: added.then_some(ChangeId::new(12)),
        };
        let found = Event::BindingsFound { switch, differences: vec![one] };
        let report =
            StepReport { step: 0, phase: StepPhase::Apply, elapsed_us: 90, error: None, unanswered: added };
        let (change, outcome) = (ChangeId::new(12), Outcome::RolledBack);
        let (why, reports, moves) = (None, [report].into(), [].into());
        let closed = Event::ChangeClosed { change, outcome, why, reports, moves };
        [Event::Discovered { switch, picture }, found, closed]
    }

    #[test]
    fn entries_travel_as_postcard_and_as_json_with_and_without_what_was_added() {
        for event in events(true).into_iter().chain(events(false)) {
            let bytes = postcard::to_stdvec(&event).expect("an event is postcard");
            assert_eq!(postcard::from_bytes::<Event>(&bytes).expect("and back"), event);
            let text = serde_json::to_string(&event).expect("an event is JSON");
            assert_eq!(serde_json::from_str::<Event>(&text).expect("and back"), event);
        }
    }

    #[test]
    fn an_older_entry_has_the_text_that_it_was_hashed_with() {
        let older = [
            r#"{"discovered":{"switch":1,"picture":{"model":"PAX","firmware":"1","hosts":[],"adapters":[],"functions":[]}}}"#,
            r#"{"bindings_found":{"switch":1,"differences":[{"function":7,"name":"eth16v1","recorded":null,"recorded_name":null,"found":null,"found_name":null}]}}"#,
            r#"{"change_closed":{"change":12,"outcome":"rolled_back","why":null,"reports":[{"step":0,"phase":"apply","elapsed_us":90,"error":null}],"moves":[]}}"#,
        ];
        for (text, event) in older.into_iter().zip(events(false)) {
            assert_eq!(serde_json::from_str::<Event>(text).expect("as it was written"), event);
            assert_eq!(serde_json::to_string(&event).expect("an event is JSON"), text);
        }
    }
}
