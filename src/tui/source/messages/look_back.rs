//! What is stored already: from the end backwards for the last ones, else from a place onwards.

use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::message::MessageExt;

use super::{Begin, Condition, LOOK_MAX, MessageSource, PULL_MAX, Reading, Told, Wanted, count};

/// Answers without a message and without an end that are put up with, one after the other.
const STALLS_MAX: u32 = 10;

/// Messages that are told at once.
const CHUNK: usize = 64;

/// A part of a queue that has not been read.
#[derive(Debug)]
struct Part {
    queue: MessageQueue,
    begin: i64,
    /// Before this offset.
    end: i64,
}

/// Reads what is stored. Gives where each queue ended then; a queue that cannot be read is told, and
/// begins at its end when it is back.
pub(super) async fn read(
    reading: &Reading,
    source: &dyn MessageSource,
    wanted: &Wanted,
    condition: &Condition,
    queues: Vec<MessageQueue>,
) -> Result<Vec<(MessageQueue, Option<i64>)>, String> {
    let (mut parts, mut ends) = (Vec::new(), Vec::new());
    let mut first_error = None;
    for queue in queues {
        match part_of(reading, source, wanted, &queue).await {
            Ok(part) => {
                ends.push((queue, Some(part.end)));
                parts.push(part);
            }
            Err(reason) => {
                first_error.get_or_insert_with(|| reason.clone());
                let lost = queue.clone();
                let told = Told::QueueLost {
                    queue: lost,
                    reason,
                };
                reading.tell(told).await;
                ends.push((queue, None));
            }
        }
    }
    if let (true, Some(reason)) = (parts.is_empty(), first_error) {
        return Err(reason);
    }
    let mut look = Look {
        reading,
        source,
        condition,
        left: LOOK_MAX,
    };
    match wanted.begin {
        Begin::Last(last) => look.backwards(parts, last.min(wanted.max)).await?,
        Begin::Start | Begin::Ago(_) | Begin::At(..) => {
            // Who follows goes on where this ends, so that nothing is left out.
            let max = if wanted.follows {
                usize::MAX
            } else {
                wanted.max
            };
            look.onwards(&mut parts, max).await?;
            for part in parts {
                let known = ends.iter_mut().find(|(queue, _)| *queue == part.queue);
                if let Some((_, end)) = known {
                    *end = Some(part.begin);
                }
            }
        }
    }
    Ok(ends)
}

async fn part_of(
    reading: &Reading,
    source: &dyn MessageSource,
    wanted: &Wanted,
    queue: &MessageQueue,
) -> Result<Part, String> {
    let (min, end) = source.bounds(queue).await?;
    let begin = match &wanted.begin {
        Begin::Last(_) | Begin::Start => min,
        Begin::Ago(ms) => {
            let at_ms = reading.clock.now_ms().saturating_sub(*ms);
            source.offset_at(queue, at_ms).await?.max(min)
        }
        Begin::At(_, offset) => (*offset).max(min),
    };
    let queue = queue.clone();
    Ok(Part { queue, begin, end })
}

struct Look<'a> {
    reading: &'a Reading,
    source: &'a dyn MessageSource,
    condition: &'a Condition,
    /// How many more messages may be looked at.
    left: u64,
}

impl Look<'_> {
    /// The last `last` that match, over all parts: the newest block of each part, and of that whose
    /// turn it is the one before.
    async fn backwards(&mut self, mut parts: Vec<Part>, last: usize) -> Result<(), String> {
        // The blocks, and in the heap the last message of each: time, then part.
        let mut blocks: Vec<Vec<MessageExt>> = Vec::new();
        let mut heads = BinaryHeap::new();
        for (at, part) in parts.iter_mut().enumerate() {
            let block = self.block_before(part).await?;
            heads.extend(block.last().map(|message| (message.store_timestamp, at)));
            blocks.push(block);
        }
        let (mut missing, mut found, mut looked) = (last, Vec::new(), 0);
        while missing > 0
            && let Some((_, at)) = heads.pop()
        {
            let (Some(block), Some(part)) = (blocks.get_mut(at), parts.get_mut(at)) else {
                break;
            };
            if let Some(message) = block.pop() {
                looked += 1;
                if self.condition.wants(&message, self.reading.clock.now_ms()) {
                    missing -= 1;
                    found.push(Arc::new(message));
                }
            }
            if block.is_empty() && self.left > 0 {
                // Rather show what there is than wait for the network.
                self.tell(&mut found, &mut looked).await;
                *block = self.block_before(part).await?;
            }
            heads.extend(block.last().map(|message| (message.store_timestamp, at)));
        }
        self.tell(&mut found, &mut looked).await;
        Ok(())
    }

    /// The last messages of a part, which ends before them from then on.
    async fn block_before(&mut self, part: &mut Part) -> Result<Vec<MessageExt>, String> {
        while part.begin < part.end && self.left > 0 {
            let begin = (part.end - i64::from(PULL_MAX)).max(part.begin);
            let end = std::mem::replace(&mut part.end, begin);
            let block = self.pull_all(&part.queue, begin, end).await?;
            self.left = self.left.saturating_sub(count(block.len()).max(1));
            if !block.is_empty() {
                return Ok(block);
            }
        }
        Ok(Vec::new())
    }

    /// All messages from `begin` to before `end`, in order.
    async fn pull_all(
        &self,
        queue: &MessageQueue,
        begin: i64,
        end: i64,
    ) -> Result<Vec<MessageExt>, String> {
        let (mut all, mut next, mut stalls) = (Vec::new(), begin, 0);
        while next < end && stalls < STALLS_MAX {
            let max = i32::try_from(end - next).unwrap_or(PULL_MAX).min(PULL_MAX);
            let pulled = self.source.pull(queue, next, max, Duration::ZERO).await?;
            let is_wanted = |message: &MessageExt| (begin..end).contains(&message.queue_offset);
            all.extend(pulled.messages.into_iter().filter(is_wanted));
            if pulled.is_at_end {
                break;
            }
            stalls = if pulled.next_offset > next {
                0
            } else {
                stalls + 1
            };
            next = pulled.next_offset;
        }
        Ok(all)
    }

    /// The first `max` that match: a pull of each part in turn.
    async fn onwards(&mut self, parts: &mut [Part], max: usize) -> Result<(), String> {
        let mut missing = max;
        while missing > 0 && self.left > 0 && parts.iter().any(|part| part.begin < part.end) {
            for part in parts.iter_mut().filter(|part| part.begin < part.end) {
                let end = part.end.min(part.begin.saturating_add(i64::from(PULL_MAX)));
                let begin = std::mem::replace(&mut part.begin, end);
                let block = self.pull_all(&part.queue, begin, end).await?;
                let mut looked = count(block.len());
                self.left = self.left.saturating_sub(looked.max(1));
                let now_ms = self.reading.clock.now_ms();
                let wanted = block
                    .into_iter()
                    .filter(|message| self.condition.wants(message, now_ms))
                    .take(missing);
                let mut found: Vec<_> = wanted.map(Arc::new).collect();
                missing -= found.len();
                self.tell(&mut found, &mut looked).await;
            }
        }
        Ok(())
    }

    /// Tells what was found since the last time.
    async fn tell(&self, found: &mut Vec<Arc<MessageExt>>, looked: &mut u64) {
        let mut looked = std::mem::take(looked);
        let found = std::mem::take(found);
        if found.is_empty() && looked > 0 {
            let messages = Vec::new();
            self.reading.tell(Told::Found { messages, looked }).await;
            return;
        }
        for chunk in found.chunks(CHUNK) {
            let messages = chunk.to_vec();
            let looked = std::mem::take(&mut looked);
            self.reading.tell(Told::Found { messages, looked }).await;
        }
    }
}
