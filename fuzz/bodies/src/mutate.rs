//! Changes inputs at random, for tests that run without a fuzzer.

use fastrand::Rng;

/// Numbers at which limits lie.
const LIMITS: [u32; 8] = [
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
];
/// Inputs do not grow beyond this.
const LENGTH_MAX: usize = 4096;

/// An input made of one of the seeds, and parts of others.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = seeds.get(rng.usize(..seeds.len().max(1))).cloned();
    let input_bytes = input.get_or_insert_default();
    for _ in 0..rng.usize(1..=6) {
        mutate(input_bytes, seeds, rng);
    }
    input_bytes.truncate(LENGTH_MAX);
    input.unwrap_or_default()
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.usize(..=input.len());
    let end = (at + rng.usize(..=16)).min(input.len());
    match rng.u8(..8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = rng.u8(..);
            }
        }
        2 => {
            input.drain(at..end);
        }
        3 => input.insert(at, rng.u8(..)),
        4 => {
            let part = input[at..end].to_vec();
            input.splice(at..at, part);
        }
        5 => {
            let limit = LIMITS[rng.usize(..LIMITS.len())].to_be_bytes();
            let length = rng.usize(1..=limit.len()).min(input.len() - at);
            input.splice(
                at..at + length,
                limit[limit.len() - length..].iter().copied(),
            );
        }
        6 => {
            if let Some(other) = seeds.get(rng.usize(..seeds.len().max(1))) {
                let from = rng.usize(..=other.len());
                let to = rng.usize(from..=other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
        }
        _ => input.truncate(at),
    }
}
