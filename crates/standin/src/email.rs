//! Addresses, as vendors check them: more strictly than any sender does.

/// Top-level domains that vendors know. The registry's list is far longer; what matters is that a misspelt one is not on it.
const TOP_LEVEL: [&str; 20] = [
    "com", "org", "net", "info", "biz", "io", "ai", "co", "de", "fr", "uk", "us", "eu", "ru", "рф", "ua",
    "br", "in", "cn", "jp",
];

/// Whether a vendor that checks addresses takes this one.
pub(crate) fn is_email(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.split_once('@').is_some_and(|(local, domain)| {
        let is_local = |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>@[\\]".contains(c);
        local.split('.').all(|part| !part.is_empty() && part.chars().all(is_local))
            && domain.contains('.')
            && domain.split('.').all(is_label)
            && domain.rsplit('.').next().is_some_and(|name| TOP_LEVEL.contains(&name.to_lowercase().as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn misspelt_addresses_are_refused() {
        for good in ["john@example.com", "o'neil+tag@sub.example.co", "я@пример.рф", "J@EXAMPLE.COM"]
        {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "redacted@ymail.con",
            ".john@example.com",
            "john.@example.com",
            "jo..hn@example.com",
            "john@example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
