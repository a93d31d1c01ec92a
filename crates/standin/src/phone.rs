//! Phone numbers, as a vendor checks them that does.

const MAX_CHARS: usize = 40;
const MIN_DIGITS: usize = 2;

/// Whether a vendor that checks phone numbers takes this one: digits, punctuation, and an extension's mark.
pub(crate) fn is_phone(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_digit() || " +-().,/;=#*ext".contains(c);
    text.chars().count() <= MAX_CHARS
        && text.chars().all(is_fit)
        && text.chars().filter(char::is_ascii_digit).count() >= MIN_DIGITS
}

#[cfg(test)]
mod tests {
    use super::is_phone;

    #[test]
    fn other_texts_are_refused() {
        for good in ["+1 (202) 555-1234", "8 999 555-11-22 ext. 5", "+1202;ext=5"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["call me", "", "+", "<b>1234567</b>", "+12025551234 after nine", &"1".repeat(41)] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
