//! List resources: how an object that was found is told.

use tf_provider::{Context, Diagnostics, Found, ImportState, Listing, ResourceIdentity};

use crate::clients::Clients;

/// Tells of the object that is imported and known by `name`; of the whole of it where that is asked for. One that went
/// in the meantime is none.
///
/// # Errors
/// It cannot be read; or no more are wanted.
pub async fn tell<R>(
    list: &mut Listing<R>,
    identity: R::Identity,
    name: String,
    ctx: &mut Context<Clients>,
) -> Result<(), Diagnostics>
where
    R: ImportState<Client = Clients> + ResourceIdentity,
{
    let mut found = Found::new(identity, name.clone());
    if list.includes_object() {
        let Some(object) = R::import(name, ctx).await?.read(ctx).await? else { return Ok(()) };
        found = found.object(object);
    }
    Ok(list.push(found).await?)
}
