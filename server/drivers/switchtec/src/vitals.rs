//! Reading how a PAX is: its temperature, the training of its links, what its ports count.

use crate::SwitchtecDriver;
use patchbay_domain::{LinkPhase, PhysicalPort, PortVitals, Temperature, Vitals};
use patchbay_driver::DriverError;
use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::{ClientError, LtssmState};

impl SwitchtecDriver {
    pub(crate) async fn read_vitals(&self) -> Result<Vitals, DriverError> {
        self.vital_signs().await.map_err(|error| self.failed("tell how it is", error))
    }

    async fn vital_signs(&self) -> Result<Vitals, ClientError> {
        let client = self.client().await?;
        let temperature = client.die_temperature().await?.into_iter().max().map(Temperature);
        let links = client.link_status().await?;
        Ok(Vitals { temperature, ports: links.iter().map(port).collect() })
    }
}

fn port(record: &LinkRecord) -> PortVitals {
    PortVitals {
        port: PhysicalPort(record.port.get()),
        phase: phase(record.ltssm),
        events: Vec::new(),
        traffic: None,
    }
}

/// The major state of a link's training (protocol sheet, section 5.3).
const fn phase(state: LtssmState) -> LinkPhase {
    match state.major {
        0 => LinkPhase::Detect,
        1 => LinkPhase::Polling,
        2 => LinkPhase::Configuration,
        3 => LinkPhase::L0,
        4 => LinkPhase::Recovery,
        5 => LinkPhase::Disabled,
        6 => LinkPhase::Loopback,
        7 => LinkPhase::HotReset,
        8 => LinkPhase::TxL0s,
        9 => LinkPhase::L1,
        10 => LinkPhase::L2,
        _ => LinkPhase::Unknown,
    }
}
