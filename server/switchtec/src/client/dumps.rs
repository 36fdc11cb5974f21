//! Reading the database: the conversation of section 5.5, whole or only some hosts of it.

use std::collections::BTreeSet;

use super::Client;
use super::error::ClientError;
use super::turn::Turn;
use crate::command::Command;
use crate::command::database::{DumpFinish, DumpGet, DumpStart};
use crate::command::sections::{
    DumpClass, EndpointPortSection, Hvd, HvdDetailSection, HvdSection, Layout, PaxAll, Span,
};
use crate::error::DecodeError;
use crate::units::PhysicalPort;

/// Bytes of a dword, in which dumps are measured.
const DWORD_BYTES: usize = 4;

/// A piece of a snapshot, and where it begins.
#[derive(Default)]
struct Piece {
    offset_bytes: usize,
    data: Vec<u8>,
}

impl Piece {
    /// What it holds from a place on; nothing when that is outside of it.
    fn from(&self, at_bytes: usize) -> &[u8] {
        let skipped = at_bytes.checked_sub(self.offset_bytes);
        skipped.and_then(|skipped| self.data.get(skipped..)).unwrap_or_default()
    }
}

impl Client {
    /// Everything about this switch: hosts, logical ports, adapters, functions, bindings.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pax_all(&self) -> Result<PaxAll, ClientError> {
        let bytes = self.dump(DumpClass::PaxAll, 0).await?;
        PaxAll::parse(&bytes).map_err(|source| self.nonsense(DumpStart::ASKS, source))
    }

    /// Some hosts out of the whole database, with as few pieces as hold them. `None` when the database is no longer laid
    /// out as it was, or has no such host port: then only a whole reading tells.
    ///
    /// The snapshot is the same as of [`Client::pax_all`], so what is read is of one moment.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn hvds(
        &self,
        layout: &Layout,
        ports: &BTreeSet<PhysicalPort>,
    ) -> Result<Option<Vec<Hvd>>, ClientError> {
        let Some(spans) = layout.spans(ports) else { return Ok(None) };
        let mut turn = self.turn().await?;
        turn.open();
        let start = DumpStart { class: DumpClass::PaxAll, parameter: 0 };
        let total_dwords = turn.ask(&start).await?.total_dwords as usize;
        let (mut hosts, mut piece) = (Some(Vec::with_capacity(spans.len())), Piece::default());
        for span in spans {
            let body = match hosts {
                Some(_) if span.end_dwords() <= total_dwords => {
                    self.span(&mut turn, &mut piece, span).await?
                }
                _ => Vec::new(),
            };
            hosts = hosts.zip(span.host(&body)).map(|(mut hosts, host)| {
                hosts.push(host);
                hosts
            });
        }
        turn.ask(&DumpFinish { class: DumpClass::PaxAll }).await?;
        turn.close();
        Ok(hosts)
    }

    /// The bytes of one host; `piece` is the last one that was read, which may hold some of them.
    async fn span(&self, turn: &mut Turn<'_>, piece: &mut Piece, span: Span) -> Result<Vec<u8>, ClientError> {
        let wanted_bytes = span.dwords * DWORD_BYTES;
        let mut body = Vec::with_capacity(wanted_bytes);
        while body.len() < wanted_bytes {
            let at_bytes = span.offset_dwords * DWORD_BYTES + body.len();
            if piece.from(at_bytes).is_empty() {
                *piece = self.piece(turn, DumpClass::PaxAll, 0, at_bytes).await?;
            }
            let here = piece.from(at_bytes);
            body.extend_from_slice(&here[..here.len().min(wanted_bytes - body.len())]);
        }
        Ok(body)
    }

    /// One piece of the running conversation, which is never empty.
    async fn piece(
        &self,
        turn: &mut Turn<'_>,
        class: DumpClass,
        port: u8,
        offset_bytes: usize,
    ) -> Result<Piece, ClientError> {
        let offset_dwords = (offset_bytes / DWORD_BYTES) as u32;
        let data = turn.ask(&DumpGet { class, port, offset_dwords }).await?.data;
        if data.is_empty() {
            let what = "the bytes of a dump piece";
            let none = DecodeError::Mismatch { what, announced: DWORD_BYTES as u64, found: 0 };
            return Err(self.nonsense(DumpGet::ASKS, none));
        }
        Ok(Piece { offset_bytes, data })
    }

    /// One host by its instance number.
    ///
    /// # Errors
    /// See [`ClientError`]; an instance that does not exist is refused.
    pub async fn hvd(&self, instance: u8) -> Result<HvdSection, ClientError> {
        let bytes = self.dump(DumpClass::Hvd, instance).await?;
        HvdSection::parse(&bytes).map_err(|source| self.nonsense(DumpStart::ASKS, source))
    }

    /// One host with its bus numbers.
    ///
    /// # Errors
    /// See [`ClientError`]; an instance that does not exist is refused.
    pub async fn hvd_detail(&self, instance: u8) -> Result<HvdDetailSection, ClientError> {
        let bytes = self.dump(DumpClass::HvdDetail, instance).await?;
        HvdDetailSection::parse(&bytes).map_err(|source| self.nonsense(DumpStart::ASKS, source))
    }

    /// One adapter port.
    ///
    /// # Errors
    /// See [`ClientError`]; a port that holds no adapter by configuration is refused.
    pub async fn endpoint_port(&self, port: PhysicalPort) -> Result<EndpointPortSection, ClientError> {
        let bytes = self.dump(DumpClass::EndpointPort, port.get()).await?;
        EndpointPortSection::parse(&bytes).map_err(|source| self.nonsense(DumpStart::ASKS, source))
    }

    /// A whole conversation: start, pieces, finish.
    async fn dump(&self, class: DumpClass, parameter: u8) -> Result<Vec<u8>, ClientError> {
        let mut turn = self.turn().await?;
        turn.open();
        let total = turn.ask(&DumpStart { class, parameter }).await?.total_dwords as usize * DWORD_BYTES;
        let port = if class == DumpClass::EndpointPort { parameter } else { 0 };
        let mut bytes = Vec::new();
        while bytes.len() < total {
            let piece = self.piece(&mut turn, class, port, bytes.len()).await?;
            if piece.data.len() > total - bytes.len() {
                let (announced, found) = ((total - bytes.len()) as u64, piece.data.len() as u64);
                let what = "the bytes of a dump piece";
                return Err(self.nonsense(DumpGet::ASKS, DecodeError::Mismatch { what, announced, found }));
            }
            bytes.extend_from_slice(&piece.data);
        }
        turn.ask(&DumpFinish { class }).await?;
        turn.close();
        Ok(bytes)
    }
}
