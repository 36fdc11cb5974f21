//! Icons: drawn with lines, in the colour of the text around them.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// The sign of Patchbay: two crossing cables.
    Patchbay,
    /// Light theme.
    Sun,
    /// Dark theme.
    Moon,
    /// Follow the system's theme.
    Screen,
    /// Something worth knowing.
    Note,
    /// Something to look at.
    Alert,
    /// From here to there.
    Arrow,
    /// Take back.
    Undo,
    /// A change.
    Move,
    /// A switch was read.
    Eye,
    /// A cable.
    Cable,
    /// A page that is not there.
    Lost,
}

impl Glyph {
    /// The lines, on a ground of 24 by 24.
    const fn lines(self) -> &'static str {
        match self {
            Self::Patchbay => {
                "M2 6a2 2 0 1 0 4 0a2 2 0 1 0-4 0M2 18a2 2 0 1 0 4 0a2 2 0 1 0-4 0M18 6a2 2 0 1 0 4 0a2 2 0 1 0-4 \
                 0M18 18a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 6c7 0 5 12 12 12M6 18c3.5 0 4.7-3 6-6"
            }
            Self::Sun => {
                "M8 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 \
                 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4"
            }
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
            Self::Screen => "M3 5h18v11H3zM8 20h8M12 16v4",
            Self::Note => "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 11v5M12 8v.01",
            Self::Alert => "M12 3L2 20h20zM12 10v4M12 17v.01",
            Self::Arrow => "M4 12h16M14 6l6 6l-6 6",
            Self::Undo => "M8 5L3 10l5 5M3 10h11a6 6 0 0 1 0 12h-3",
            Self::Move => "M4 8h15M15 4l4 4l-4 4M20 16H5M9 12l-4 4l4 4",
            Self::Eye => "M2 12c5-9 15-9 20 0c-5 9-15 9-20 0M9 12a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
            Self::Cable => "M5 3v5M9 3v5M3 8h8v3a4 4 0 0 1-8 0zM7 15v2a4 4 0 0 0 8 0V7a4 4 0 0 1 6 0v14",
            Self::Lost => "M4 5h16v14H4zM4 9h16M9 13l6 4M15 13l-6 4",
        }
    }
}

/// An icon. It says nothing to a screen reader: the words stand beside it, or on the control around it.
#[component]
pub fn Icon(
    /// Which one.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=glyph.lines()></path>
        </svg>
    }
}
