//! Where the queues stand: side by side with names, else one glyph each, else several in one.

use std::ops::Range;

use client::snapshot::AllocatedQueue;

/// A column of the matrix: one queue, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The queues, as places in the allocation; of one broker, unless there are too many brokers.
    pub(super) queues: Range<usize>,
    /// Where it begins, from the left of the matrix.
    pub(super) x: u16,
    /// How wide it is, without the gap after it.
    pub(super) width: u16,
}

/// How the queues are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// Each queue has a name, a glyph of two columns or a number.
    Named(Vec<Slot>),
    /// Each queue has one glyph.
    Glyphs(Vec<Slot>),
    /// There are more queues than columns: several share a glyph; the second are those around the
    /// chosen one, with names.
    Overview(Vec<Slot>, Vec<Slot>),
}

/// The columns between two brokers, beside those between two queues.
const BROKER_GAP: u16 = 1;

/// Lays out queues, which are sorted by broker, in `room` columns. `width` is that of a named queue.
/// `is_numeric` leaves out the forms that have no room for numbers: those around the chosen one are
/// shown.
pub(super) fn lay_out(
    queues: &[AllocatedQueue],
    room: u16,
    width: u16,
    chosen: usize,
    is_numeric: bool,
) -> Layout {
    let all = 0..queues.len();
    for width in [width, width.min(2)] {
        let named = slots(queues, all.clone(), width, 1, 1);
        if fits(&named, room) {
            return Layout::Named(named);
        }
        if is_numeric {
            return Layout::Named(around(queues, room, width, chosen));
        }
    }
    let glyphs = slots(queues, all.clone(), 1, 0, 1);
    if fits(&glyphs, room) {
        return Layout::Glyphs(glyphs);
    }
    let near = around(queues, room, width.min(2), chosen);
    let mut each = 2;
    while each < queues.len() {
        let shared = slots(queues, all.clone(), 1, 0, each);
        if fits(&shared, room) {
            return Layout::Overview(shared, near);
        }
        each += each / 2 + 1;
    }
    // There are more brokers than columns: they share columns too.
    let each = queues.len().div_ceil(usize::from(room).max(1)).max(1);
    let shared = all.step_by(each).zip(0..room).map(|(at, x)| Slot {
        queues: at..(at + each).min(queues.len()),
        x,
        width: 1,
    });
    Layout::Overview(shared.collect(), near)
}

/// As many named queues around the chosen one as fit.
fn around(queues: &[AllocatedQueue], room: u16, width: u16, chosen: usize) -> Vec<Slot> {
    let chosen = chosen.min(queues.len().saturating_sub(1));
    let count = usize::from(room / (width + 1)).max(1);
    let first = chosen.saturating_sub(count / 2);
    let first = first.min(queues.len().saturating_sub(count));
    let mut shown = slots(
        queues,
        first..(first + count).min(queues.len()),
        width,
        1,
        1,
    );
    // Gaps between brokers may take the place of the last ones.
    while !fits(&shown, room) && shown.len() > 1 {
        let last_is_chosen = shown
            .last()
            .is_some_and(|slot| slot.queues.contains(&chosen));
        let range = shown.first().map_or(0, |slot| slot.queues.start)
            ..shown.last().map_or(0, |slot| slot.queues.end);
        let range = if last_is_chosen {
            range.start + 1..range.end
        } else {
            range.start..range.end - 1
        };
        shown = slots(queues, range, width, 1, 1);
    }
    shown
}

fn fits(slots: &[Slot], room: u16) -> bool {
    slots.last().is_none_or(|last| last.x + last.width <= room)
}

/// Columns of `width` with a `gap` after each, for `each` queues of the same broker.
fn slots(
    queues: &[AllocatedQueue],
    range: Range<usize>,
    width: u16,
    gap: u16,
    each: usize,
) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut x = 0_u16;
    let mut broker = None;
    for at in range {
        let name = queues.get(at).map(|queue| queue.queue.broker_name.as_str());
        let is_same = broker == Some(name);
        if let Some(last) = slots.last_mut()
            && is_same
            && last.queues.len() < each
        {
            last.queues.end = at + 1;
            continue;
        }
        if !is_same && broker.is_some() {
            x = x.saturating_add(BROKER_GAP);
        }
        broker = Some(name);
        slots.push(Slot {
            queues: at..at + 1,
            x,
            width,
        });
        x = x.saturating_add(width + gap);
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::queues;

    fn widths(layout: &Layout) -> (usize, u16) {
        let (Layout::Named(slots) | Layout::Glyphs(slots) | Layout::Overview(slots, _)) = layout;
        (
            slots.len(),
            slots.last().unwrap().x + slots.last().unwrap().width,
        )
    }

    #[test]
    fn queues_lose_their_names_and_then_their_own_glyph() {
        let queues = queues(3, 8);
        let at = |room| lay_out(&queues, room, 4, 11, false);
        assert!(matches!(at(121), Layout::Named(_)));
        assert_eq!(widths(&at(121)), (24, 121));
        assert!(matches!(at(100), Layout::Named(_)));
        assert_eq!(widths(&at(100)), (24, 73));
        assert!(matches!(at(72), Layout::Glyphs(_)));
        assert_eq!(widths(&at(72)), (24, 26));
        assert!(matches!(at(25), Layout::Overview(..)));
        assert!(widths(&at(25)).1 <= 25);
    }

    #[test]
    fn an_overview_shows_the_queues_around_the_chosen_one() {
        let queues = queues(40, 100);
        for chosen in [0, 1_999, 3_999] {
            let layout = lay_out(&queues, 60, 2, chosen, false);
            let Layout::Overview(all, near) = layout else {
                unreachable!("4000 queues in 60 columns");
            };
            assert!(fits(&all, 60), "{:?}", all.last());
            assert_eq!(all.first().unwrap().queues.start, 0);
            assert_eq!(all.last().unwrap().queues.end, 4_000);
            assert!(fits(&near, 60));
            assert!(near.iter().any(|slot| slot.queues.contains(&chosen)));
        }
    }

    #[test]
    fn numbers_keep_their_room() {
        let queues = queues(3, 8);
        let Layout::Named(shown) = lay_out(&queues, 40, 4, 23, true) else {
            unreachable!("numbers have names");
        };
        assert!(fits(&shown, 40));
        assert!(shown.iter().all(|slot| slot.width == 4));
        assert_eq!(shown.last().unwrap().queues, 23..24);
    }

    #[test]
    fn no_queue_takes_no_room() {
        assert_eq!(lay_out(&[], 10, 2, 0, false), Layout::Named(Vec::new()));
    }
}
