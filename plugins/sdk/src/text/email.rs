//! E-mail addresses.

/// RFC 5321, section 4.5.3.1: the longest path, without its brackets, and the longest local part.
const MAX_BYTES: usize = 254;
const LOCAL_MAX_BYTES: usize = 64;

/// Whether a target that checks addresses may take this one: one `@` with text before it, a domain with a dot behind it,
/// and the lengths that mail allows. No local rule equals a vendor's, so a mapping must also expect a refusal; see
/// [`crate::Draft`].
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    text.len() <= MAX_BYTES
        && (1..=LOCAL_MAX_BYTES).contains(&local.len())
        && domain.contains('.')
        && domain.split('.').all(label)
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
        && !local.chars().any(|c| c.is_whitespace() || c.is_control() || "\"(),:;<>[\\]".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let longest = format!(
            "{}@{}.example.com",
            "x".repeat(64),
            ["y".repeat(58), "y".repeat(58), "y".repeat(58)].join(".")
        );
        assert_eq!(longest.len(), 253);
        for good in ["john@example.com", "o'neil+tag@sub.example.co", "я@пример.рф", &longest] {
            assert!(is_email(good), "{good}");
        }
        let (long_local, long) = (format!("{}@example.com", "x".repeat(65)), format!("{longest}.org"));
        for bad in [
            "",
            "john",
            "john@",
            "@example.com",
            "john@example",
            "a b@example.com",
            "a@b@example.com",
            "a@b..c",
            &long_local,
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
