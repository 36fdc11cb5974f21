//! Racks at the limits, as a client sees them.

mod bench;

use bench::{ANY_PORT, client, functions, logical};
use patchbay_softswitch::{Lab, Options, Rack, Shape, Softswitch, generate};
use patchbay_switchtec::command::sections::{Attachment, EndpointPort, IdRange, PaxAll};
use patchbay_switchtec::{Client, HostPort};

async fn serve(rack: &Rack) -> (patchbay_softswitch::Running, Client) {
    let running = Softswitch::start(rack.clone(), ANY_PORT, Options::default()).await.unwrap();
    let client = client(&running).await;
    (running, client)
}

/// The functions of an adapter as the wire shows them: PDFID, function number, whether bound.
fn shown(port: &EndpointPort) -> Vec<(u16, u16, bool)> {
    let Attachment::Endpoint(endpoint) = &port.attachment else { panic!("{port:?}") };
    let one = |function: &patchbay_switchtec::command::sections::EndpointFunction| {
        assert_eq!(u16::from(function.vf_number), function.id);
        assert_eq!(function.physical, function.id == 0);
        (function.pdfid.get(), function.id, function.bound.is_some())
    };
    endpoint.functions.iter().map(one).collect()
}

fn expected(rack: &Rack) -> Vec<Vec<(u16, u16, bool)>> {
    let bound: Vec<_> = rack.bindings.iter().flat_map(|binding| &binding.functions).collect();
    let slot = |slot: &patchbay_softswitch::Slot| {
        let one = |function: &patchbay_softswitch::Function| {
            (function.pdfid.get(), function.index.into(), bound.contains(&&function.pdfid))
        };
        slot.adapter.functions.iter().map(one).collect()
    };
    rack.slots.iter().map(slot).collect()
}

fn assert_shows(all: &PaxAll, rack: &Rack) {
    assert_eq!(all.endpoint_ports.ports.iter().map(shown).collect::<Vec<_>>(), expected(rack));
    assert_eq!(all.hvds.hvds.len(), rack.hosts.len());
    let IdRange { start, end } = all.pax.hfids;
    for (hvd, host) in all.hvds.hvds.iter().zip(&rack.hosts) {
        assert_eq!(hvd.port, host.port);
        assert!((start..=end).contains(&hvd.hfid), "{} is outside {start}..={end}", hvd.hfid);
    }
    let bound: usize = all
        .hvds
        .hvds
        .iter()
        .flat_map(|hvd| &hvd.logical_ports)
        .map(|state| state.slots.iter().flatten().count())
        .sum();
    assert_eq!(bound, rack.bindings.len());
}

#[tokio::test]
async fn both_switches_of_the_large_rack_are_read_whole() {
    let lab = Lab::by_name("large").unwrap().unwrap();
    for rack in lab.racks() {
        let (running, client) = serve(rack).await;
        let all = client.pax_all().await.unwrap();
        assert_shows(&all, rack);
        assert_eq!((all.pax.hvds, all.pax.endpoints, all.pax.functions), (32, 8, 1024));
        let topology = client.topology().await.unwrap();
        assert_eq!(topology.ports.len(), 40);
        assert_eq!(client.link_status().await.unwrap().len(), 40);
        running.stop().await;
    }
}

#[tokio::test]
async fn an_adapter_may_have_two_hundred_and_fifty_five_vfs() {
    let shape = Shape { hosts: 34, adapters: 16, functions: 4096, seed: 3, switches: Some(1) };
    let rack = Rack::parse(&generate(&shape).unwrap(), "full.toml").unwrap();
    let (running, client) = serve(&rack).await;
    let all = client.pax_all().await.unwrap();
    assert_shows(&all, &rack);
    assert_eq!((all.pax.functions, all.pax.hfids.end), (4096, 0x100 + 33));
    let slot = &rack.slots[0];
    let one = client.endpoint_port(slot.port).await.unwrap();
    assert_eq!(shown(&one.ports[0]), expected(&rack)[0]);

    let last = slot.adapter.functions.last().unwrap();
    assert_eq!(last.index, 255);
    assert_eq!(rack.bindings.len(), 34 * 32, "every logical port is taken");
    let binding = &rack.bindings[0];
    let host = HostPort { switch: rack.index, port: binding.port };
    client.unbind(host, binding.logical_port, binding.functions[0]).await.unwrap();
    let bound = rack.bindings.iter().find(|binding| binding.functions == [last.pdfid]);
    if let Some(bound) = bound.filter(|bound| *bound != binding) {
        let host = HostPort { switch: rack.index, port: bound.port };
        client.unbind(host, bound.logical_port, last.pdfid).await.unwrap();
    }
    client.bind(host, logical(binding.logical_port.get()), &functions(&[last.pdfid.get()])).await.unwrap();
    let shown = shown(&client.endpoint_port(slot.port).await.unwrap().ports[0]);
    assert_eq!(shown[255], (last.pdfid.get(), 255, true));
    running.stop().await;
}
