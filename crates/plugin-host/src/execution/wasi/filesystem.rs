//! `wasi:filesystem`: no folder is open, so nothing can be done with one.

use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut, bail};

use super::versioned;
use crate::execution::fuel::Metered as _;
use crate::execution::instance::State;

struct Descriptor;
struct DirectoryEntryStream;

/// Every function of `wasi:filesystem/types`. All but one take a handle that nobody has.
const FUNCTIONS: [&str; 29] = [
    "filesystem-error-code",
    "[method]descriptor.advise",
    "[method]descriptor.append-via-stream",
    "[method]descriptor.create-directory-at",
    "[method]descriptor.get-flags",
    "[method]descriptor.get-type",
    "[method]descriptor.is-same-object",
    "[method]descriptor.link-at",
    "[method]descriptor.metadata-hash",
    "[method]descriptor.metadata-hash-at",
    "[method]descriptor.open-at",
    "[method]descriptor.read",
    "[method]descriptor.read-directory",
    "[method]descriptor.read-via-stream",
    "[method]descriptor.readlink-at",
    "[method]descriptor.remove-directory-at",
    "[method]descriptor.rename-at",
    "[method]descriptor.set-size",
    "[method]descriptor.set-times",
    "[method]descriptor.set-times-at",
    "[method]descriptor.stat",
    "[method]descriptor.stat-at",
    "[method]descriptor.symlink-at",
    "[method]descriptor.sync",
    "[method]descriptor.sync-data",
    "[method]descriptor.unlink-file-at",
    "[method]descriptor.write",
    "[method]descriptor.write-via-stream",
    "[method]directory-entry-stream.read-directory-entry",
];

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    let mut types = linker.instance(&versioned("wasi:filesystem/types"))?;
    types.resource("descriptor", ResourceType::host::<Descriptor>(), |_, _| Ok(()))?;
    let entries = ResourceType::host::<DirectoryEntryStream>();
    types.resource("directory-entry-stream", entries, |_, _| Ok(()))?;
    for name in FUNCTIONS {
        types.func_new(name, move |_, _, _, _| bail!("`{name}` was called, but a plugin has no files"))?;
    }

    let mut preopens = linker.instance(&versioned("wasi:filesystem/preopens"))?;
    preopens.metered("get-directories", |_: StoreContextMut<'_, State>, ()| {
        Ok((Vec::<(Resource<Descriptor>, String)>::new(),))
    })
}
