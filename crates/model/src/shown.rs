//! Which parts of a URL people may see: those of known shapes. The rest may be a credential.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The most words of one part.
const MAX_WORDS: usize = 4;
/// More digits than this are an identifier, or a token.
const MAX_DIGITS: usize = 3;
/// A part of this length is taken for a secret even if it looks like words.
const LONG: usize = 16;
/// A shorter part hides nothing.
const SHORT: usize = 6;

/// The words of paths and parameter names, as interfaces and automation services use them.
const WORDS: &str = "\
    about access account accounts action actions activities activity add admin agent agents ajax alert alerts api apikey \
    apis app append application applications apps archive array assign associations async at attach auth automation \
    automations base bases batch blocks board boards body bot bots bulk by call callback callbacks calls campaigns \
    capture catch category cgi bin channel channels chat chats check client clients code collect column columns comment \
    comments companies company complex composite config connect connector contact contacts conversation conversations \
    count create crm cron current custom customer customers data database databases db deal deals debug default demo dev \
    discussion dispatch do document documents domain edit email emails endpoint endpoints engage entity entities event \
    events exact exec execute export field fields file files find first flow flows form format forms from function \
    functions get graphql group groups handler handlers hash health hook hooks html http id ids import in inbound inbox \
    incoming index info ingest input inquiry insert int integration integrations intake internal invoke issue issues item \
    items job jobs json key last latest lead leads limit link links list lists live log login logs mail main make manage \
    manual map match member members merge message messages meta method mode name new next note notes notification \
    notifications notify number object objects odata offset on open order orders organization organizations out outbound \
    owner page pages param parse patch path paths payload people permissive person persons phone php ping pipeline \
    pipelines post posts prod production products profile project projects properties property public publish push put \
    query queue read receive receiver record records ref register relay release remote reply report request requests \
    resource resources response rest result results return row rows rpc rule run save script scripts search secret secure \
    send sent server service services session set sheet sheets sig signature simple site sites sobjects sort source \
    space spaces stage stages staging start state static stats status store stream submissions submit subscribe \
    subscriber subscribers subscription subscriptions sync system table tables tag tags target task tasks team teams \
    term test text thread ticket tickets time to token topic trigger triggers type unsorted update upload upsert url use \
    user users v val value version view web webhook webhooks webform website wh with work worker workers workflow \
    workflows workspace workspaces wp write xml zap zapier";

fn is_word(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
    KNOWN.contains(word)
}

/// Whether a path segment or a parameter's name has a known shape: words that interfaces use, versions, small numbers.
pub(crate) fn may_be_shown(part: &str) -> bool {
    if part.is_empty() {
        return true;
    }
    // Interfaces write in lower case or in camels.
    if part.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_uppercase)) {
        return false;
    }
    let mut count = 0;
    words(part).all(|word| {
        count += 1;
        count <= MAX_WORDS && is_known(&word)
    })
}

fn is_known(word: &str) -> bool {
    let digits = word.trim_start_matches('v');
    let is_number =
        !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_word(word) || (is_number && word.len() - digits.len() <= 1)
}

/// The words of a part, in lower case: between hyphens, underscores, dots and the humps of camels.
fn words(part: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut previous = None;
    for c in part.chars() {
        let is_hump =
            c.is_ascii_uppercase() && previous.is_some_and(|before: char| before.is_ascii_lowercase());
        if matches!(c, '-' | '_' | '.') || is_hump {
            words.push(String::new());
        }
        if !matches!(c, '-' | '_' | '.')
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        previous = Some(c);
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// Whether a part may be a credential that has to be masked wherever it comes back. Fewer parts than those that are not
/// shown: a word that is merely unknown also stands in replies that mean something else by it.
pub(crate) fn may_be_secret(part: &str) -> bool {
    let has = |is: fn(&char) -> bool| part.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_digit) || (has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase));
    part.len() >= SHORT
        && !may_be_shown(part)
        && (mixed || part.len() >= LONG || !has(char::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_interfaces_are_shown() {
        for part in [
            "",
            "hook",
            "api",
            "v2",
            "v59.0",
            "crm.item.add",
            "sendMessage",
            "webhook-test",
            "wp-json",
            "1",
            "persons",
            "exact_match",
            "sobjects",
            "index.php",
            "Contacts",
        ] {
            assert!(may_be_shown(part), "{part}");
            assert!(!may_be_secret(part), "{part}");
        }
    }

    #[test]
    fn other_parts_are_not() {
        for part in [
            "SeCrEtPth8h",
            "a.b.c9",
            "T000",
            "TOKEN",
            "letmein",
            "bot123:abc",
            "abcdefghijklmnop",
            "hunter2",
            "12345",
            "ключ",
        ] {
            assert!(!may_be_shown(part), "{part}");
        }
        for part in ["SeCrEtPth8h", "a.b.c9", "abcdefghijklmnop", "bot123:abc", "TOKENX", "123456789"] {
            assert!(may_be_secret(part), "{part}");
        }
        for part in ["kunden", "u1"] {
            assert!(!may_be_secret(part), "{part}");
        }
    }
}
