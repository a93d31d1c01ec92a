//! What CRMs ask of a lead that the lead itself does not say.

use crate::{Lead, text};

impl Lead {
    /// This lead with control characters removed, everything but the message on one line, and what is then empty none.
    #[must_use]
    pub fn cleaned(&self) -> Self {
        let line = |field: &Option<String>| field.as_deref().and_then(text::line);
        Self {
            name: line(&self.name),
            phone: line(&self.phone),
            email: line(&self.email),
            message: self.message.as_deref().and_then(text::lines),
            channel: line(&self.channel),
            conversation_id: line(&self.conversation_id),
        }
    }

    /// Whether nothing was collected that a person could act on: a channel and a conversation alone are no lead.
    pub fn is_blank(&self) -> bool {
        [&self.name, &self.phone, &self.email, &self.message].into_iter().all(Option::is_none)
    }

    /// Takes away an address that a target which checks addresses would refuse the whole lead for ([`text::is_email`]),
    /// and returns it, so that a note can keep what was typed.
    pub fn take_unusable_email(&mut self) -> Option<String> {
        self.email.take_if(|email| !text::is_email(email))
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
    fn only_an_unusable_address_is_taken_away() {
        let mut usable = Lead { email: Some("john@example.com".into()), ..lead("", "", "") };
        assert_eq!(usable.take_unusable_email(), None);
        assert!(usable.email.is_some());
        let mut unusable = Lead { email: Some("john at example".into()), ..usable };
        assert_eq!(unusable.take_unusable_email().as_deref(), Some("john at example"));
        assert_eq!(unusable.email, None);
    }

    #[test]
    fn cleaning_leaves_no_empty_field() {
        let cleaned = lead(" \u{0}\t", "+1\r\n202", "a\u{7}").cleaned();
        assert_eq!(cleaned, lead("", "+1 202", "a"));
        assert!(!cleaned.is_blank());
        assert!(lead("", "", "telegram").is_blank());
    }
}
