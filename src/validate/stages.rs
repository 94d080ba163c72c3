//! Which stages of two versions are the same one.

use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation};

/// The numbers of the stages before and after that are the same: the last ones, and those of the same name, or of none, in
/// their order.
pub(super) fn same(before: &Version<'_>, after: &Version<'_>) -> Vec<(usize, usize)> {
    let last = (before.stages.len().checked_sub(1), after.stages.len().checked_sub(1));
    let (Some(last_before), Some(last_after)) = last else {
        return Vec::new();
    };
    let mut pairs: Vec<(usize, usize)> = (0..last_before)
        .filter_map(|number| Some((number, counterpart(before, after, number, last_after)?)))
        .collect();
    pairs.push((last_before, last_after));
    pairs
}

fn counterpart(before: &Version<'_>, after: &Version<'_>, number: usize, last_after: usize) -> Option<usize> {
    let name = |version: &Version<'_>, number: usize| version.facts.stages.get(number)?.name.clone();
    let own = name(before, number);
    // The last stage may have a name that an earlier one has too. One without a name has no other counterpart than those
    // before it.
    let end = if own.is_some() { after.stages.len() } else { last_after };
    let rank = (0..number).filter(|other| name(before, *other) == own).count();
    (0..end).filter(|other| name(after, *other) == own).nth(rank)
}

/// For each stage of the result, the one of the original that it was made of: the same one, or the one that shares most
/// steps. `same` are those that are the same.
pub(super) fn origins(before: &Version<'_>, after: &Version<'_>, same: &[(usize, usize)]) -> Vec<Option<usize>> {
    let origin = |(number, new): (usize, &StageModel)| {
        if let Some((before, _)) = same.iter().find(|(_, other)| *other == number) {
            return Some(*before);
        }
        let shares = |item: &&Item, old: &StageModel| old.position(&item.act).is_some();
        let shared = |old: &StageModel| new.items.iter().filter(|item| shares(item, old)).count();
        let stages = before.stages.iter().enumerate();
        stages.max_by_key(|(_, old)| shared(old)).map(|(number, _)| number)
    };
    after.stages.iter().enumerate().map(origin).collect()
}

/// Every stage of the original is there.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let is_lost = |number: &usize| pair.stages.iter().all(|(before, _)| before != number);
    let lost = (0..pair.before.stages.len()).filter(is_lost);
    lost.filter_map(|number| {
        let stage = pair.before.facts.stages.get(number)?;
        Some(Violation {
            kind: Kind::StageLost,
            line: pair.before.file.line_of(stage.instructions.start),
            what: format!(
                "the stage {} is gone",
                stage.name.as_deref().unwrap_or("without a name")
            ),
            remedy: "keep the stage as it is".to_owned(),
        })
    })
    .collect()
}
