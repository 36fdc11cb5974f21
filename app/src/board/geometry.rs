//! Where lines run and how far a hand has moved. All lengths are CSS pixels.

/// How far a pointer travels before a press becomes a drag, so that a click stays a click.
const DRAG_STARTS_PX: f64 = 4.0;
/// How close to an edge a carried function makes the board scroll.
const EDGE_PX: f64 = 56.0;
/// How far the board scrolls in a frame when the pointer is right at the edge.
const SCROLL_MAX_PX: f64 = 16.0;

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// Whether a pointer that went down at `self` and is now at `now` drags.
    pub fn is_drag(self, now: Self) -> bool {
        (now.x - self.x).hypot(now.y - self.y) >= DRAG_STARTS_PX
    }
}

/// The path of a cable between two plugs: it leaves both ends level and hangs over in between, as SVG path data.
pub fn cable(from: Point, to: Point) -> String {
    let reach = (to.x - from.x) * 0.55;
    format!(
        "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        from.x,
        from.y,
        from.x + reach,
        from.y,
        to.x - reach,
        to.y,
        to.x,
        to.y
    )
}

/// How far to scroll in this frame while something is carried at height `y` of a view from `top` to `bottom`:
/// nothing in the middle, faster the closer to an edge. Negative is up.
pub fn edge_scroll(y: f64, top: f64, bottom: f64) -> f64 {
    let above = (top + EDGE_PX - y).clamp(0.0, EDGE_PX);
    let below = (y - (bottom - EDGE_PX)).clamp(0.0, EDGE_PX);
    (below - above) / EDGE_PX * SCROLL_MAX_PX
}

/// The corner for a menu of `size` opened at `at`, moved so that it stays inside a window of `window`.
pub fn keep_inside(at: Point, size: Point, window: Point) -> Point {
    let fit = |at: f64, size: f64, window: f64| at.min(window - size).max(0.0);
    Point { x: fit(at.x, size.x, window.x), y: fit(at.y, size.y, window.y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_click_with_a_shaking_hand_is_not_a_drag() {
        assert!(!at(10.0, 10.0).is_drag(at(12.0, 12.0)));
        assert!(at(10.0, 10.0).is_drag(at(14.0, 10.0)));
        assert!(at(10.0, 10.0).is_drag(at(7.0, 7.0)));
    }

    #[test]
    fn a_cable_starts_and_ends_at_its_plugs_and_leaves_them_level() {
        assert_eq!(cable(at(100.0, 40.0), at(200.0, 80.0)), "M100.0 40.0C155.0 40.0 145.0 80.0 200.0 80.0");
    }

    #[test]
    fn scrolling_starts_near_an_edge_and_grows_towards_it() {
        assert_eq!(edge_scroll(400.0, 0.0, 800.0), 0.0);
        assert_eq!(edge_scroll(800.0, 0.0, 800.0), SCROLL_MAX_PX);
        assert_eq!(edge_scroll(0.0, 0.0, 800.0), -SCROLL_MAX_PX);
        assert_eq!(edge_scroll(-50.0, 0.0, 800.0), -SCROLL_MAX_PX);
        let near = edge_scroll(772.0, 0.0, 800.0);
        assert!(near > 0.0 && near < SCROLL_MAX_PX);
    }

    #[test]
    fn a_menu_at_the_rim_moves_inside() {
        let (size, window) = (at(200.0, 300.0), at(390.0, 844.0));
        assert_eq!(keep_inside(at(50.0, 60.0), size, window), at(50.0, 60.0));
        assert_eq!(keep_inside(at(380.0, 800.0), size, window), at(190.0, 544.0));
        assert_eq!(keep_inside(at(20.0, 20.0), at(500.0, 900.0), window), at(0.0, 0.0));
    }
}
