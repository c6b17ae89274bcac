//! From the [`Model`] to the generated items.
//!
//! Every path is absolute, so that nothing in the author's scope can be mistaken for ours.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Expr, ExprLit, Ident, Lit, Type};

use crate::model::{AttributeRole, BlockNesting, BlockRole, Field, Model, Presence, Role};
use crate::parse::parse;

/// Everything that `#[derive(Schema)]` adds.
pub(crate) fn schema(input: &DeriveInput) -> TokenStream {
    let (model, errors) = parse(input);
    match (model, errors.into_compile_errors()) {
        (Some(model), None) => {
            let items = [
                plan_struct(&model),
                convert_impls(&model),
                schema_impl(&model),
                attribute_impl(&model),
                identity_impl(&model),
            ];
            items.into_iter().collect()
        }
        // The items exist all the same, so that a mistake is not buried under errors of their users.
        (Some(model), Some(errors)) => {
            [errors, plan_struct(&model), stub_impls(&model)].into_iter().collect()
        }
        (None, errors) => errors.unwrap_or_default(),
    }
}

fn plan_ident(model: &Model) -> Ident {
    format_ident!("{}Plan", model.ident)
}

// === plan form ===

fn plan_struct(model: &Model) -> TokenStream {
    let (vis, plan) = (&model.vis, plan_ident(model));
    let doc = format!("Plan form of [`{}`]: every field may be unknown.", model.ident);
    let fields = model.fields.iter().map(|Field { ident, vis, docs, role, .. }| {
        let ty = plan_type(role);
        quote!(#(#docs)* #vis #ident: #ty,)
    });
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
        #vis struct #plan {
            #(#fields)*
        }
    }
}

/// The type of the field in the plan form, so spanned that a missing impl is reported at the author's type.
fn plan_type(role: &Role) -> TokenStream {
    match role {
        Role::Attribute(attribute) => {
            let value = attribute_value(&attribute.value);
            quote_spanned!(attribute.value.span()=> ::tf_provider::value::Value<<#value>::Plan>)
        }
        Role::Block(BlockRole { schema, nesting, .. }) => {
            let plan = quote_spanned! {schema.span()=>
                ::tf_provider::value::Value<<#schema as ::tf_provider::schema::Schema>::Plan>
            };
            match nesting {
                BlockNesting::Single => plan,
                BlockNesting::List => {
                    quote_spanned!(schema.span()=> ::tf_provider::value::Value<::std::vec::Vec<#plan>>)
                }
            }
        }
        // Any type with a default will do.
        Role::Faulty => quote!(::tf_provider::value::Value<::tf_provider::value::RawValue>),
    }
}

fn attribute_value(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> #ty as ::tf_provider::schema::AttributeValue)
}

// === conversions ===

fn convert_impls(model: &Model) -> TokenStream {
    let reads = model.fields.iter().map(|Field { ident, name, role, .. }| {
        let read = if is_list_block(role) { quote!(list_block_from) } else { quote!(attribute_from) };
        quote!(#ident: ::tf_provider::schema::#read(raw, #name)?,)
    });
    let writes = model.fields.iter().map(|Field { ident, name, role, .. }| {
        let value = if is_list_block(role) {
            quote!(::tf_provider::schema::list_block_to_raw(&self.#ident))
        } else {
            quote!(::tf_provider::schema::Convert::to_raw(&self.#ident))
        };
        quote!((::std::string::String::from(#name), #value),)
    });
    // Without a field, whose reading checks it, an object is checked by itself.
    let check = model.fields.is_empty().then(|| {
        quote! {
            <::std::collections::BTreeMap<::std::string::String, ::tf_provider::value::RawValue>
                as ::tf_provider::schema::Convert>::from_raw(raw)?;
        }
    });
    let body = quote! {
        fn from_raw(
            raw: &::tf_provider::value::RawValue,
        ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
            #check
            ::core::result::Result::Ok(Self { #(#reads)* })
        }

        fn to_raw(&self) -> ::tf_provider::value::RawValue {
            ::tf_provider::value::RawValue::Mapping(::std::collections::BTreeMap::from([#(#writes)*]))
        }
    };
    let (known, plan) = (&model.ident, plan_ident(model));
    quote! {
        #[automatically_derived]
        impl ::tf_provider::schema::Convert for #known { #body }

        #[automatically_derived]
        impl ::tf_provider::schema::Convert for #plan { #body }
    }
}

fn is_list_block(role: &Role) -> bool {
    matches!(role, Role::Block(BlockRole { nesting: BlockNesting::List, .. }))
}

// === definition ===

fn schema_impl(model: &Model) -> TokenStream {
    let (ident, plan) = (&model.ident, plan_ident(model));
    let type_name = model.type_name.as_deref().unwrap_or_default();
    let version = proc_macro2::Literal::u64_unsuffixed(model.version);
    let description = &model.description;
    let attributes = vector(model.fields.iter().filter_map(|field| match &field.role {
        Role::Attribute(role) => Some(attribute_definition(field, role)),
        Role::Block(_) | Role::Faulty => None,
    }));
    let blocks = vector(model.fields.iter().filter_map(|field| match &field.role {
        Role::Block(role) => Some(block_definition(field, role)),
        Role::Attribute(_) | Role::Faulty => None,
    }));
    let rules = vector(model.rules.iter().map(|(kind, names)| rule(model, kind, names)));
    let timeouts = timeouts_definition(model.timeouts.as_deref());
    quote! {
        #[automatically_derived]
        impl ::tf_provider::schema::Schema for #ident {
            type Plan = #plan;

            fn definition() -> ::tf_provider::schema::Definition {
                ::tf_provider::schema::Definition {
                    type_name: ::std::string::String::from(#type_name),
                    version: #version,
                    description: ::std::string::String::from(#description),
                    attributes: #attributes,
                    blocks: #blocks,
                    rules: #rules,
                    timeouts: #timeouts,
                }
            }
        }
    }
}

fn rule(model: &Model, kind: &Ident, names: &[Ident]) -> TokenStream {
    let names = names.iter().filter_map(|name| model.fields.iter().find(|field| field.ident == *name));
    let names = names.map(|field| &field.name);
    quote!(::tf_provider::schema::Rule::#kind(&[#(#names),*]))
}

/// A `Vec` of the elements. (Not by `vec!`, whose contents no formatter lays out in a snapshot.)
fn vector(elements: impl Iterator<Item = TokenStream>) -> TokenStream {
    let elements: Vec<TokenStream> = elements.collect();
    if elements.is_empty() {
        quote!(::std::vec::Vec::new())
    } else {
        quote!(::std::vec::Vec::from([#(#elements),*]))
    }
}

fn attribute_definition(field: &Field, role: &AttributeRole) -> TokenStream {
    let (name, description) = (&field.name, &field.description);
    let value = attribute_value(&role.value);
    let presence = match role.presence {
        Presence::Required => quote!(Required),
        Presence::Optional => quote!(Optional),
        Presence::OptionalComputed => quote!(OptionalComputed),
        Presence::Computed => quote!(Computed),
    };
    let deprecated = match &role.deprecated {
        Some(text) => quote!(::core::option::Option::Some(::std::string::String::from(#text))),
        None => quote!(::core::option::Option::None),
    };
    let default = default_definition(role);
    let (replace, keep) = (role.replace, role.keep);
    let replace_if = match &role.replace_if {
        Some(condition) => {
            let ty = &role.value;
            quote!(::core::option::Option::Some(::tf_provider::schema::replace_if::<#ty>(#condition)))
        }
        None => quote!(::core::option::Option::None),
    };
    let validators = validators_definition(role);
    quote! {
        ::tf_provider::schema::Attribute {
            name: ::std::string::String::from(#name),
            kind: <#value>::kind(),
            description: ::std::string::String::from(#description),
            presence: ::tf_provider::schema::Presence::#presence,
            sensitive: <#value>::SENSITIVE,
            write_only: <#value>::WRITE_ONLY,
            deprecated: #deprecated,
            default: #default,
            replace: #replace,
            replace_if: #replace_if,
            same_meaning: <#value>::same_meaning(),
            keep: #keep,
            validators: #validators,
        }
    }
}

fn default_definition(role: &AttributeRole) -> TokenStream {
    let Some(default) = &role.default else { return quote!(::core::option::Option::None) };
    let ty = &role.value;
    let value = match default {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote_spanned!(default.span()=> ::std::string::String::from(#default))
        }
        other => quote!(#other),
    };
    quote!({
        let value: #ty = #value;
        ::core::option::Option::Some(::tf_provider::schema::Convert::to_raw(&value))
    })
}

fn validators_definition(role: &AttributeRole) -> TokenStream {
    let value = attribute_value(&role.value);
    if role.validators.is_empty() {
        return quote!(<#value>::validators());
    }
    let validators = vector(role.validators.iter().map(ToTokens::to_token_stream));
    quote!({
        #[allow(unused_imports, reason = "an expression uses what it needs")]
        use ::tf_provider::schema::{
            at_least, at_most, check, each, length, matches, one_of, range, text, within,
        };
        let mut validators = #validators;
        validators.extend(<#value>::validators());
        validators
    })
}

fn block_definition(field: &Field, role: &BlockRole) -> TokenStream {
    let (name, description, schema) = (&field.name, &field.description, &role.schema);
    let nesting = match role.nesting {
        BlockNesting::Single => quote!(Single),
        BlockNesting::List => quote!(List),
    };
    let min_items = proc_macro2::Literal::u64_unsuffixed(role.min_items);
    let max_items = proc_macro2::Literal::u64_unsuffixed(role.max_items);
    let computed = role.computed.then(|| quote!(.computed()));
    quote!({
        let nested = <#schema as ::tf_provider::schema::Schema>::definition();
        ::tf_provider::schema::Block {
            name: ::std::string::String::from(#name),
            nesting: ::tf_provider::schema::Nesting::#nesting,
            description: ::std::string::String::from(#description),
            attributes: nested.attributes,
            blocks: nested.blocks,
            rules: nested.rules,
            min_items: #min_items,
            max_items: #max_items,
            computed: false,
        }
        #computed
    })
}

fn timeouts_definition(timeouts: Option<&[(Ident, u64)]>) -> TokenStream {
    let Some(limits) = timeouts else { return quote!(::core::option::Option::None) };
    let fields = limits.iter().map(|(operation, seconds)| {
        let seconds = proc_macro2::Literal::u64_unsuffixed(*seconds);
        quote!(#operation: ::core::time::Duration::from_secs(#seconds),)
    });
    let rest = (limits.len() < 4).then(|| quote!(..::core::default::Default::default()));
    quote!(::core::option::Option::Some(::tf_provider::schema::Timeouts { #(#fields)* #rest }))
}

// === nested attributes ===

fn attribute_impl(model: &Model) -> TokenStream {
    if !model.is_attribute_value() {
        return TokenStream::new();
    }
    let (ident, plan) = (&model.ident, plan_ident(model));
    let validators = (!model.rules.is_empty()).then(|| {
        let rules = model.rules.iter().map(|(kind, names)| rule(model, kind, names));
        quote! {
            fn validators() -> ::std::vec::Vec<::tf_provider::schema::Validator> {
                ::std::vec::Vec::from([#(#rules.into_validator()),*])
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::tf_provider::schema::AttributeValue for #ident {
            type Plan = #plan;

            fn kind() -> ::tf_provider::schema::AttributeKind {
                ::tf_provider::schema::AttributeKind::Nested(
                    ::tf_provider::schema::Nesting::Single,
                    <Self as ::tf_provider::schema::Schema>::definition().attributes,
                )
            }

            #validators
        }
    }
}

// === identity ===

fn identity_impl(model: &Model) -> TokenStream {
    if !model.identity {
        return TokenStream::new();
    }
    let ident = &model.ident;
    let values = model.fields.iter().filter_map(|field| match &field.role {
        Role::Attribute(role) => Some(&role.value),
        Role::Block(_) | Role::Faulty => None,
    });
    let checks = values.map(|value| quote_spanned!(value.span()=> is_value::<#value>();));
    quote! {
        #[automatically_derived]
        impl ::tf_provider::Identity for #ident {}

        const _: fn() = || {
            fn is_value<T: ::tf_provider::IdentityValue>() {}
            #(#checks)*
        };
    }
}

// === stubs ===

/// The impls without bodies, beside the errors that keep them from ever being run.
fn stub_impls(model: &Model) -> TokenStream {
    let (known, plan) = (&model.ident, plan_ident(model));
    let body = quote!(::core::unreachable!("this schema does not compile"));
    let convert = quote! {
        fn from_raw(
            _raw: &::tf_provider::value::RawValue,
        ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
            #body
        }

        fn to_raw(&self) -> ::tf_provider::value::RawValue {
            #body
        }
    };
    let attribute_impl = model.is_attribute_value().then(|| {
        quote! {
            #[automatically_derived]
            impl ::tf_provider::schema::AttributeValue for #known {
                type Plan = #plan;

                fn kind() -> ::tf_provider::schema::AttributeKind {
                    #body
                }
            }
        }
    });
    let identity_impl = model.identity.then(|| quote!(impl ::tf_provider::Identity for #known {}));
    quote! {
        #[automatically_derived]
        impl ::tf_provider::schema::Convert for #known { #convert }

        #[automatically_derived]
        impl ::tf_provider::schema::Convert for #plan { #convert }

        #[automatically_derived]
        impl ::tf_provider::schema::Schema for #known {
            type Plan = #plan;

            fn definition() -> ::tf_provider::schema::Definition {
                #body
            }
        }

        #attribute_impl
        #identity_impl
    }
}
