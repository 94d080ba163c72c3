//! The variables that instructions see. Each instruction has its own, which share what did not change: a file of many
//! ENVs would take the square of its size otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::Variable;

type Layer = BTreeMap<Arc<str>, Arc<Variable>>;

/// Variables by name. A copy is cheap, and so is a change of a copy.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Later layers win. Each is more than twice as large as the next, so that there are few.
    layers: Vec<Arc<Layer>>,
}

impl Variables {
    /// The variable `name`, if it is known.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        let found = self.layers.iter().rev().find_map(|layer| layer.get(name));
        found.map(Arc::as_ref)
    }

    /// Whether the variable `name` is known.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All variables in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        let mut all: BTreeMap<&str, &Variable> = BTreeMap::new();
        for layer in &self.layers {
            all.extend(layer.iter().map(|(name, variable)| (&**name, &**variable)));
        }
        all.into_iter()
    }

    /// Sets one variable.
    pub fn insert(&mut self, name: String, variable: Variable) {
        self.extend([(name, variable)]);
    }

    /// Sets several variables.
    pub fn extend(&mut self, variables: impl IntoIterator<Item = (String, Variable)>) {
        let new = variables.into_iter();
        let mut layer: Layer = new.map(|(name, variable)| (name.into(), Arc::new(variable))).collect();
        if layer.is_empty() {
            return;
        }
        while let Some(last) = self.layers.pop_if(|last| last.len() <= 2 * layer.len()) {
            let mut merged = Arc::unwrap_or_clone(last);
            merged.append(&mut layer);
            layer = merged;
        }
        self.layers.push(Arc::new(layer));
    }

    /// Keeps what `is_kept` accepts.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&Variable) -> bool) {
        let mut all = Layer::new();
        for layer in &self.layers {
            all.extend(
                layer
                    .iter()
                    .map(|(name, variable)| (Arc::clone(name), Arc::clone(variable))),
            );
        }
        all.retain(|_, variable| is_kept(variable));
        self.layers = if all.is_empty() {
            Vec::new()
        } else {
            vec![Arc::new(all)]
        };
    }
}

impl PartialEq for Variables {
    fn eq(&self, other: &Variables) -> bool {
        // Mostly they were made by the same steps, and share layers or have equal ones.
        self.layers == other.layers || self.iter().eq(other.iter())
    }
}

impl Eq for Variables {}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: usize) -> Variable {
        Variable {
            value: Some(value.to_string()),
            certain: true,
            in_image: value.is_multiple_of(2),
        }
    }

    #[test]
    fn each_copy_is_what_a_plain_map_would_be() {
        let (mut variables, mut plain) = (Variables::default(), BTreeMap::new());
        let mut copies = Vec::new();
        for number in 0..500 {
            let name = format!("V{}", number * 7 % 200);
            variables.insert(name.clone(), variable(number));
            plain.insert(name, variable(number));
            if number % 50 == 0 {
                variables.retain(|variable| variable.in_image);
                plain.retain(|_, variable| variable.in_image);
            }
            copies.push((variables.clone(), plain.clone()));
        }
        for (variables, plain) in &copies {
            let all: Vec<(&str, &Variable)> = plain.iter().map(|(name, variable)| (name.as_str(), variable)).collect();
            assert_eq!(variables.iter().collect::<Vec<_>>(), all);
            assert!((0..200).all(|n| variables.get(&format!("V{n}")) == plain.get(&format!("V{n}"))));
        }
        let mut same = Variables::default();
        same.extend(copies[499].1.clone());
        assert_eq!(same, copies[499].0);
        assert_ne!(same, copies[498].0);
    }

    #[test]
    fn copies_share_what_did_not_change() {
        // Counted in entries, not in seconds: each copy on its own would take 10,000 * 10,000 / 2 of them.
        let mut variables = Variables::default();
        let mut layers = BTreeMap::new();
        let mut copies = Vec::new();
        for number in 0..10_000 {
            variables.insert(format!("V{number}"), variable(number));
            assert!(variables.layers.len() <= 20);
            copies.push(variables.clone());
            layers.extend(variables.layers.iter().map(|layer| (Arc::as_ptr(layer), layer.len())));
        }
        let entries: usize = layers.values().sum();
        assert!(entries < 10_000 * 30, "{entries}");
    }
}
