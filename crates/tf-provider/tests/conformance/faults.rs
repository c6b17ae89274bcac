//! Item 21 for providers that offer what the protocol forbids: the first answer of a run says so.

use tf_provider::process::StopHandle;
use tf_provider::schema::{Computed, WriteOnly};
use tf_provider::{
    Context, DataSource, Diagnostics, ImportIdentity, ListResource, Listing, Provider, ProviderServer,
    Registry, Resource, ResourceIdentity, Schema, data_source, list_resource, resource,
};

use crate::support::host::told;

/// Is not well made.
#[derive(Schema, Clone, Debug)]
struct Faulty {}

impl Provider for Faulty {
    type Client = ();
    const NAME: &'static str = "faulty";

    fn register() -> Registry<()> {
        Registry::new()
            .data_source(data_source!(Secretive))
            .resource(resource!(Nested))
            .list_resource(list_resource!(Unknown))
    }

    async fn configure(_: FaultyPlan, _: &mut Diagnostics) -> Result<Option<()>, Diagnostics> {
        Ok(Some(()))
    }
}

/// Is told what it cannot keep to itself.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "faulty_secretive")]
struct Secretive {
    /// One more level.
    inner: Option<Inner>,
}

/// A level.
#[derive(Schema, Clone, Debug)]
struct Inner {
    /// A secret.
    secret_wo: WriteOnly<String>,
}

impl DataSource for Secretive {
    type Client = ();

    async fn read(self, _: &mut Context<()>) -> Result<Self, Diagnostics> {
        Ok(self)
    }
}

/// Has a computed block within a block.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "faulty_nested")]
struct Nested {
    /// The outer one.
    #[tf(block)]
    outer: Vec<Outer>,
}

/// The outer one.
#[derive(Schema, Clone, Debug)]
struct Outer {
    /// The inner one.
    #[tf(block)]
    found: Computed<Vec<Leaf>>,
}

/// A leaf.
#[derive(Schema, Clone, Debug)]
struct Leaf {
    /// Its name.
    name: String,
}

/// Its name.
#[derive(Schema, Clone, Debug)]
#[tf(identity)]
struct LeafName {
    /// Its name.
    name: String,
}

impl Resource for Nested {
    type Client = ();

    async fn create(self, _: &mut Context<()>) -> Result<Self, Diagnostics> {
        Ok(self)
    }

    async fn read(self, _: &mut Context<()>) -> Result<Option<Self>, Diagnostics> {
        Ok(Some(self))
    }

    async fn update(self, _: Self, _: &mut Context<()>) -> Result<Self, Diagnostics> {
        Ok(self)
    }

    async fn delete(self, _: &mut Context<()>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl ResourceIdentity for Nested {
    type Identity = LeafName;

    fn identity(&self, (): &()) -> Option<LeafName> {
        None
    }
}

impl ImportIdentity for Nested {
    async fn import_identity(_: LeafName, _: &mut Context<()>) -> Result<Self, Diagnostics> {
        Ok(Nested { outer: Vec::new() })
    }
}

/// Finds what no resource is.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "faulty_unknown")]
struct Unknown {}

impl ListResource for Unknown {
    type Resource = Nested;

    async fn list(self, _: &mut Listing<Nested>, _: &mut Context<()>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

#[test]
fn item_21_what_the_protocol_forbids_is_told_with_the_schema() {
    let schema = ProviderServer::<Faulty>::new(StopHandle::new()).schema();
    assert_eq!(told(&schema.diagnostics), ["error : Provider error"; 3]);
    for (diagnostic, words) in schema.diagnostics.iter().zip([
        "secret_wo stands in data source faulty_secretive",
        "found stands in a block of faulty_nested",
        "faulty_unknown can be listed, but is no resource with an identity",
    ]) {
        assert!(diagnostic.detail.contains(words), "{}", diagnostic.detail);
    }
}
