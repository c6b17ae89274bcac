//! Provider functions: pure, and often called in a process that was never configured.
//!
//! A closure is a function: the types of its arguments are the parameters, its result is the result (an `Option` may be
//! null, a `Value` may be unknown, which it has to be where it depends on an unknown argument).
//!
//! ```
//! use tf_provider::{Function, FunctionError, Variadic};
//!
//! let join = Function::new(
//!     "join_tags",
//!     "Joins tags.",
//!     "Joins tags with a separator, a comma by default.",
//!     [("separator", "Stands between them; null means a comma."), ("tags", "The tags.")],
//!     |separator: Option<String>, tags: Variadic<String>| {
//!         if tags.is_empty() {
//!             return Err(FunctionError::argument(1, "give at least one tag"));
//!         }
//!         Ok(tags.join(separator.as_deref().unwrap_or(",")))
//!     },
//! );
//! assert_eq!(join.parameters().len(), 1);
//! assert!(join.variadic().is_some());
//! ```

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::schema::{AttributeValue, Convert};
use crate::value::{RawValue, Type, Value};

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
    /// Null is passed to the function; otherwise Terraform refuses it.
    pub allows_null: bool,
    /// Unknown is passed to the function; otherwise the result is unknown without a call.
    pub allows_unknown: bool,
}

/// A type that can be the argument of a function: `T`, `Option<T>` where null may be given, `Value<T>` where an
/// unknown may be too, and [`Variadic<T>`] as the last one.
pub trait Argument: Sized {
    /// All arguments that are left, instead of one.
    const VARIADIC: bool = false;
    /// See [`Parameter::allows_null`].
    const ALLOWS_NULL: bool = false;
    /// See [`Parameter::allows_unknown`].
    const ALLOWS_UNKNOWN: bool = false;

    /// Type of one argument.
    fn ty() -> Type;

    /// Takes the argument at `position`, or all from there on.
    ///
    /// # Errors
    /// The argument does not fit.
    fn take(arguments: &[RawValue], position: usize) -> Result<Self, FunctionError>;
}

impl<T: AttributeValue> Argument for T {
    fn ty() -> Type {
        T::kind().ty()
    }

    fn take(arguments: &[RawValue], position: usize) -> Result<Self, FunctionError> {
        take(arguments, position)
    }
}

impl<T: AttributeValue> Argument for Option<T> {
    const ALLOWS_NULL: bool = true;

    fn ty() -> Type {
        T::kind().ty()
    }

    fn take(arguments: &[RawValue], position: usize) -> Result<Self, FunctionError> {
        take(arguments, position)
    }
}

impl<T: AttributeValue> Argument for Value<T> {
    const ALLOWS_NULL: bool = true;
    const ALLOWS_UNKNOWN: bool = true;

    fn ty() -> Type {
        T::kind().ty()
    }

    fn take(arguments: &[RawValue], position: usize) -> Result<Self, FunctionError> {
        take(arguments, position)
    }
}

/// Any number of arguments, the last of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variadic<T>(pub Vec<T>);

impl<T> Deref for Variadic<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Argument> Argument for Variadic<T> {
    const VARIADIC: bool = true;
    const ALLOWS_NULL: bool = T::ALLOWS_NULL;
    const ALLOWS_UNKNOWN: bool = T::ALLOWS_UNKNOWN;

    fn ty() -> Type {
        T::ty()
    }

    fn take(arguments: &[RawValue], position: usize) -> Result<Self, FunctionError> {
        (position..arguments.len())
            .map(|position| T::take(arguments, position))
            .collect::<Result<_, _>>()
            .map(Variadic)
    }
}

/// A closure or function of arguments `A` that can be a [`Function`].
pub trait Body<A>: Send + Sync + 'static {
    /// Name and description of each parameter.
    type Parameters: IntoIterator<Item = (&'static str, &'static str)>;

    /// The parameters, in order, each with whether it is variadic.
    fn parameters(names: Self::Parameters) -> Vec<(Parameter, bool)>;

    /// Type of the result.
    fn result() -> Type;

    /// Calls it.
    ///
    /// # Errors
    /// An argument does not fit, or what the function itself finds wrong.
    fn call(&self, arguments: &[RawValue]) -> Result<RawValue, FunctionError>;
}

macro_rules! body {
    ($count:literal: $($argument:ident $position:literal),*) => {
        impl<F, R, $($argument,)*> Body<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Result<R, FunctionError> + Send + Sync + 'static,
            R: Argument + Convert,
            $($argument: Argument,)*
        {
            type Parameters = [(&'static str, &'static str); $count];

            fn parameters(names: Self::Parameters) -> Vec<(Parameter, bool)> {
                let make: [fn(&'static str, &'static str) -> (Parameter, bool); $count] = [$(parameter::<$argument>),*];
                names.into_iter().zip(make).map(|((name, description), make)| make(name, description)).collect()
            }

            fn result() -> Type {
                R::ty()
            }

            fn call(&self, arguments: &[RawValue]) -> Result<RawValue, FunctionError> {
                let _ = arguments;
                Ok(self($($argument::take(arguments, $position)?),*)?.to_raw())
            }
        }
    };
}

body!(0:);
body!(1: A 0);
body!(2: A 0, B 1);
body!(3: A 0, B 1, C 2);
body!(4: A 0, B 1, C 2, D 3);
body!(5: A 0, B 1, C 2, D 3, E 4);

type CallFn = Arc<dyn Fn(&[RawValue]) -> Result<RawValue, FunctionError> + Send + Sync>;

/// A function with its signature.
#[derive(Clone)]
pub struct Function {
    name: &'static str,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Parameter>,
    variadic: Option<Parameter>,
    result: Type,
    call: CallFn,
}

impl Function {
    /// A function made of a closure. `parameters` are names and descriptions, one for each argument.
    ///
    /// # Panics
    /// A [`Variadic`] is not the last argument.
    pub fn new<A, B: Body<A>>(
        name: &'static str,
        summary: &'static str,
        description: &'static str,
        parameters: B::Parameters,
        body: B,
    ) -> Self {
        let mut all = B::parameters(parameters);
        let variadic = all.pop_if(|(_, variadic)| *variadic).map(|(parameter, _)| parameter);
        assert!(all.iter().all(|(_, variadic)| !variadic), "{name}: only the last parameter can be variadic");
        Function {
            name,
            summary,
            description,
            parameters: all.into_iter().map(|(parameter, _)| parameter).collect(),
            variadic,
            result: B::result(),
            call: Arc::new(move |arguments| body.call(arguments)),
        }
    }

    /// A function of one argument.
    pub fn unary<A: Argument + 'static, R: AttributeValue + 'static>(
        name: &'static str,
        summary: &'static str,
        description: &'static str,
        parameter: (&'static str, &'static str),
        body: impl Fn(A) -> Result<R, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        Function::new(name, summary, description, [parameter], body)
    }

    /// A function of two arguments.
    pub fn binary<A: Argument + 'static, B: Argument + 'static, R: AttributeValue + 'static>(
        name: &'static str,
        summary: &'static str,
        description: &'static str,
        parameters: [(&'static str, &'static str); 2],
        body: impl Fn(A, B) -> Result<R, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        Function::new(name, summary, description, parameters, body)
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

    /// The parameters in order, without the variadic one.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What stands for all arguments after the parameters.
    pub fn variadic(&self) -> Option<&Parameter> {
        self.variadic.as_ref()
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

fn parameter<A: Argument>(name: &'static str, description: &'static str) -> (Parameter, bool) {
    let (allows_null, allows_unknown) = (A::ALLOWS_NULL, A::ALLOWS_UNKNOWN);
    (Parameter { name, description, ty: A::ty(), allows_null, allows_unknown }, A::VARIADIC)
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
            .field("variadic", &self.variadic)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}
