//! What the store does when the disk fails, the power goes, or the file is not what it should be.

mod claiming;
mod crash;
mod failure;
mod grouping;
mod opening;
mod platter;

use std::sync::Arc;

use crate::disk::Medium;
use crate::error::OpenErrorKind;
use crate::seal::{Entropy, MasterKey};
use crate::store::RedbStore;
use platter::Platter;

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

fn entropy() -> Entropy {
    Arc::new(|bytes: &mut [u8]| bytes.fill(4))
}

/// Opens the store on a disk of these tests.
fn open(platter: &Platter) -> Result<Arc<RedbStore>, OpenErrorKind> {
    let [platter, same_platter] = [platter.clone(), platter.clone()];
    let medium = Medium {
        open: Box::new(move || redb::Builder::new().create_with_backend(platter.clone())),
        free_bytes: Box::new(move || same_platter.free_bytes()),
    };
    Ok(Arc::new(RedbStore::open_with(medium, &key(1), entropy())?))
}
