//! Answers that are worked out once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known so far, by question.
#[derive(Debug)]
pub(super) struct Memo<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Memo<K, V> {
        Memo(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The answer to `question`, which `find` gives the first time. Nothing is locked while it looks: it may ask more.
    pub(super) fn get<Q>(&self, question: &Q, find: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = lock(&self.0).get(question) {
            return known.clone();
        }
        let found = find();
        lock(&self.0).insert(question.to_owned(), found.clone());
        found
    }
}

/// What `mutex` holds, also where another thread failed with it in its hands: each of its states is whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
