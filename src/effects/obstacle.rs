//! What stands in the way of a change.

/// What stands in the way, and what the user can do about it.
pub type Obstacle = (String, String);
