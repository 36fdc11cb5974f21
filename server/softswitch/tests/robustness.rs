//! Clients that talk nonsense, stop half-way or vanish disturb nobody.

mod bench;

use bench::{ANY_PORT, address, client, functions, host, logical, port, start};
use patchbay_softswitch::{MAX_CONNECTIONS, Options, Rack, Running, Softswitch};
use patchbay_switchtec::client::ReachError;
use patchbay_switchtec::packet::{Channel, Packet};
use patchbay_switchtec::wire::{WireError, read_packet, write_packet};
use patchbay_switchtec::{Client, ClientError, ClientOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn opened(running: &Running, channel: Channel) -> TcpStream {
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    write_packet(&mut stream, &Packet::open(0, channel)).await.unwrap();
    assert!(matches!(read_packet(&mut stream).await, Ok(Packet::OpenAccept { code: 0, .. })));
    stream
}

/// Waits until the switch has closed a connection, whatever it sends before.
async fn assert_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well: the switch may close with our bytes unread.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 2048, "the switch must not go on talking");
}

#[tokio::test]
async fn nonsense_closes_its_own_connection_only() {
    let running = start(Options::default()).await;
    let steady = client(&running).await;
    let mut bad_length = Packet::open(0, Channel::Command).encode();
    bad_length[6] = 1;
    bad_length[7] = 0xB2;
    bad_length[10] = 0xFF;
    let nonsense: [&[u8]; 5] =
        [b"GET / HTTP/1.1\r\n\r\n", &[0; 16], &[0xFF; 4096], &bad_length, &Packet::Close.encode()];
    for bytes in nonsense {
        for channel in [None, Some(Channel::Command), Some(Channel::Event)] {
            let mut stream = match channel {
                None => TcpStream::connect(running.addr()).await.unwrap(),
                Some(channel) => opened(&running, channel).await,
            };
            let _ = stream.write_all(bytes).await;
            assert_closed(stream).await;
        }
        steady.ping().await.unwrap();
    }
}

#[tokio::test]
async fn half_packets_and_sudden_ends_hold_up_nobody() {
    let running = start(Options::default()).await;
    let steady = client(&running).await;
    let mut halves = Vec::new();
    let ping = patchbay_switchtec::packet::MrpcCommand {
        pax: patchbay_switchtec::PaxAddress::Local,
        id: patchbay_switchtec::CommandId::PING,
        wanted_bytes: 8,
        input: vec![0; 4],
    };
    let packet = Packet::Command(ping).encode();
    for length in 1..packet.len() {
        let mut stream = opened(&running, Channel::Command).await;
        stream.write_all(&packet[..length]).await.unwrap();
        if length % 2 == 0 {
            halves.push(stream);
        }
    }
    steady.ping().await.unwrap();
    steady.pax_all().await.unwrap();
    drop(halves);
    steady.ping().await.unwrap();
}

#[tokio::test]
async fn a_packet_may_come_byte_by_byte() {
    let running = start(Options::default()).await;
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in Packet::open(0, Channel::Command).encode() {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert!(matches!(read_packet(&mut stream).await, Ok(Packet::OpenAccept { .. })));
}

#[tokio::test]
async fn a_listener_that_has_gone_does_not_keep_others_from_hearing() {
    let running = start(Options::default()).await;
    let steady = client(&running).await;
    steady.arm_events().await.unwrap();
    let mut notified = steady.notifications();
    let gone = opened(&running, Channel::Event).await;
    drop(gone);
    for _ in 0..3 {
        running.bind(port(0), logical(0), &functions(&[0x1001])).unwrap();
        notified.changed().await.unwrap();
        running.unbind(port(0), logical(0)).unwrap();
        notified.changed().await.unwrap();
    }
    assert_eq!(steady.drain_events().await.unwrap().events.len(), 6);
}

#[tokio::test]
async fn a_client_that_dies_after_its_bind_leaves_the_event_behind() {
    let running = start(Options::default()).await;
    let steady = client(&running).await;
    steady.arm_events().await.unwrap();
    let mut notified = steady.notifications();
    let dying = client(&running).await;
    dying.bind(host(4), logical(0), &functions(&[0x1101])).await.unwrap();
    drop(dying);
    notified.changed().await.unwrap();
    assert_eq!(steady.drain_events().await.unwrap().events.len(), 1);
    assert_eq!(running.bindings().len(), 1);
}

#[tokio::test]
async fn a_third_instance_is_rejected() {
    let running = start(Options::default()).await;
    for instance in [0, 1] {
        Client::connect(address(&running), instance, ClientOptions::default()).await.unwrap();
    }
    let error = Client::connect(address(&running), 2, ClientOptions::default()).await.unwrap_err();
    let rejected = ReachError::Rejected { channel: Channel::Command };
    let ClientError::Unreachable { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.to_string(), rejected.to_string());
}

#[tokio::test]
async fn connections_are_limited_and_come_back() {
    // Both ends of every connection are files of this process, and many a shell allows 1,024.
    rlimit::increase_nofile_limit(2 * MAX_CONNECTIONS as u64 + 256).unwrap();
    let running = start(Options::default()).await;
    let mut held = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        held.push(opened(&running, Channel::Command).await);
    }
    let mut one_more = TcpStream::connect(running.addr()).await.unwrap();
    let _ = write_packet(&mut one_more, &Packet::open(0, Channel::Command)).await;
    assert!(matches!(read_packet(&mut one_more).await, Err(WireError::Closed | WireError::Io(_))));
    for stream in held {
        drop(stream);
    }
    // The switch notices each end in its own time; the client keeps trying.
    let client = loop {
        match Client::connect(address(&running), 0, ClientOptions::default()).await {
            Ok(client) => break client,
            Err(ClientError::Unreachable { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    client.ping().await.unwrap();
}

#[tokio::test]
async fn several_clients_at_once_get_their_own_answers() {
    let running = start(Options::default()).await;
    let work = async |id: u8| {
        let client = client(&running).await;
        for _ in 0..20 {
            client.bind(host(4 * id), logical(id), &functions(&[0x1001 + u16::from(id)])).await.unwrap();
            let hvd = client.hvd(id).await.unwrap();
            assert!(hvd.hvds[0].logical_ports[usize::from(id)].slots[0].is_some());
            client.topology().await.unwrap();
            client.unbind(host(4 * id), logical(id), functions(&[0])[0]).await.unwrap();
        }
    };
    tokio::join!(work(0), work(1), work(2), work(3));
    assert_eq!(running.bindings(), []);
}

#[tokio::test]
async fn a_stopped_switch_frees_its_address_at_once() {
    let running = start(Options::default()).await;
    let held = client(&running).await;
    let address = running.addr();
    running.stop().await;
    let again = Softswitch::start(Rack::lab().unwrap(), address, Options::default()).await.unwrap();
    assert_eq!(again.addr(), address);
    held.reconnect().await.unwrap();
    again.kill().await;
    let again = Softswitch::start(Rack::lab().unwrap(), address, Options::default()).await.unwrap();
    drop(again);
}

#[tokio::test]
async fn a_gen5_switch_speaks_its_own_forms() {
    let text = patchbay_softswitch::TRANSCRIPTS_RACK.replace("0x4252", "0x5252");
    let rack = Rack::parse(&text, "gen5.toml").unwrap();
    let running = Softswitch::start(rack, ANY_PORT, Options::default()).await.unwrap();
    let client = client(&running).await;
    assert_eq!(client.identity().generation, patchbay_switchtec::Generation::Gen5);
    assert_eq!(client.die_temperature().await.unwrap(), [4625; 4]);
    assert_eq!(client.topology().await.unwrap().ports.len(), 6);
    assert_eq!(client.link_status().await.unwrap().len(), 6);
    assert_eq!(client.firmware_version().await.unwrap().to_string(), "4.80 B123");
    assert_eq!(client.fabric().await.unwrap().switches.len(), 16);
    assert_eq!(client.pax().await.unwrap().functions, 14);
    client.echo().await.unwrap();
}
