//! A search for objects with an identity, and an action upon them.

use std::sync::atomic::{AtomicU32, Ordering};

use tf_provider::schema::WriteOnly;
use tf_provider::{
    Action, Context, Diagnostic, Diagnostics, Found, ListResource, Listing, PlanAction, Progress, Schema,
    ValidateConfig, Value,
};

use super::Client;
use super::identified::{Identified, Name};

/// How many objects all searches of this process have made.
pub(crate) static MADE: AtomicU32 = AtomicU32::new(0);

/// Finds objects.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_identified")]
pub(crate) struct Finds {
    /// Beginning of their names; some are faults on demand.
    #[tf(validate(length(0..=10)))]
    pub prefix: Option<String>,
    /// How many there are.
    #[tf(default = 3)]
    pub number: u32,
}

impl ListResource for Finds {
    type Resource = Identified;

    async fn list(
        self,
        list: &mut Listing<Identified>,
        ctx: &mut Context<Client>,
    ) -> Result<(), Diagnostics> {
        let prefix = self.prefix.unwrap_or_default();
        for index in 0..self.number {
            if prefix == "fails" && index == 2 {
                return Err(Diagnostic::error("Search failed", "Two were found.").into());
            }
            assert!(prefix != "panics" || index < 1, "a bug of the author");
            if prefix == "hangs" && index == 1 {
                futures::future::pending::<()>().await;
            }
            MADE.fetch_add(1, Ordering::SeqCst);
            let name = format!("{prefix}{index}");
            let identity = Name { name: name.clone(), owner: ctx.client().label.clone() };
            let mut found = Found::new(identity, format!("Object {index}"));
            if prefix == "odd" && index == 1 {
                found = found.warn(Diagnostic::warning("Odd", "It is odd."));
            }
            if list.includes_object() && prefix != "partial" {
                found = found.object(Identified::called(&name));
            }
            list.push(found).await?;
        }
        if prefix == "warns" {
            ctx.warn(Diagnostic::warning("Not everything", "Some may be missing."));
        }
        Ok(())
    }
}

impl ValidateConfig for Finds {
    fn validate(config: &FindsPlan, diagnostics: &mut Diagnostics) {
        if config.prefix.known().is_some_and(|prefix| prefix == "forbidden") {
            diagnostics
                .push(Diagnostic::error("Forbidden prefix", "Search for something else.").at("prefix"));
        }
    }
}

/// Shouts at an object.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_shout", timeouts(create = "2s"))]
pub(crate) struct Shout {
    /// At which object; some are faults on demand.
    #[tf(validate(length(1..=20)))]
    pub name: String,
    /// How often.
    #[tf(default = 2)]
    pub times: u32,
    /// What else.
    pub secret_wo: WriteOnly<String>,
}

impl Action for Shout {
    type Client = Client;

    async fn invoke(self, progress: &Progress, ctx: &mut Context<Client>) -> Result<(), Diagnostics> {
        for time in 1..=self.times {
            progress.report(format!("{} {time}", self.name)).await;
        }
        match self.name.as_str() {
            "deaf" => return Err(Diagnostic::error("Not heard", "It is deaf.").at("name").into()),
            "panic" => panic!("a bug of the author"),
            "slow" => ctx.stop().clone().cancelled().await,
            "hangs" => futures::future::pending().await,
            "careless" => {
                // Somebody keeps the means to report beyond the end.
                let progress = progress.clone();
                tokio::spawn(async move {
                    futures::future::pending::<()>().await;
                    progress.report("too late").await;
                });
            }
            _ => {}
        }
        if let Some(secret) = self.secret_wo.expose() {
            progress.report(format!("{} letters more", secret.len())).await;
        }
        ctx.warn(Diagnostic::warning("Hoarse", "Rest now."));
        Ok(())
    }
}

impl PlanAction for Shout {
    fn plan(config: &ShoutPlan, client: Option<&Client>, diagnostics: &mut Diagnostics) {
        if let Value::Known(times) = config.times
            && times > 100
        {
            diagnostics.push(Diagnostic::error("Too often", "Nobody shouts that often.").at("times"));
        }
        if config.name.is_unknown() || client.is_none() {
            diagnostics.push(Diagnostic::warning("Not known yet", "It will be known at apply."));
        }
    }
}
