//! Which servers are trusted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// The client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The additional certificate authorities are not PEM.
    #[error("the additional certificate authorities cannot be read as PEM: {0}")]
    Pem(pem::Error),
    /// One of the additional certificate authorities cannot be used.
    #[error("an additional certificate authority cannot be used: {0}")]
    Certificate(rustls::Error),
    /// There is PEM, but no certificate in it.
    #[error("the additional certificate authorities are empty: no `BEGIN CERTIFICATE` was found")]
    NoCertificate,
    /// The TLS library refuses its own defaults: a defect of the build.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// TLS 1.2 and 1.3 with Mozilla's root certificates, which travel in the binary, so that a bare container needs none of
/// its own; and with additional ones, if there are any.
pub(crate) fn config(extra_roots_pem: Option<&[u8]>) -> Result<ClientConfig, EgressError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = extra_roots_pem {
        add_roots(&mut roots, pem)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(EgressError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add_roots(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), EgressError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(EgressError::Pem)?).map_err(EgressError::Certificate)?;
    }
    if roots.len() == before { Err(EgressError::NoCertificate) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additional_roots_that_are_none_are_refused() {
        assert!(config(None).is_ok());
        assert!(matches!(config(Some(b"no pem")), Err(EgressError::NoCertificate)));
        let broken = b"-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n";
        assert!(matches!(config(Some(broken)), Err(EgressError::Pem(_))));
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(config(Some(empty)), Err(EgressError::Certificate(_))));
    }
}
