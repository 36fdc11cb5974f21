//! A generated rack as the text of a file.

use std::fmt::{self, Write};

use super::catalogue::Model;
use super::{HostPlan, Shape, SlotPlan, SwitchPlan, Trouble};

/// Firmware of every generated switch.
const FIRMWARE: u32 = 0x0480_0123;

/// Writes the file; parts name their switch when there are several.
pub(super) fn write(shape: &Shape, switches: &[SwitchPlan], several: bool) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, shape, switches, several);
    out
}

fn write_all(out: &mut String, shape: &Shape, switches: &[SwitchPlan], several: bool) -> fmt::Result {
    writeln!(
        out,
        "# Generated: {} hosts, {} adapters, {} functions, seed {}.",
        shape.hosts, shape.adapters, shape.functions, shape.seed
    )?;
    for plan in switches {
        switch(out, plan, several)?;
    }
    for plan in switches {
        let named = several.then_some(plan.name.as_str());
        for (at, planned) in plan.hosts.iter().enumerate() {
            host(out, plan, named, at, planned)?;
        }
        for (at, planned) in plan.slots.iter().enumerate() {
            slot(out, plan, named, at, planned)?;
        }
        for planned in &plan.hosts {
            bindings(out, named, planned)?;
        }
    }
    Ok(())
}

fn switch(out: &mut String, plan: &SwitchPlan, several: bool) -> fmt::Result {
    let header = if several { "[[switch]]" } else { "[switch]" };
    writeln!(out, "\n# {} lanes.\n{header}", plan.layout.lanes)?;
    writeln!(out, "name = \"{}\"\nindex = {}", plan.name, plan.index)?;
    writeln!(out, "device_id = 0x{:04X}\nfirmware = 0x{FIRMWARE:08X}", plan.layout.device)?;
    writeln!(out, "temperature_c = {:.2}", plan.temperature_c)
}

/// The line that says which switch a part belongs to.
fn on(out: &mut String, switch: Option<&str>) -> fmt::Result {
    match switch {
        Some(name) => writeln!(out, "switch = \"{name}\""),
        None => Ok(()),
    }
}

fn host(
    out: &mut String,
    plan: &SwitchPlan,
    switch: Option<&str>,
    at: usize,
    host: &HostPlan,
) -> fmt::Result {
    writeln!(out, "\n[[host]]\nname = \"{}\"", host.name)?;
    on(out, switch)?;
    let width = plan.layout.widths.host;
    writeln!(out, "port = {}\nwidth = {width}\ngen = 4", plan.layout.host_port(at))?;
    writeln!(out, "logical_ports = {}", plan.logical_ports())?;
    match host.trouble {
        Some(Trouble::Unplugged) => writeln!(out, "link = \"down\""),
        Some(Trouble::Narrow) => writeln!(out, "link_width = {}", width / 2),
        None => Ok(()),
    }
}

fn slot(
    out: &mut String,
    plan: &SwitchPlan,
    switch: Option<&str>,
    at: usize,
    slot: &SlotPlan,
) -> fmt::Result {
    writeln!(out, "\n[[slot]]")?;
    on(out, switch)?;
    writeln!(out, "port = {}\nwidth = {}\ngen = 4", plan.layout.slot_port(at), plan.layout.widths.slot)?;
    let Model { name, kind, vendor, device, subsystem_vendor, subsystem_device, .. } = *slot.model;
    writeln!(out, "\n[slot.adapter]\nname = \"{name}\"\nkind = \"{kind}\"")?;
    writeln!(out, "vendor = 0x{vendor:04X}\ndevice = 0x{device:04X}")?;
    writeln!(out, "subsystem_vendor = 0x{subsystem_vendor:04X}")?;
    writeln!(out, "subsystem_device = 0x{subsystem_device:04X}")?;
    writeln!(out, "pf_pdfid = 0x{:04X}", slot.first_pdfid)?;
    bars(out, slot.model.bars)?;
    let count = slot.functions - 1;
    if count > 0 {
        writeln!(out, "\n[slot.adapter.vfs]\ncount = {count}\nfirst_pdfid = 0x{:04X}", slot.first_pdfid + 1)?;
        writeln!(out, "device = 0x{:04X}", slot.model.vf_device)?;
        bars(out, slot.model.vf_bars)?;
    }
    Ok(())
}

fn bars(out: &mut String, bars: &[(u8, &str, u8)]) -> fmt::Result {
    writeln!(out, "bars = [")?;
    for (index, kind, log2_size) in bars {
        writeln!(out, "    {{ index = {index}, kind = \"{kind}\", log2_size = {log2_size} }},")?;
    }
    writeln!(out, "]")
}

fn bindings(out: &mut String, switch: Option<&str>, host: &HostPlan) -> fmt::Result {
    for (logical_port, function) in host.functions.iter().enumerate() {
        writeln!(out, "\n[[binding]]\nhost = \"{}\"", host.name)?;
        on(out, switch)?;
        writeln!(out, "logical_port = {logical_port}\nfunctions = [0x{function:04X}]")?;
    }
    Ok(())
}
