//! The registry policy, one for an account and region: read, and one statement of it changed. All others stay as they are.
//! AWS: GetRegistryPolicy, PutRegistryPolicy, DeleteRegistryPolicy (Amazon ECR API reference).
//!
//! ECR knows only the whole policy, and no condition on what it replaces. Within this process a lock keeps changes apart.
//! What another process overwrites is found by reading back, and written again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use serde_json::{Map, Value as Json};
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::repository_settings::while_principals_are_missing;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::iam::policy::{VERSION, is_same};
use crate::retry::{self, CreateFailure};

/// Longest registry policy, in characters.
pub const MAX_REGISTRY_POLICY: usize = 10_240;
/// How often a statement is written that others overwrite.
const WRITES: u32 = 5;
/// Pause before it is written again: who overwrote it has read back by then.
const OVERWRITTEN_PAUSE: Duration = Duration::from_millis(500);

/// A registry policy, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryPolicy(Map<String, Json>);

/// What becomes of the statement with a Sid.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It is written, and must not be there yet.
    Add(&'a Json),
    /// It is written, whatever is there.
    Set(&'a Json),
    /// It goes.
    Remove,
}

/// Why a change was not made, or is not known to have been made.
#[derive(Debug)]
pub struct Unchanged {
    /// What happened.
    pub reason: Reason,
    /// True when the change may have been made all the same.
    pub may_be_made: bool,
}

/// What keeps a change from being made.
#[derive(Debug)]
pub enum Reason {
    /// A statement of somebody else has the Sid.
    Exists,
    /// ECR refused to take the policy.
    Refused(Failure),
    /// Anything else.
    Other(Diagnostics),
}

/// What one attempt came to.
enum Attempt {
    /// The policy was written; the statement that stood there before.
    Written(Option<Json>),
    /// There was nothing to do.
    AsWanted,
    /// No other attempt helps.
    Ended(Reason),
}

impl<'a> Change<'a> {
    fn statement(self) -> Option<&'a Json> {
        match self {
            Change::Add(statement) | Change::Set(statement) => Some(statement),
            Change::Remove => None,
        }
    }

    /// True when `found` is what this change makes.
    fn is_made(self, found: Option<&Json>) -> bool {
        are_same(self.statement(), found)
    }

    /// True when the change that was written over `before` was not overwritten. A statement that is neither what was there
    /// nor what was written is ECR's own way to say it, or somebody's later change of it: the next refresh tells.
    fn stands(self, before: Option<&Json>, found: Option<&Json>) -> bool {
        self.is_made(found) || (found.is_some() && self.statement().is_some() && !are_same(before, found))
    }
}

/// True for two statements that mean the same, and where there is none on both sides.
fn are_same(one: Option<&Json>, other: Option<&Json>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same(&one.to_string(), &other.to_string()),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl RegistryPolicy {
    /// The statement with this Sid.
    pub fn statement(&self, sid: &str) -> Option<&Json> {
        self.statements().iter().find(|statement| statement["Sid"] == sid)
    }

    fn statements(&self) -> &[Json] {
        match self.0.get("Statement") {
            Some(Json::Array(statements)) => statements,
            Some(statement) => std::slice::from_ref(statement),
            None => &[],
        }
    }

    /// The same policy with this statement in the place of the one with its Sid, or without it.
    fn with(&self, sid: &str, statement: Option<&Json>) -> Self {
        let mut statements = self.statements().to_vec();
        let position = statements.iter().position(|other| other["Sid"] == sid);
        match (position, statement) {
            (Some(position), Some(statement)) => statements[position] = statement.clone(),
            (Some(position), None) => drop(statements.remove(position)),
            (None, Some(statement)) => statements.push(statement.clone()),
            (None, None) => {}
        }
        let mut document = self.0.clone();
        document.entry("Version").or_insert_with(|| VERSION.into());
        document.insert("Statement".to_owned(), Json::Array(statements));
        RegistryPolicy(document)
    }

    fn to_text(&self) -> String {
        Json::Object(self.0.clone()).to_string()
    }
}

/// The policy of the provider's account and region, if there is one.
///
/// # Errors
/// Any failure but "not found".
pub async fn find(clients: &Clients) -> Result<Option<RegistryPolicy>, Diagnostics> {
    let summary = "Reading the ECR registry policy";
    let text = match clients.ecr.get_registry_policy().send().await {
        Ok(answer) => answer.policy_text.unwrap_or_default(),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["RegistryPolicyNotFoundException"]) {
                return Ok(None);
            }
            return Err(failure.report(summary, "", ""));
        }
    };
    match serde_json::from_str(&text) {
        Ok(Json::Object(document)) => Ok(Some(RegistryPolicy(document))),
        _ => Err(Diagnostic::error(summary, "ECR answered a policy that is no JSON object.").into()),
    }
}

/// Changes the statement with this Sid and nothing else. Waits until ECR sees the principals that it names.
///
/// # Errors
/// Why the change was not made.
pub async fn change(ctx: &Context<Clients>, sid: &str, change: Change<'_>) -> Result<(), Unchanged> {
    let clients = ctx.client();
    // An answer may get lost: what is found then can be the effect of an attempt before.
    let may_be_made = AtomicBool::new(false);
    let unchanged = |reason| Unchanged { reason, may_be_made: may_be_made.load(Ordering::Relaxed) };
    for _ in 0..WRITES {
        let attempt = || retry::create(ctx, || attempt(clients, sid, change, &may_be_made));
        let sent = match change {
            // What is taken away names nobody that is not there yet.
            Change::Remove => attempt().await,
            _ => while_principals_are_missing(ctx, attempt).await,
        };
        let before = match sent {
            Ok(Attempt::Written(before)) => before,
            Ok(Attempt::AsWanted) => return Ok(()),
            Ok(Attempt::Ended(Reason::Exists)) => {
                return Err(Unchanged { reason: Reason::Exists, may_be_made: false });
            }
            Ok(Attempt::Ended(reason)) => return Err(unchanged(reason)),
            Err(CreateFailure { failure, .. }) => return Err(unchanged(Reason::Refused(failure))),
        };
        may_be_made.store(true, Ordering::Relaxed);
        let policy = find(clients).await.map_err(|diagnostics| unchanged(Reason::Other(diagnostics)))?;
        let found = policy.as_ref().and_then(|policy| policy.statement(sid));
        if change.stands(before.as_ref(), found) {
            return Ok(());
        }
        tracing::info!(sid, "the registry policy was overwritten");
        tokio::select! {
            () = tokio::time::sleep(OVERWRITTEN_PAUSE) => {}
            () = ctx.stop().cancelled() => break,
        }
    }
    let detail = format!(
        "The policy was written, and others overwrote it: statement {sid} is not as it was set. Nothing else was changed. \
         Let one process at a time change the registry policy, then apply again."
    );
    Err(unchanged(Reason::Other(Diagnostic::error("ECR registry policy was overwritten", detail).into())))
}

/// Reads the policy and writes it with the change; the one thing that must not be done twice at a time.
async fn attempt(
    clients: &Clients,
    sid: &str,
    change: Change<'_>,
    may_be_made: &AtomicBool,
) -> Result<Attempt, Failure> {
    let _turn = clients.registry_policy.lock().await;
    let policy = match find(clients).await {
        Ok(policy) => policy.unwrap_or_default(),
        Err(diagnostics) => return Ok(Attempt::Ended(Reason::Other(diagnostics))),
    };
    let before = policy.statement(sid);
    let is_made = change.is_made(before);
    match (change, before) {
        (Change::Add(_), Some(_)) if !is_made || !may_be_made.load(Ordering::Relaxed) => {
            return Ok(Attempt::Ended(Reason::Exists));
        }
        _ if is_made => return Ok(Attempt::AsWanted),
        _ => {}
    }
    let changed = policy.with(sid, change.statement());
    // A call that is repeated by the SDK would write what was read before others wrote.
    let no_retry = aws_sdk_ecr::config::Builder::new().retry_config(RetryConfig::disabled());
    let sent = if changed.statements().is_empty() {
        let call = clients.ecr.delete_registry_policy().customize().config_override(no_retry);
        call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error))
    } else {
        let text = changed.to_text();
        if let Some(fault) = too_large(text.chars().count()) {
            return Ok(Attempt::Ended(Reason::Other(fault.into())));
        }
        let call = clients.ecr.put_registry_policy().policy_text(text).customize().config_override(no_retry);
        call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error))
    };
    match sent {
        Err(failure) if !failure.is(&["RegistryPolicyNotFoundException"]) => {
            may_be_made.fetch_or(failure.is_unanswered(), Ordering::Relaxed);
            Err(failure)
        }
        _ => Ok(Attempt::Written(before.cloned())),
    }
}

/// What is said of a policy with so many characters, if they are too many.
pub fn too_large(characters: usize) -> Option<Diagnostic> {
    (characters > MAX_REGISTRY_POLICY).then(|| {
        let detail = format!(
            "With this statement the registry policy has {characters} characters; ECR allows {MAX_REGISTRY_POLICY}. \
             Nothing was changed. Name repositories by a common prefix and `*`, accounts in the place of their roles, or \
             take statements away that nobody needs."
        );
        Diagnostic::error("Registry policy is too large", detail)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(text: &Json) -> RegistryPolicy {
        RegistryPolicy(text.as_object().expect("an object").clone())
    }

    #[test]
    fn one_statement_is_changed_and_the_rest_is_kept() {
        // Text, since a literal would be a number of Rust's.
        let theirs = r#"{"Sid": "theirs", "Effect": "Deny", "Condition": {"NumericLessThan": {"x": 1.50}}}"#;
        let theirs: Json = serde_json::from_str(theirs).expect("JSON");
        let ours = json!({"Sid": "ours", "Effect": "Allow"});
        let kept = policy(&json!({"Version": "2008-10-17", "Id": "team", "Statement": theirs}));
        let both = kept.with("ours", Some(&ours));
        assert_eq!(
            both,
            policy(&json!({"Version": "2008-10-17", "Id": "team", "Statement": [theirs, ours]}))
        );
        assert!(both.to_text().contains("1.50"), "a number is as it was written: {}", both.to_text());
        let other = json!({"Sid": "ours", "Effect": "Deny"});
        assert_eq!(both.with("ours", Some(&other)).statement("ours"), Some(&other));
        assert_eq!(both.with("ours", None).statements(), [theirs]);
        assert_eq!(kept.with("theirs", None).statements(), [] as [Json; 0]);
        let first = RegistryPolicy::default().with("ours", Some(&ours));
        assert_eq!(first, policy(&json!({"Version": VERSION, "Statement": [ours]})));
    }

    #[test]
    fn a_change_stands_unless_what_was_there_before_is_back() {
        let statement = |effect: &str| json!({"Sid": "ours", "Effect": effect, "Action": ["a", "b"]});
        let (old, new, third) = (statement("old"), statement("new"), statement("third"));
        let reordered = json!({"Action": ["b", "a"], "Effect": "new", "Sid": "ours"});
        for change in [Change::Add(&new), Change::Set(&new)] {
            for found in [&new, &reordered, &third] {
                assert!(change.stands(Some(&old), Some(found)), "{change:?} {found}");
            }
            assert!(!change.stands(Some(&old), Some(&old)) && !change.stands(Some(&old), None));
            assert!(!change.stands(None, None));
        }
        assert!(Change::Remove.stands(Some(&old), None));
        assert!(
            !Change::Remove.stands(Some(&old), Some(&old)) && !Change::Remove.stands(Some(&old), Some(&new))
        );
    }

    #[test]
    fn size_is_allowed_up_to_the_limit() {
        assert!(too_large(MAX_REGISTRY_POLICY).is_none() && too_large(MAX_REGISTRY_POLICY + 1).is_some());
    }
}
