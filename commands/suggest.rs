//! "Did you mean …?": the known words that are close to the one given.

/// How many words are suggested at most.
const SUGGESTIONS_MAX: usize = 3;

/// Below this likeness (0 to 1) a word is not what the user meant.
const LIKENESS_MIN: f64 = 0.65;

/// The candidates most like `word`, best first.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= LIKENESS_MIN)
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    scored.dedup_by(|left, right| left.1 == right.1);
    scored
        .into_iter()
        .take(SUGGESTIONS_MAX)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

/// 1 for the same word; a word that begins with the other one counts as close.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let begins = candidate.starts_with(wanted) || wanted.starts_with(candidate);
    if begins && wanted.len() >= 3 && candidate.len() >= 3 {
        return 0.7 + 0.3 * length_ratio(wanted, candidate);
    }
    strsim::normalized_damerau_levenshtein(wanted, candidate)
}

/// How much of the longer word the shorter one is.
fn length_ratio(left: &str, right: &str) -> f64 {
    let length = |word: &str| f64::from(u32::try_from(word.chars().count()).unwrap_or(u32::MAX));
    length(left).min(length(right)) / length(left).max(length(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_named_best_first_and_far_ones_not_at_all() {
        let topics = ["orders", "orders-dlq", "billing", "order"];
        assert_eq!(nearest("ordres", topics), ["orders", "order"]);
        assert_eq!(
            nearest("orders-d", topics),
            ["orders-dlq", "orders", "order"]
        );
        assert!(nearest("zzz", topics).is_empty());
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(
            nearest("BROKERNAME", ["brokerName", "brokerId"]),
            ["brokerName"]
        );
    }
}
