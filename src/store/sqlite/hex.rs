//! Bytes as hex digits, for settings and lines of a file.

use std::fmt::Write;

pub(super) fn write(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly `N` bytes of lowercase digits, as [`write`] makes them.
pub(super) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes = [0, 1, 0x7f, 0xff];
        assert_eq!(read(&write(&bytes)), Some(bytes));
        for wrong in [
            "",
            "00017f",
            "00017ff",
            "00017fzz",
            "00017fff00",
            "\u{e9}0017ff",
        ] {
            assert_eq!(read::<4>(wrong), None, "{wrong}");
        }
    }
}
