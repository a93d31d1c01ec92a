//! The name that somebody meant.

/// More typing errors than this make another word.
const MAX_ERRORS: usize = 2;

/// The name that is most like the word, if one is like it.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let errors = |name: &&str| errors(&word, name);
    let found = names.into_iter().min_by_key(errors)?;
    // A short word is like every other one.
    (errors(&found) <= MAX_ERRORS.min(word.chars().count() / 2)).then_some(found)
}

/// `did you mean …?`, if a name is like the word; nothing otherwise.
pub(crate) fn suggestion<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map_or_else(String::new, |name| format!("did you mean `{name}`? "))
}

/// How many letters have to be put in, taken out or replaced.
fn errors(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, c) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognized_and_other_words_are_not() {
        let names = ["name", "phone", "email", "message", "channel", "conversation_id"];
        for (word, expected) in [
            ("fone", Some("phone")),
            ("Phone", Some("phone")),
            ("e_mail", Some("email")),
            ("nmae", Some("name")),
            ("conversationid", Some("conversation_id")),
            ("company", None),
            ("utm", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}
