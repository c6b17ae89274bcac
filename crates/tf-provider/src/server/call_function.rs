//! CallFunction: pure, and often in a process that was never configured.

use crate::function::{Function, FunctionError};
use crate::value::{RawValue, Type};

pub(crate) struct Request {
    pub(crate) function: Function,
    pub(crate) arguments: Vec<RawValue>,
}

pub(crate) fn handle(request: &Request) -> Result<(Type, RawValue), FunctionError> {
    let ty = request.function.result().clone();
    let result = request.function.call(&request.arguments)?.normalised(&ty);
    Ok((ty, result))
}
