//! Typed ids: numbers the store hands out once and never gives to anything else.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($number);

        impl $name {
            /// Wraps a number that the store or a request has given.
            pub const fn new(number: $number) -> Self {
                Self(number)
            }

            /// The bare number, for storing and for links.
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// One I/O virtualization switch.
    SwitchId(u32)
}
id! {
    /// One host: the server at the other end of a host port's cable.
    HostId(u32)
}
id! {
    /// One adapter: a shared card in a slot. A different card in the same slot has another id.
    AdapterId(u32)
}
id! {
    /// One function (PF or VF) of an adapter: the unit that is assigned.
    FunctionId(u32)
}
id! {
    /// One change: an accepted plan on its way, or ended.
    ChangeId(u64)
}
id! {
    /// The place of an entry in the ledger, from 1 without gaps. 0 stands for "before the first entry".
    Seq(u64)
}
id! {
    /// A number that rises with everything that makes an older plan unsafe: an applied change, a
    /// discovery, bindings found changed.
    Generation(u64)
}

impl Seq {
    /// The sequence number that follows this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl ChangeId {
    /// The id of the change that is opened after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Generation {
    /// The generation that follows this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_id_is_a_bare_number_in_json_also_as_a_key() {
        let map = BTreeMap::from([(HostId::new(7), FunctionId::new(9))]);
        let text = serde_json::to_string(&map).expect("a map of ids is JSON");
        assert_eq!(text, r#"{"7":9}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<HostId, FunctionId>>(&text).expect("and back"), map);
    }

    #[test]
    fn an_id_parses_from_a_path_segment_and_refuses_text() {
        assert_eq!("12".parse::<ChangeId>(), Ok(ChangeId::new(12)));
        assert!("12a".parse::<ChangeId>().is_err());
        assert!("-1".parse::<HostId>().is_err());
    }
}
