//! Provider functions: pure, and often called in a process that was never configured.

use std::fmt;
use std::sync::Arc;

use crate::schema::{AttributeValue, Convert};
use crate::value::{RawValue, Type};

/// What went wrong in a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong and what to write instead.
    pub text: String,
    /// Position of the argument at fault, from 0.
    pub argument: Option<i64>,
}

impl FunctionError {
    /// The fault of one argument, by position from 0.
    pub fn argument(position: i64, text: impl Into<String>) -> Self {
        FunctionError { text: text.into(), argument: Some(position) }
    }
}

/// One parameter of a function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in the documentation.
    pub name: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// Its type.
    pub ty: Type,
}

type CallFn = Arc<dyn Fn(&[RawValue]) -> Result<RawValue, FunctionError> + Send + Sync>;

/// A function with its signature.
#[derive(Clone)]
pub struct Function {
    name: &'static str,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Parameter>,
    result: Type,
    call: CallFn,
}

impl Function {
    /// A function of one argument. Null and unknown arguments never reach it.
    pub fn unary<A: AttributeValue + 'static, R: AttributeValue + 'static>(
        name: &'static str,
        summary: &'static str,
        description: &'static str,
        parameter: (&'static str, &'static str),
        body: impl Fn(A) -> Result<R, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        let call: CallFn = Arc::new(move |arguments| Ok(body(take(arguments, 0)?)?.to_raw()));
        Function {
            name,
            summary,
            description,
            parameters: vec![param::<A>(parameter)],
            result: R::kind().ty(),
            call,
        }
    }

    /// A function of two arguments. Null and unknown arguments never reach it.
    pub fn binary<A: AttributeValue + 'static, B: AttributeValue + 'static, R: AttributeValue + 'static>(
        name: &'static str,
        summary: &'static str,
        description: &'static str,
        parameters: [(&'static str, &'static str); 2],
        body: impl Fn(A, B) -> Result<R, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        let call: CallFn =
            Arc::new(move |arguments| Ok(body(take(arguments, 0)?, take(arguments, 1)?)?.to_raw()));
        let [first, second] = parameters;
        let parameters = vec![param::<A>(first), param::<B>(second)];
        Function { name, summary, description, parameters, result: R::kind().ty(), call }
    }

    /// Its name, without `provider::…::`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Markdown.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// The parameters in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The type of its result.
    pub fn result(&self) -> &Type {
        &self.result
    }

    /// Calls it.
    ///
    /// # Errors
    /// What the function finds wrong with its arguments.
    pub fn call(&self, arguments: &[RawValue]) -> Result<RawValue, FunctionError> {
        (self.call)(arguments)
    }
}

fn param<A: AttributeValue>((name, description): (&'static str, &'static str)) -> Parameter {
    Parameter { name, description, ty: A::kind().ty() }
}

fn take<A: Convert>(arguments: &[RawValue], position: usize) -> Result<A, FunctionError> {
    let argument = arguments.get(position).unwrap_or(&RawValue::Null);
    A::from_raw(argument)
        .map_err(|error| FunctionError { text: error.problem, argument: i64::try_from(position).ok() })
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("parameters", &self.parameters)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}
