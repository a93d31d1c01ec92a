//! What the store does when the disk fails, the power goes, or the file is not what it should be.

mod claiming;
mod crash;
mod failure;
mod faulty_disk;
mod grouping;
mod opening;

use std::sync::Arc;

use crate::disk::Medium;
use crate::error::OpenErrorKind;
use crate::seal::{Entropy, MasterKey};
use crate::store::RedbStore;
use faulty_disk::FaultyDisk;

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

fn entropy() -> Entropy {
    Arc::new(|bytes: &mut [u8]| bytes.fill(4))
}

/// Opens the store on a disk of these tests.
fn open(disk: &FaultyDisk) -> Result<Arc<RedbStore>, OpenErrorKind> {
    let [disk, same_disk] = [disk.clone(), disk.clone()];
    let medium = Medium {
        open: Box::new(move || redb::Builder::new().create_with_backend(disk.clone())),
        free_bytes: Box::new(move || same_disk.free_bytes()),
    };
    Ok(Arc::new(RedbStore::open_with(medium, &key(1), entropy())?))
}
