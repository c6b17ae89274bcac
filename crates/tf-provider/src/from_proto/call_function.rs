//! CallFunction: request.

use crate::function::FunctionError;
use crate::proto::tfplugin6::call_function as pb;
use crate::provider::Registry;
use crate::server::call_function::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request, FunctionError> {
    let fault = |text: String, argument: Option<i64>| FunctionError { text, argument };
    let function = registry.functions.get(&request.name).cloned();
    let function = function
        .ok_or_else(|| fault(format!("this provider has no function called {:?}", request.name), None))?;
    let (wanted, given) = (function.parameters().len(), request.arguments.len());
    if given < wanted || (given > wanted && function.variadic().is_none()) {
        return Err(fault(
            format!("{} takes {wanted} arguments, but {given} were given", request.name),
            None,
        ));
    }
    let mut arguments = Vec::with_capacity(given);
    let parameters = function.parameters().iter().chain(function.variadic().into_iter().cycle());
    for (position, (parameter, argument)) in (0..).zip(parameters.zip(request.arguments)) {
        let value = super::value(&parameter.ty, "argument", Some(argument));
        arguments.push(value.map_err(|diagnostics| {
            let text =
                diagnostics.iter().map(|diagnostic| diagnostic.detail.clone()).collect::<Vec<_>>().join(" ");
            fault(text, Some(position))
        })?);
    }
    Ok(Request { function, arguments })
}
