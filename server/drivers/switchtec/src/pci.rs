//! Names for adapters, from their PCI identity.

use patchbay_domain::{AdapterKind, Fingerprint};

/// Names of cards that are often shared, by PCI vendor and device id.
const KNOWN: [((u16, u16), &str); 8] = [
    ((0x8086, 0x158b), "25 GbE NIC"),
    ((0x8086, 0x1592), "100 GbE NIC"),
    ((0x15b3, 0x101d), "100 GbE NIC"),
    ((0x10df, 0xf400), "32G FC HBA"),
    ((0x1077, 0x2261), "16G FC HBA"),
    ((0x1077, 0x2281), "32G FC HBA"),
    ((0x144d, 0xa824), "NVMe SSD"),
    ((0x144d, 0xa825), "NVMe SSD"),
];

/// A name for people: the card's, or its kind with the two ids to look it up by.
pub(crate) fn name(kind: AdapterKind, card: Fingerprint) -> String {
    let known = KNOWN.iter().find(|(ids, _)| *ids == (card.vendor, card.device));
    known.map_or_else(
        || format!("{kind} {:04x}:{:04x}", card.vendor, card.device),
        |(_, name)| (*name).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_card_is_named_by_what_can_be_looked_up() {
        let card = Fingerprint { vendor: 0x1234, device: 0xabcd, subsystem_vendor: 0, subsystem_device: 0 };
        assert_eq!(name(AdapterKind::Nvme, card), "NVMe 1234:abcd");
        let card = Fingerprint { vendor: 0x8086, device: 0x158b, ..card };
        assert_eq!(name(AdapterKind::Nic, card), "25 GbE NIC");
    }
}
