//! Which compressed form of a file a client takes.

use http::HeaderValue;
use http::header::GetAll;

/// A form in which a file lies ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli, the smallest.
    Brotli,
    /// Gzip, for clients on plain HTTP: browsers offer brotli only where the connection is trusted.
    Gzip,
    /// As it is.
    Identity,
}

impl Encoding {
    /// The value of `Content-Encoding`; none for a file as it is.
    pub fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Identity => None,
        }
    }

    /// What sets this form's entity tag apart from the others'.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// The forms that `Accept-Encoding` allows, smallest first. The file as it is always comes last, also where a
/// client excludes it: an answer in an unwanted form serves better than none.
pub fn accepted(values: GetAll<'_, HeaderValue>) -> Vec<Encoding> {
    let offers: Vec<&str> =
        values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let takes = |coding: &str| offer(&offers, coding).or_else(|| offer(&offers, "*")).unwrap_or(false);
    let mut accepted = Vec::new();
    if takes("br") {
        accepted.push(Encoding::Brotli);
    }
    if takes("gzip") {
        accepted.push(Encoding::Gzip);
    }
    accepted.push(Encoding::Identity);
    accepted
}

/// Whether a coding is named, and if so whether with a quality above nought.
fn offer(offers: &[&str], coding: &str) -> Option<bool> {
    offers.iter().find_map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(coding) {
            return None;
        }
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(quality.is_none_or(|quality| quality.parse::<f32>().is_ok_and(|quality| quality > 0.0)))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT_ENCODING;

    use super::Encoding::{Brotli, Gzip, Identity};
    use super::{Encoding, accepted};

    fn forms(header: &'static str) -> Vec<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, http::HeaderValue::from_static(header));
        accepted(headers.get_all(ACCEPT_ENCODING))
    }

    #[test]
    fn prefers_the_smallest_form_that_is_taken() {
        assert_eq!(forms("gzip, deflate, br, zstd"), [Brotli, Gzip, Identity]);
        assert_eq!(forms("gzip;q=0.5"), [Gzip, Identity]);
        assert_eq!(forms("*"), [Brotli, Gzip, Identity]);
    }

    #[test]
    fn leaves_out_what_is_refused() {
        assert_eq!(forms("br;q=0, gzip"), [Gzip, Identity]);
        assert_eq!(forms("*, br; q=0"), [Gzip, Identity]);
        assert_eq!(forms("br;q=none"), [Identity]);
        assert_eq!(forms(""), [Identity]);
        assert_eq!(accepted(HeaderMap::new().get_all(ACCEPT_ENCODING)), [Identity]);
    }
}
