//! Mautic stand-in.
