//! What CRMs ask of a lead that the lead itself does not say.

use crate::{Lead, text};

impl Lead {
    /// This lead without control characters and without invisible characters at the ends of its fields, everything but
    /// the message on one line. A field of which nothing is left is none. A phone number or an address has no invisible
    /// character at all.
    #[must_use]
    pub fn cleaned(&self) -> Self {
        let line = |field: &Option<String>| field.as_deref().and_then(text::line);
        let visible =
            |field: &Option<String>| line(field).and_then(|field| text::line(&text::visible(&field)));
        Self {
            name: line(&self.name),
            phone: visible(&self.phone),
            email: visible(&self.email),
            message: self.message.as_deref().and_then(text::lines),
            channel: line(&self.channel),
            conversation_id: line(&self.conversation_id),
        }
    }

    /// Whether nothing was collected that a person could act on: a channel and a conversation alone are no lead.
    pub fn is_blank(&self) -> bool {
        [&self.name, &self.phone, &self.email, &self.message].into_iter().all(Option::is_none)
    }

    /// A name for a lead without one: `Telegram lead`, or `New lead` if the channel is unknown too.
    pub fn stand_in_name(&self) -> String {
        let mut letters = self.channel.as_deref().unwrap_or("New").chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).chain(" lead".chars()).collect()
    }

    /// What to call the lead where every record must have a name: the name, else the phone number, else the address, else
    /// [`Lead::stand_in_name`].
    pub fn display_name(&self) -> String {
        self.known_name().cloned().unwrap_or_else(|| self.stand_in_name())
    }

    /// A title for lists, such as `John Smith (telegram)`: the [`Lead::display_name`] with the channel, which a stand-in already names.
    pub fn title(&self) -> String {
        match (self.known_name(), &self.channel) {
            (Some(known), Some(channel)) => format!("{known} ({channel})"),
            _ => self.display_name(),
        }
    }

    fn known_name(&self) -> Option<&String> {
        self.name.as_ref().or(self.phone.as_ref()).or(self.email.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use crate::Lead;

    fn lead(name: &str, phone: &str, channel: &str) -> Lead {
        let field = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Lead {
            name: field(name),
            phone: field(phone),
            email: None,
            message: None,
            channel: field(channel),
            conversation_id: None,
        }
    }

    #[test]
    fn titles() {
        assert_eq!(lead("John Smith", "+1", "telegram").title(), "John Smith (telegram)");
        assert_eq!(lead("", "+1", "telegram").title(), "+1 (telegram)");
        assert_eq!(lead("John", "", "").title(), "John");
        assert_eq!(lead("", "+1", "telegram").display_name(), "+1");
        assert_eq!(lead("", "", "telegram").display_name(), "Telegram lead");
        assert_eq!(lead("", "", "éclair").title(), "Éclair lead");
        assert_eq!(lead("", "", "").title(), "New lead");
    }

    #[test]
    fn cleaning_leaves_no_empty_field() {
        let cleaned = lead(" \u{0}\t", "+1\r\n202", "a\u{7}").cleaned();
        assert_eq!(cleaned, lead("", "+1 202", "a"));
        assert!(!cleaned.is_blank());
        assert!(lead("", "", "telegram").is_blank());
    }

    #[test]
    fn cleaning_leaves_nothing_that_nobody_sees() {
        let cleaned = lead("\u{feff}John\u{200d}\u{3164}", "\u{202a}+1\u{2060}202\u{202c}", "").cleaned();
        assert_eq!(cleaned, lead("John", "+1202", ""));
        for hidden in ["\u{200b}", "\u{feff} \u{202e}", "\u{115f}\u{1160}\u{3164}\u{ffa0}"] {
            let nothing = Lead {
                message: Some(hidden.into()),
                email: Some(hidden.into()),
                ..lead(hidden, hidden, "telegram")
            };
            assert!(nothing.cleaned().is_blank(), "{hidden:?}");
        }
    }
}
