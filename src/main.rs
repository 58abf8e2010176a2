//! topicscore.
fn main() {}
