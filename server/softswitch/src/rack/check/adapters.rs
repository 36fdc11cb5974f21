//! Adapters: their functions and base address registers.

use std::ops::Range;

use patchbay_switchtec::Pdfid;
use patchbay_switchtec::command::sections::Bar;

use super::Ground;
use crate::picture::PDFIDS;
use crate::rack::error::{RackError, RackProblem};
use crate::rack::file::{AdapterPart, BarKind, BarPart, VfsPart};
use crate::rack::{Adapter, Function, MAX_FUNCTIONS};

impl Ground<'_> {
    pub(super) fn adapter(&mut self, part: &AdapterPart) -> Result<Adapter, RackError> {
        let name = self.name("slot.adapter.name", &part.name)?;
        let class = match &part.class {
            None => part.kind.class(),
            Some(class) if *class.get_ref() < 1 << 24 => *class.get_ref(),
            Some(class) => {
                let (value, max) = ((*class.get_ref()).into(), 0xFF_FFFF);
                let problem = RackProblem::OutOfRange { value, min: 0, max };
                return Err(self.fault(class.span(), "slot.adapter.class", problem));
            }
        };
        let pf = Function {
            pdfid: self.pdfid("slot.adapter.pf_pdfid", *part.pf_pdfid.get_ref(), part.pf_pdfid.span())?,
            index: 0,
            sriov: part.vfs.is_some(),
            vendor: part.vendor,
            device: part.device,
            subsystem_vendor: part.subsystem_vendor,
            subsystem_device: part.subsystem_device,
            class,
            bars: self.bars(&part.bars)?,
        };
        let mut functions = vec![pf];
        if let Some(vfs) = &part.vfs {
            self.virtual_functions(vfs, &mut functions)?;
        }
        Ok(Adapter { name, kind: part.kind, functions })
    }

    fn virtual_functions(&mut self, part: &VfsPart, functions: &mut Vec<Function>) -> Result<(), RackError> {
        let (wanted, max) = (i64::from(*part.count.get_ref()), MAX_FUNCTIONS as i64 - 1);
        let Some(count) = u8::try_from(wanted).ok().filter(|count| i64::from(*count) <= max) else {
            let problem = RackProblem::OutOfRange { value: wanted, min: 0, max };
            return Err(self.fault(part.count.span(), "slot.adapter.vfs.count", problem));
        };
        let pf = functions[0].clone();
        let bars = part.bars.as_ref().map_or(Ok(pf.bars), |bars| self.bars(bars))?;
        for index in 1..=count {
            let number = part.first_pdfid.get_ref().saturating_add(u16::from(index) - 1);
            let field = "slot.adapter.vfs.first_pdfid";
            functions.push(Function {
                pdfid: self.pdfid(field, number, part.first_pdfid.span())?,
                index,
                sriov: false,
                device: part.device.unwrap_or(pf.device),
                subsystem_device: part.subsystem_device.unwrap_or(pf.subsystem_device),
                bars,
                ..pf
            });
        }
        Ok(())
    }

    fn pdfid(&mut self, field: &str, number: u16, span: Range<usize>) -> Result<Pdfid, RackError> {
        let (min, max) = (i64::from(PDFIDS.start), i64::from(PDFIDS.end));
        if !(min..=max).contains(&number.into()) {
            let problem = RackProblem::OutOfRange { value: number.into(), min, max };
            return Err(self.fault(span, field, problem));
        }
        if !self.pdfids.insert(number) {
            return Err(self.fault(span, field, RackProblem::PdfidTaken(Pdfid::new(number))));
        }
        Ok(Pdfid::new(number))
    }

    fn bars(&self, parts: &[BarPart]) -> Result<[Bar; 6], RackError> {
        const IO: u8 = 1;
        const WIDE: u8 = 1 << 2;
        const PREFETCHABLE: u8 = 1 << 3;
        let mut bars = [Bar::default(); 6];
        let mut taken = [false; 6];
        for part in parts {
            let wide = matches!(part.kind, BarKind::Mem64 | BarKind::Mem64Prefetchable);
            let field = "slot.adapter.bars";
            let index = self.range(field, &part.index, 0, if wide { 4 } else { 5 })?;
            let log2_size = self.range(field, &part.log2_size, 1, 63)?;
            for half in taken.iter_mut().skip(index.into()).take(1 + usize::from(wide)) {
                if std::mem::replace(half, true) {
                    return Err(self.fault(part.index.span(), field, RackProblem::BarTaken(index)));
                }
            }
            let kind = match part.kind {
                BarKind::Io => IO,
                BarKind::Mem32 => 0,
                BarKind::Mem64 => WIDE,
                BarKind::Mem64Prefetchable => WIDE | PREFETCHABLE,
            };
            bars[usize::from(index)] = Bar { kind, log2_size };
        }
        Ok(bars)
    }
}
