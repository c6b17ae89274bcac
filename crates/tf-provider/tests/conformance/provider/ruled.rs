//! A resource whose arguments depend on each other, are compared by meaning, and replace under conditions.

use tf_provider::schema::{AnyCase, Computed, Json, Spelled};
use tf_provider::{Context, Diagnostics, Resource, Schema};

use super::Client;

/// Has rules.
#[allow(clippy::duplicated_attributes, reason = "left stands in two rules of one kind")]
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "conformance_ruled",
    exactly_one_of(inline, file),
    conflicts(left, right),
    conflicts(left, part),
    together(user, password)
)]
pub(crate) struct Ruled {
    /// Text.
    #[tf(validate(matches("[a-z ]+", "lower-case words")))]
    pub inline: Option<String>,
    /// A file.
    pub file: Option<String>,
    /// Left.
    #[tf(validate(at_most(10)))]
    pub left: Option<i64>,
    /// Right.
    #[tf(validate(within(0.0..=0.5)))]
    pub right: Option<f64>,
    /// Who.
    pub user: Option<String>,
    /// How.
    pub password: Option<String>,
    /// A policy, which the interface writes in its own way.
    pub policy: Option<Json>,
    /// Names in any case.
    pub names: Option<Vec<Spelled<AnyCase>>>,
    /// A size that can only grow.
    #[tf(replace_if = shrinks)]
    pub size: Option<i64>,
    /// One choice.
    pub choice: Option<Choice>,
    /// Choices.
    pub choices: Option<Vec<Choice>>,
    /// Id.
    #[tf(keep)]
    pub id: Computed<String>,
    /// Changes.
    pub revision: Computed<i64>,
    /// Parts.
    #[tf(block)]
    pub part: Vec<Choice>,
}

/// A choice.
#[derive(Schema, Clone, Debug)]
#[tf(at_least_one_of(one, other))]
pub(crate) struct Choice {
    /// One.
    pub one: Option<String>,
    /// The other.
    pub other: Option<Json>,
}

fn shrinks(prior: Option<&i64>, planned: Option<&i64>) -> bool {
    match (prior, planned) {
        (Some(prior), Some(planned)) => planned < prior,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

impl Ruled {
    /// What an interface answers: JSON without spaces and in its own order, names in upper case.
    fn answered(mut self) -> Self {
        let rewritten = |json: &mut Json| {
            let value: serde_json::Value = serde_json::from_str(json.as_str()).expect("validated before");
            *json = Json::new(value.to_string());
        };
        self.policy.iter_mut().for_each(rewritten);
        let choices = self.choices.iter_mut().flatten().chain(&mut self.choice).chain(&mut self.part);
        choices.filter_map(|choice| choice.other.as_mut()).for_each(rewritten);
        for name in self.names.iter_mut().flatten() {
            *name = Spelled::new(name.as_str().to_uppercase());
        }
        self
    }
}

impl Resource for Ruled {
    type Client = Client;

    async fn create(mut self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.id = "1".into();
        self.revision = 1.into();
        Ok(self.answered())
    }

    async fn read(self, _: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        Ok(Some(self.answered()))
    }

    async fn update(mut self, prior: Self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.revision = (prior.revision.get().copied().unwrap_or(0) + 1).into();
        Ok(self.answered())
    }

    async fn delete(self, _: &mut Context<Client>) -> Result<(), Diagnostics> {
        Ok(())
    }
}
