//! CallFunction: answer.

use crate::function::FunctionError;
use crate::proto::tfplugin6 as pb;
use crate::value::{RawValue, Type};

pub(crate) fn response(result: Result<(Type, RawValue), FunctionError>) -> pb::call_function::Response {
    let encoded = result.and_then(|(ty, result)| {
        super::value(&ty, &result)
            .map_err(|diagnostic| FunctionError { text: diagnostic.detail, argument: None })
    });
    match encoded {
        Ok(result) => pb::call_function::Response { result: Some(result), error: None },
        Err(FunctionError { text, argument }) => pb::call_function::Response {
            result: None,
            error: Some(pb::FunctionError { text, function_argument: argument }),
        },
    }
}
