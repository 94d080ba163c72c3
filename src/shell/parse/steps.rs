//! Counts the work of the parser, so that tests can show that it grows with the length of the text and no faster.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Takes the tokens or bytes that were just looked at.
#[cfg(test)]
pub(super) fn add(count: usize) {
    STEPS.with(|steps| steps.set(steps.get() + count));
}

/// Takes the tokens or bytes that were just looked at. Only tests count them.
#[cfg(not(test))]
pub(super) fn add(_count: usize) {}

/// Returns the steps of this thread since the last call.
#[cfg(test)]
pub(in crate::shell) fn take() -> usize {
    STEPS.with(std::cell::Cell::take)
}
