//! How long to wait before the stream is opened again.

/// The first wait: a server that restarts is back in about this time.
const FIRST_MS: i32 = 500;
/// The longest wait: an operator who has mended the server should not have to reload the page.
const LONGEST_MS: i32 = 5_000;

/// The wait before attempt `attempt` (from 0), in milliseconds: doubling, then level, for ever.
pub fn wait_ms(attempt: u32) -> i32 {
    let doubled = 2_i32.checked_pow(attempt).and_then(|factor| FIRST_MS.checked_mul(factor));
    doubled.unwrap_or(LONGEST_MS).min(LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::wait_ms;

    #[test]
    fn waits_grow_and_then_stay_level() {
        let waits: Vec<_> = (0..6).map(wait_ms).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        assert_eq!(wait_ms(u32::MAX), 5_000);
    }
}
