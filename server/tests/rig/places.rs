//! Addresses that nothing else on this machine uses: of the loopback network, but not the one everybody takes.

use std::net::{Ipv4Addr, SocketAddrV4};

/// The port switches listen on. It is below what the system gives to outgoing connections of its own accord on most
/// systems, and on these addresses nobody makes any.
const PORT: u16 = 54_545;
/// The third byte's step for one program: this many rack files of up to 250 switches fit side by side.
const FILES: u8 = 8;

/// The address for the first switch of the `nth` rack file of this process. The same for every call, so that a switch
/// that is started again is the same one to the server, which knows it by its address.
pub fn of_this_process(nth: u8) -> SocketAddrV4 {
    let process = std::process::id();
    // Process ids differ by one for neighbours, and have up to 22 bits; these 13 keep those that run together apart.
    let [high, low] = [(process >> 5 & 0xff) as u8, (process & 0x1f) as u8];
    at(high, low * FILES + nth % FILES)
}

/// The same address in every run: ids hang on it, also those of a database that is kept between runs.
pub fn for_ever(nth: u8) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(127, 77, nth, 1), PORT)
}

fn at(second: u8, third: u8) -> SocketAddrV4 {
    // 127.0.x.x is where everything else is, and 127.77.x.x is taken by `for_ever`.
    let second = 100 + second % 100;
    SocketAddrV4::new(Ipv4Addr::new(127, second, third, 1), PORT)
}
