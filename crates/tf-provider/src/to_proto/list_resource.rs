//! ListResource: one event of the answer.

use crate::proto::tfplugin6::list_resource as pb;
use crate::server::list_resource::Event;

pub(crate) fn event(event: Event) -> pb::Event {
    let mut diagnostics = event.diagnostics;
    let identity = super::identity(event.identity, &mut diagnostics);
    let resource_object =
        event.object.and_then(|(ty, object)| super::value_or_report(&ty, &object, &mut diagnostics));
    pb::Event {
        identity,
        display_name: event.display_name,
        resource_object,
        diagnostic: super::diagnostics(diagnostics),
    }
}
