//! Where the switches of a rack file listen, and where each keeps its state.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::rack::Lab;

/// The place of one switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it keeps its state, if it does.
    pub state: Option<PathBuf>,
    /// Where it takes orders, if it does.
    pub control: Option<PathBuf>,
}

/// Files that a switch may have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// Where the state is kept.
    pub state: Option<&'a Path>,
    /// The Unix socket at which orders are taken.
    pub control: Option<&'a Path>,
}

/// The places of all switches of a file, in their order.
///
/// The first switch listens at `listen`, the others at the addresses that follow, on the same port: the vendor's tool
/// knows no other (section 1.1). With port 0 each gets a free port of the same address instead. `files` are those of
/// a single switch; several have their names and their own, as in `state-pax-a.json` for `state.json`.
///
/// `None` when fewer addresses follow than there are switches.
pub fn places(lab: &Lab, listen: SocketAddr, files: Files<'_>) -> Option<Vec<Place>> {
    let several = lab.racks().len() > 1;
    let place = |(at, name): (usize, &str)| {
        let own = |file: &Path| if several { beside(file, name) } else { file.to_owned() };
        let (state, control) = (files.state.map(own), files.control.map(own));
        Some(Place { listen: address(listen, at)?, state, control })
    };
    lab.racks().iter().map(|rack| rack.name.as_str()).enumerate().map(place).collect()
}

fn address(first: SocketAddr, at: usize) -> Option<SocketAddr> {
    match first.ip() {
        IpAddr::V4(ip) if first.port() != 0 => {
            let following = u32::from(ip).checked_add(u32::try_from(at).ok()?)?;
            Some(SocketAddr::new(Ipv4Addr::from(following).into(), first.port()))
        }
        // The protocol is spoken over IPv4, so no more is made of an IPv6 address than one switch.
        IpAddr::V6(_) if first.port() != 0 && at > 0 => None,
        IpAddr::V4(_) | IpAddr::V6(_) => Some(first),
    }
}

/// The file's name with the switch's before its ending.
fn beside(file: &Path, switch: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push("-");
    name.push(switch);
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(lab: &str, listen: &str) -> Option<Vec<String>> {
        let lab = Lab::by_name(lab).unwrap().unwrap();
        let places = places(&lab, listen.parse().unwrap(), Files::default())?;
        Some(places.iter().map(|place| place.listen.to_string()).collect())
    }

    fn states(lab: &str, state: &str) -> Vec<String> {
        let lab = Lab::by_name(lab).unwrap().unwrap();
        let files = Files { state: Some(Path::new(state)), control: None };
        let places = places(&lab, "127.0.0.1:0".parse().unwrap(), files).unwrap();
        places.iter().map(|place| place.state.as_ref().unwrap().display().to_string()).collect()
    }

    #[test]
    fn switches_listen_at_addresses_that_follow_each_other() {
        assert_eq!(listening("pair", "127.0.0.1:54545").unwrap(), ["127.0.0.1:54545", "127.0.0.2:54545"]);
        assert_eq!(listening("pair", "127.0.0.1:0").unwrap(), ["127.0.0.1:0", "127.0.0.1:0"]);
        assert_eq!(listening("lab", "[::1]:54545").unwrap(), ["[::1]:54545"]);
        assert_eq!(listening("pair", "[::1]:54545"), None);
        assert_eq!(listening("pair", "255.255.255.255:54545"), None);
    }

    #[test]
    fn a_single_switch_has_the_state_file_to_itself_and_several_have_one_each() {
        assert_eq!(states("lab", "data/lab-state.json"), ["data/lab-state.json"]);
        assert_eq!(
            states("pair", "data/lab-state.json"),
            ["data/lab-state-pax-a.json", "data/lab-state-pax-b.json"]
        );
        assert_eq!(states("pair", "state"), ["state-pax-a", "state-pax-b"]);
    }
}
