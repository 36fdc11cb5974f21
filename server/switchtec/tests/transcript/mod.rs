//! Reads the recorded conversations in `tests/transcripts`.
//!
//! `>` client to switch, `<` switch to client, then hex; `xx` is a byte the recorded client left uninitialised.
//! `# preamble` stands for the first 14 packets of `00-info.txt`.

use std::path::Path;

/// One recorded conversation, in order.
pub struct Transcript {
    pub file: String,
    pub lines: Vec<Line>,
}

/// One entry of a conversation.
pub enum Line {
    /// The session start that every conversation repeats.
    Preamble,
    /// A packet.
    Packet(Recorded),
}

/// A recorded packet.
#[derive(Clone)]
pub struct Recorded {
    pub from_client: bool,
    pub on_event_channel: bool,
    pub title: String,
    /// `None` for an uninitialised byte.
    pub bytes: Vec<Option<u8>>,
}

impl Recorded {
    /// The bytes with the uninitialised ones made by `fill`.
    pub fn filled(&self, mut fill: impl FnMut() -> u8) -> Vec<u8> {
        self.bytes.iter().map(|byte| byte.unwrap_or_else(&mut fill)).collect()
    }

    /// Panics unless `bytes` agree with the recording wherever it is initialised.
    pub fn assert_matches(&self, bytes: &[u8], file: &str) {
        assert_eq!(bytes.len(), self.bytes.len(), "{file}: {}: length", self.title);
        for (at, (found, recorded)) in bytes.iter().zip(&self.bytes).enumerate() {
            if let Some(recorded) = recorded {
                assert_eq!(found, recorded, "{file}: {}: byte {at}", self.title);
            }
        }
    }
}

/// All transcripts of a directory in file order.
pub fn read_all(directory: &Path) -> Vec<Transcript> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Transcript {
    let mut lines = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines().skip(1) {
        if line == "# preamble" {
            lines.push(Line::Preamble);
        } else if line.starts_with(['>', '<']) {
            lines.push(Line::Packet(Recorded {
                from_client: line.starts_with('>'),
                on_event_channel: line[2..].starts_with("evt"),
                title: line[2..].to_owned(),
                bytes: Vec::new(),
            }));
        } else if let Some(Line::Packet(packet)) = lines.last_mut() {
            packet.bytes.extend(hex(line));
        }
    }
    Transcript { file: path.file_name().unwrap().to_string_lossy().into_owned(), lines }
}

fn hex(line: &str) -> Vec<Option<u8>> {
    let digits: String = line.split_whitespace().collect();
    assert!(digits.len().is_multiple_of(2), "odd number of hex digits in {line:?}");
    let pair = |at| match &digits[at..at + 2] {
        "xx" => None,
        pair => Some(u8::from_str_radix(pair, 16).unwrap()),
    };
    (0..digits.len()).step_by(2).map(pair).collect()
}
