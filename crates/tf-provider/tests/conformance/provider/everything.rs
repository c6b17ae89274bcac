//! A resource with every kind of attribute. It lives in its state alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tf_provider::schema::{Computed, Sensitive, WriteOnly};
use tf_provider::value::{Number, RawValue};
use tf_provider::{
    Context, DestroyContext, Diagnostic, Diagnostics, ImportState, ModifyPlan, PlanContext, PlanDestroy,
    Resource, Schema, ValidateConfig, Value,
};

use super::Client;

/// Everything.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_everything", timeouts(create = "20s"))]
pub(crate) struct Everything {
    /// Its name.
    #[tf(replace, validate(length(1..=40)))]
    pub name: String,
    /// What is to go wrong.
    pub fault: Option<String>,
    /// A text.
    pub text: Option<String>,
    /// A number of any size.
    pub number: Option<Number>,
    /// A machine's number.
    pub float: Option<f64>,
    /// A whole number.
    pub whole: Option<i64>,
    /// A truth.
    pub flag: Option<bool>,
    /// Anything.
    pub anything: Option<RawValue>,
    /// Words in order.
    #[tf(validate(each(length(1..=10))))]
    pub words: Option<Vec<String>>,
    /// Tags without order.
    #[tf(validate(each(length(1..=10))))]
    pub tags: Option<BTreeSet<String>>,
    /// Pairs.
    #[tf(validate(each(length(1..=10))))]
    pub pairs: Option<BTreeMap<String, String>>,
    /// Text that the interface writes in lower case.
    pub spelled: Option<String>,
    /// Given, or chosen.
    #[tf(optional)]
    pub chosen: Computed<String>,
    /// Given, or chosen once and for all.
    #[tf(optional, keep, replace)]
    pub settled: Computed<String>,
    /// Given, or chosen; another one needs another object.
    #[tf(optional, replace)]
    pub replaced: Computed<String>,
    /// A level.
    #[tf(default = "info")]
    pub level: String,
    /// A secret in state.
    pub secret: Option<Sensitive<String>>,
    /// A secret outside state.
    pub password_wo: WriteOnly<String>,
    /// Version of the password.
    pub password_version: Option<i64>,
    /// Old spelling of text.
    #[tf(deprecated = "Use text instead.")]
    pub old: Option<String>,
    /// One part.
    pub single: Option<Part>,
    /// Parts in order.
    pub list: Option<Vec<Part>>,
    /// Parts without order.
    pub set: Option<BTreeSet<Part>>,
    /// Parts by key.
    pub map: Option<BTreeMap<String, Part>>,
    /// Id, from the interface.
    #[tf(keep)]
    pub id: Computed<String>,
    /// Number of changes.
    pub revision: Computed<i64>,
    /// One block.
    #[tf(block)]
    pub one: Option<Part>,
    /// Many blocks.
    #[tf(block, name = "many")]
    pub many: Vec<Part>,
}

/// A part.
#[derive(Schema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// Its key.
    #[tf(validate(length(1..=10)))]
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// Its kind; another one needs another object.
    #[tf(replace)]
    pub kind: Option<String>,
    /// Its level.
    #[tf(default = "low")]
    pub level: String,
    /// Its mark, from the interface.
    pub mark: Computed<String>,
    /// Its id, from the interface, once and for all.
    #[tf(keep)]
    pub id: Computed<String>,
}

impl Everything {
    fn fault(&self, operation: &str) -> bool {
        self.fault.as_deref() == Some(operation)
    }

    /// Sets what an interface would.
    fn settle(&mut self, revision: i64) {
        let parts = self.single.iter_mut().chain(self.list.iter_mut().flatten());
        let parts = parts.chain(self.map.iter_mut().flat_map(BTreeMap::values_mut));
        parts.chain(self.one.iter_mut()).chain(&mut self.many).for_each(|part| part.settle(revision));
        self.set = self.set.take().map(|set| {
            set.into_iter()
                .map(|mut part| {
                    part.settle(revision);
                    part
                })
                .collect()
        });
        for chosen in [&mut self.chosen, &mut self.settled, &mut self.replaced] {
            if chosen.is_pending() {
                *chosen = "chosen".into();
            }
        }
        if self.id.is_pending() {
            self.id = format!("id-{}", self.name).into();
        }
        self.revision = revision.into();
    }
}

impl Part {
    fn settle(&mut self, revision: i64) {
        if self.id.is_pending() {
            self.id = format!("id-{}", self.key).into();
        }
        if self.mark.is_pending() {
            self.mark = format!("{}-{revision}", self.key).into();
        }
    }
}

fn fails(detail: &str) -> Diagnostics {
    Diagnostic::error("Fault on demand", detail).into()
}

impl Resource for Everything {
    type Client = Client;

    async fn create(mut self, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        if self.fault("create") {
            return Err(fails("Nothing was created."));
        }
        assert!(!self.fault("panic"), "a bug of the author");
        self.id = format!("id-{}", self.name).into();
        ctx.save(&self);
        assert!(!self.fault("late panic"), "a bug of the author");
        if self.fault("half create") {
            return Err(fails(&format!("Password {:?}.", self.password_wo)));
        }
        if self.fault("hang") {
            futures::future::pending::<()>().await;
        }
        if self.fault("wait") {
            ctx.wait_for("hell freezes over", Duration::from_millis(10), async || Ok(None::<()>)).await?;
        }
        if self.fault("unknown") {
            return Ok(self);
        }
        self.settle(1);
        if self.fault("misfit") {
            // No value of the type `dynamic`, which brings its own type.
            self.anything = Some(RawValue::from("bare"));
        }
        if self.password_wo.expose().is_some_and(|password| password == "wrong") {
            return Err(fails("The password is wrong."));
        }
        tracing::info!(object = ?self, client = ?ctx.client().label, "created");
        Ok(self)
    }

    async fn read(mut self, _: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        match self.text.as_deref() {
            Some("gone") => return Ok(None),
            Some("forbidden") => return Err(fails("Reading is forbidden.")),
            Some("forgotten") => self.chosen = Computed::Pending,
            Some("panic in read") => panic!("a bug of the author"),
            _ => {}
        }
        // The interface answers in lower case; what means the same stays as it was spelled.
        let answer = self.spelled.as_deref().map(str::to_lowercase);
        if answer != self.spelled.as_deref().map(str::to_lowercase) {
            self.spelled = answer;
        }
        Ok(Some(self))
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        let revision = prior.revision.get().copied().unwrap_or(0) + 1;
        if self.fault("update") {
            return Err(fails("Nothing was changed."));
        }
        if self.fault("half update") {
            ctx.save(&Everything { text: self.text.clone(), ..prior });
            return Err(fails("Only the text was changed."));
        }
        self.settle(revision);
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Client>) -> Result<(), Diagnostics> {
        if self.fault("delete") {
            return Err(fails("Nothing was deleted."));
        }
        if self.fault("half delete") {
            ctx.private().set("left", "half");
            return Err(fails("Half of it was deleted."));
        }
        Ok(())
    }
}

impl ValidateConfig for Everything {
    fn validate(config: &EverythingPlan, diagnostics: &mut Diagnostics) {
        assert!(config.text.known().is_none_or(|text| text != "panic in validate"), "a bug of the author");
        if let Value::Known(list) = &config.list {
            for (index, part) in list.iter().enumerate() {
                let Some(part) = part.known() else { continue };
                if part.value.known().is_some_and(|value| value == "bad") {
                    let path = tf_provider::AttributePath::attribute("list").with_index(index);
                    diagnostics
                        .push(Diagnostic::error("Bad value", "It is bad.").at(path.with_attribute("value")));
                }
            }
        }
    }
}

impl ModifyPlan for Everything {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        assert!(plan.planned.text.known().is_none_or(|text| text != "panic in plan"), "a bug of the author");
        if plan.planned.text.known().is_some_and(|text| text == "another") {
            plan.requires_replace(tf_provider::AttributePath::attribute("text"));
        }
        if plan.planned.text.known().is_some_and(|text| text == "another password") {
            plan.requires_replace("password_wo");
        }
    }
}

impl PlanDestroy for Everything {
    fn plan_destroy(plan: &mut DestroyContext<'_, Self>) {
        match plan.prior.text.as_deref() {
            Some("regretted") => {
                let detail = format!("{} takes its parts along.", plan.prior.name);
                plan.report(Diagnostic::warning("Parts go too", detail));
                plan.private.set("farewell", &plan.prior.name);
            }
            Some("kept") => plan.report(Diagnostic::error("Object is kept", "Change its text first.")),
            Some("panic in destroy plan") => panic!("a bug of the author"),
            _ => {}
        }
    }
}

impl ImportState for Everything {
    async fn import(id: String, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        let Some(name) = id.strip_prefix("id-") else {
            return Err(fails("No such object."));
        };
        ctx.private().set("imported", true);
        let nothing = RawValue::from([("name", RawValue::from(name)), ("level", RawValue::from("info"))]);
        let mut object = <Self as tf_provider::schema::Convert>::from_raw(&nothing)
            .map_err(|error| Diagnostic::provider_bug(error.problem))?;
        object.chosen = Computed::Pending;
        Ok(object)
    }
}
