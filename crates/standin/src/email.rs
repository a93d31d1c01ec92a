//! Addresses, as vendors check them.

/// Whether a vendor that checks addresses takes this one.
pub(crate) fn is_email(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.split_once('@').is_some_and(|(local, domain)| {
        let is_local = |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>@[\\]".contains(c);
        !local.is_empty()
            && local.chars().all(is_local)
            && domain.contains('.')
            && domain.split('.').all(is_label)
    })
}
