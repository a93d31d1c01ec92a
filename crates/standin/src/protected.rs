//! The skeleton of every vendor's stand-in: an account behind a credential.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};

use crate::exchange::{Answer, Request};

/// An account that lets in only requests with its credential, one at a time.
#[derive(Debug)]
pub(crate) struct Protected<S> {
    credential: Credential,
    state: Mutex<S>,
}

#[derive(Debug)]
enum Credential {
    /// The token of `authorization: Bearer`.
    Bearer(String),
    /// The value of a header of the vendor's own.
    Header(&'static str, String),
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It has no credential.
    Missing,
    /// It has another one.
    Wrong,
}

impl<S: Default> Protected<S> {
    /// An empty account; requests carry `authorization: Bearer` and this token.
    pub(crate) fn bearer(token: &str) -> Self {
        Self { credential: Credential::Bearer(token.to_owned()), state: Mutex::default() }
    }

    /// An empty account; requests carry this value in the header `name`.
    pub(crate) fn header(name: &'static str, value: &str) -> Self {
        Self { credential: Credential::Header(name, value.to_owned()), state: Mutex::default() }
    }
}

impl<S> Protected<S> {
    /// The header that a webhook for this account carries.
    pub(crate) fn headers(&self) -> BTreeMap<&'static str, String> {
        match &self.credential {
            Credential::Bearer(token) => [("authorization", format!("Bearer {token}"))].into(),
            Credential::Header(name, value) => [(*name, value.clone())].into(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock()
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.state.get_mut()
    }

    /// Answers a request that has the credential by `route`, any other one by `deny`.
    pub(crate) fn serve<R>(
        &self,
        request: &Request,
        deny: impl FnOnce(Denied) -> R,
        route: impl FnOnce(&mut S, &Request) -> Result<Answer, R>,
    ) -> Result<Answer, R> {
        self.check(request).map_err(deny)?;
        route(&mut self.lock(), request)
    }

    /// Whether a request has the credential.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Denied> {
        let (carried, expected) = match &self.credential {
            Credential::Bearer(token) => (request.bearer(), token),
            Credential::Header(name, value) => (request.header(name), value),
        };
        match carried {
            None => Err(Denied::Missing),
            Some(carried) if carried != expected => Err(Denied::Wrong),
            Some(_) => Ok(()),
        }
    }
}
