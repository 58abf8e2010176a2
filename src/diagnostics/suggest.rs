//! "Did you mean …?"

/// The candidate that `wrong` was most likely meant to be.
pub(crate) fn did_you_mean<'c>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Comparing takes time and memory by the product of the lengths.
    const LONGEST: usize = 200;
    if wrong.len() > LONGEST {
        return None;
    }
    let wrong = wrong.to_lowercase();
    // A third of the letters may be wrong; in short words one.
    let allowed = (wrong.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wrong, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A hint that names the likely candidate, or all of them.
pub(crate) fn one_of(wrong: &str, candidates: &[&str]) -> String {
    match did_you_mean(wrong, candidates.iter().copied()) {
        Some(meant) => format!("did you mean {}?", quote(meant)),
        None if candidates.is_empty() => "there is none".to_owned(),
        None => format!("one of: {}", list(candidates)),
    }
}

fn list(candidates: &[&str]) -> String {
    const SHOWN: usize = 20;
    let mut text = candidates
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if candidates.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// A text in quotes, shortened, without control characters.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
