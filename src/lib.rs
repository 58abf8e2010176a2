//! topicscore
