//! An MRPC payload as a request, and bytes as its answer.

use patchbay_switchtec::CommandId;
use patchbay_switchtec::command::{Command, Request, Visit};
use patchbay_switchtec::packet::MAX_DATA_BYTES;

/// The input: the command's id and the length of its input, two bytes each, low one first; the input; the answer.
pub fn run(data: &[u8]) {
    let Some(([id_low, id_high, length_low, length_high], rest)) = data.split_first_chunk() else { return };
    let id = CommandId::new(u16::from_le_bytes([*id_low, *id_high]));
    let length = usize::from(u16::from_le_bytes([*length_low, *length_high])).min(rest.len());
    let (input, answer) = rest.split_at(length);
    let Ok(request) = Request::parse(id, input) else { return };
    assert_eq!(request.id(), id);
    let again = request.input();
    assert!(again.len() <= MAX_DATA_BYTES, "{}: {} input bytes", request.name(), again.len());
    assert!(usize::from(request.wanted_bytes()) <= MAX_DATA_BYTES, "{}", request.name());
    assert_eq!(Request::parse(id, &again).as_ref(), Ok(&request));
    request.visit(Answer(answer));
}

/// Bytes that may be an answer: what is read from them must be written, and read again, the same.
struct Answer<'a>(&'a [u8]);

impl Visit for Answer<'_> {
    type Outcome = ();

    fn command<C: Command>(self, command: C) {
        let Ok(answer) = command.parse_answer(&padded(self.0.to_vec(), &command)) else { return };
        let bytes = padded(C::answer_bytes(&answer), &command);
        let again = command.parse_answer(&bytes);
        let again = again.unwrap_or_else(|error| panic!("the answer to {} is not read: {error}", C::ASKS));
        assert_eq!(padded(C::answer_bytes(&again), &command), bytes, "the answer to {}", C::ASKS);
    }
}

/// An answer is always as long as was wanted (section 1.5).
fn padded<C: Command>(mut bytes: Vec<u8>, command: &C) -> Vec<u8> {
    bytes.resize(command.wanted_bytes().into(), 0);
    bytes
}
