//! What a guest leaves in its memory for the host to read, laid out as the canonical ABI has it.

use crate::memory::{ABOUT, RESULT};

/// What `transform` answers: an action with everything in it that a plugin can choose.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Send a request, finally or to see its reply.
    Request {
        /// Whether `transform` wants to be called again: `call` instead of `deliver`.
        call: bool,
        /// The step's name.
        step: String,
        /// The path.
        path: Option<String>,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<String>,
        /// The statuses that are replies.
        accept: Vec<u16>,
    },
    /// `done`, with a receipt's reference and link.
    Done(Option<String>, Option<String>),
    /// `skip`, with a reason.
    Skip(String),
    /// `failure.permanent`, with a reason.
    Permanent(String),
}

impl Answer {
    /// A request that no host objects to.
    pub fn request() -> Self {
        let (headers, accept) = (Vec::new(), Vec::new());
        Self::Request {
            call: false,
            step: "text".into(),
            path: None,
            headers,
            body: Some("text".into()),
            accept,
        }
    }

    /// Such a request, to this path.
    pub fn to(path: &str) -> Self {
        Self::request().but(|_, to, _| *to = Some(path.into()))
    }

    /// Such a request, with this header.
    pub fn header(name: &str, value: &str) -> Self {
        Self::request().but(|_, _, headers| headers.push((name.into(), value.into())))
    }

    /// A request, changed in its step, its path and its headers.
    pub(crate) fn but(
        mut self,
        change: impl FnOnce(&mut String, &mut Option<String>, &mut Vec<(String, String)>),
    ) -> Self {
        if let Self::Request { step, path, headers, .. } = &mut self {
            change(step, path, headers);
        }
        self
    }

    /// The bytes of `result<action, failure>` at [`RESULT`], and of everything that it refers to behind them.
    pub fn bytes(&self) -> Vec<u8> {
        let mut memory = Memory::new(RESULT, 64);
        let words = match self {
            Self::Request { call, step, path, headers, body, accept } => {
                let (ok, post, no) = (0, 0, 0);
                let mut words = vec![ok, u32::from(*call)];
                words.extend(memory.text(step));
                words.push(post);
                words.extend(memory.option(path.as_deref()));
                words.extend(memory.pairs(headers));
                words.extend(memory.option(body.as_deref()));
                words.extend(memory.statuses(accept));
                words.push(no);
                words
            }
            Self::Done(reference, url) => {
                let mut words = vec![0, 2];
                words.extend(memory.option(reference.as_deref()));
                words.extend(memory.option(url.as_deref()));
                words
            }
            Self::Skip(reason) => [&[0, 3][..], &memory.text(reason)].concat(),
            Self::Permanent(reason) => [&[1, 0][..], &memory.text(reason)].concat(),
        };
        memory.finish(&words)
    }
}

/// What `describe` answers.
#[derive(Debug, Clone)]
pub struct About {
    /// The title.
    pub title: String,
    /// The summary.
    pub summary: String,
    /// The proposed URL.
    pub url: String,
    /// Names and placeholders of header hints.
    pub headers: Vec<(String, String)>,
    /// The settings' schema.
    pub schema: String,
}

impl Default for About {
    fn default() -> Self {
        Self {
            title: "text".into(),
            summary: "text".into(),
            url: "https://guest.example".into(),
            headers: Vec::new(),
            schema: "{}".into(),
        }
    }
}

impl About {
    /// The bytes of a description at [`ABOUT`], and of everything that it refers to behind them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut memory = Memory::new(ABOUT, 64);
        let mut words = Vec::new();
        for text in [&self.title, &self.summary, &self.url] {
            words.extend(memory.text(text));
        }
        let mut hints = Vec::new();
        for (name, placeholder) in &self.headers {
            let secret = 1;
            hints.extend([memory.text(name), memory.text(placeholder)].concat());
            hints.push(secret);
        }
        words.extend([memory.words(&hints), u32::try_from(self.headers.len()).unwrap()]);
        words.extend(memory.text(&self.schema));
        memory.finish(&words)
    }
}

/// A part of a guest's memory: a head of known size, and texts and lists behind it.
struct Memory {
    base: u32,
    bytes: Vec<u8>,
}

impl Memory {
    fn new(base: u32, head: usize) -> Self {
        Self { base, bytes: vec![0; head] }
    }

    /// Appends bytes; gives their address.
    fn append(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let address = self.base + u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend_from_slice(bytes);
        address
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        self.append(&le_bytes(words))
    }

    fn text(&mut self, text: &str) -> [u32; 2] {
        [self.append(text.as_bytes()), u32::try_from(text.len()).unwrap()]
    }

    fn option(&mut self, text: Option<&str>) -> [u32; 3] {
        text.map_or([0; 3], |text| {
            let [address, len] = self.text(text);
            [1, address, len]
        })
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> [u32; 2] {
        let mut list = Vec::new();
        for (name, value) in pairs {
            list.extend([self.text(name), self.text(value)].concat());
        }
        [self.words(&list), u32::try_from(pairs.len()).unwrap()]
    }

    fn statuses(&mut self, statuses: &[u16]) -> [u32; 2] {
        let bytes: Vec<u8> = statuses.iter().flat_map(|status| status.to_le_bytes()).collect();
        [self.append(&bytes), u32::try_from(statuses.len()).unwrap()]
    }

    fn finish(mut self, head: &[u32]) -> Vec<u8> {
        let head = le_bytes(head);
        self.bytes[..head.len()].copy_from_slice(&head);
        self.bytes
    }
}

/// Words as they lie in memory.
pub(crate) fn le_bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
