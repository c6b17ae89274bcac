//! The calls about managed resources.

use serde_json::Value;
use tf_provider::proto::tfplugin6::{self as pb, RawState};

use super::answer::{MoveSource, Planned, State};
use super::diagnostic::{self, Diagnostics};
use super::{Server, answer, capabilities};

impl Server {
    /// ValidateResourceConfig.
    pub async fn validate_resource(&self, type_name: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.resource(type_name);
        let request = pb::validate_resource_config::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let response = self.client().validate_resource_config(request).await;
        Diagnostics::from(answer("ValidateResourceConfig", response).diagnostics)
    }

    /// PlanResourceChange of `config` over `prior`: a create where that is [`State::absent`], a destroy where `config`
    /// is null.
    pub async fn plan(&self, type_name: &str, prior: &State, config: Value) -> Planned {
        let shape = self.schemas.resource(type_name);
        let (prior_value, config_value) = (shape.value(&prior.value), shape.config(&config));
        let proposed = shape.proposed(&prior_value, &config_value);
        let request = pb::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: shape.sent(&prior_value),
            proposed_new_state: shape.sent(&proposed),
            config: shape.sent(&config_value),
            prior_private: prior.private.clone(),
            client_capabilities: capabilities(),
            prior_identity: self.identity(type_name, prior.identity.as_ref()),
            ..Default::default()
        };
        let response = answer("PlanResourceChange", self.client().plan_resource_change(request).await);
        Planned {
            type_name: type_name.to_owned(),
            prior: prior.clone(),
            config,
            value: shape.told(response.planned_state),
            requires_replace: response.requires_replace.iter().map(diagnostic::path).collect(),
            identity: self.told_identity(type_name, response.planned_identity),
            private: response.planned_private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// ApplyResourceChange of a plan.
    ///
    /// A host knows everything by now: where the configuration held unknowns, change `config` and `value` first.
    /// It also makes a delete and a create of a plan that [replaces](Planned::requires_replace); this does not.
    pub async fn apply(&self, planned: &Planned) -> State {
        let type_name = &planned.type_name;
        let shape = self.schemas.resource(type_name);
        let request = pb::apply_resource_change::Request {
            type_name: type_name.clone(),
            prior_state: shape.sent(&shape.value(&planned.prior.value)),
            planned_state: shape.sent(&shape.value(&planned.value)),
            config: shape.sent(&shape.config(&planned.config)),
            planned_private: planned.private.clone(),
            planned_identity: self.identity(type_name, planned.identity.as_ref()),
            ..Default::default()
        };
        let response = answer("ApplyResourceChange", self.client().apply_resource_change(request).await);
        State {
            value: shape.told(response.new_state),
            identity: self.told_identity(type_name, response.new_identity),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// Plans, which has to succeed, and applies, whatever comes of it.
    ///
    /// # Panics
    /// When the plan has errors.
    pub async fn change(&self, type_name: &str, prior: &State, config: Value) -> State {
        let planned = self.plan(type_name, prior, config).await;
        planned.diagnostics.expect_success();
        self.apply(&planned).await
    }

    /// ReadResource.
    pub async fn read(&self, type_name: &str, current: &State) -> State {
        let shape = self.schemas.resource(type_name);
        let request = pb::read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: shape.sent(&shape.value(&current.value)),
            private: current.private.clone(),
            client_capabilities: capabilities(),
            current_identity: self.identity(type_name, current.identity.as_ref()),
            ..Default::default()
        };
        let response = answer("ReadResource", self.client().read_resource(request).await);
        State {
            value: shape.told(response.new_state),
            identity: self.told_identity(type_name, response.new_identity),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// ImportResourceState by id. A host reads what was imported next, with [`read`](Self::read).
    pub async fn import(&self, type_name: &str, id: &str) -> State {
        let request = pb::import_resource_state::Request { id: id.to_owned(), ..Default::default() };
        self.imported(type_name, request).await
    }

    /// ImportResourceState by identity, in which attributes can be left out.
    pub async fn import_identity(&self, type_name: &str, identity: Value) -> State {
        let identity = Some(self.schemas.identity_sent(type_name, &identity));
        self.imported(type_name, pb::import_resource_state::Request { identity, ..Default::default() }).await
    }

    async fn imported(&self, type_name: &str, request: pb::import_resource_state::Request) -> State {
        let shape = self.schemas.resource(type_name);
        let request = pb::import_resource_state::Request {
            type_name: type_name.to_owned(),
            client_capabilities: capabilities(),
            ..request
        };
        let response = answer("ImportResourceState", self.client().import_resource_state(request).await);
        let diagnostics = Diagnostics::from(response.diagnostics);
        let mut imported = response.imported_resources.into_iter();
        let Some(object) = imported.next() else { return State { diagnostics, ..State::absent() } };
        assert!(
            imported.next().is_none() && object.type_name == type_name,
            "ImportResourceState answers with more, or something else, than one {type_name}"
        );
        State {
            value: shape.told(object.state),
            identity: self.told_identity(type_name, object.identity),
            private: object.private,
            diagnostics,
        }
    }

    /// UpgradeResourceState of a state that schema `version` wrote.
    pub async fn upgrade_state(&self, type_name: &str, version: i64, state: Value) -> State {
        let shape = self.schemas.resource(type_name);
        let request = pb::upgrade_resource_state::Request {
            type_name: type_name.to_owned(),
            version,
            raw_state: Some(raw(&state)),
        };
        let response = answer("UpgradeResourceState", self.client().upgrade_resource_state(request).await);
        State {
            value: shape.told(response.upgraded_state),
            diagnostics: Diagnostics::from(response.diagnostics),
            ..State::absent()
        }
    }

    /// UpgradeResourceIdentity of an identity that schema `version` wrote; the answer has an identity only.
    pub async fn upgrade_identity(&self, type_name: &str, version: i64, identity: Value) -> State {
        let request = pb::upgrade_resource_identity::Request {
            type_name: type_name.to_owned(),
            version,
            raw_identity: Some(raw(&identity)),
        };
        let response =
            answer("UpgradeResourceIdentity", self.client().upgrade_resource_identity(request).await);
        State {
            identity: self.told_identity(type_name, response.upgraded_identity),
            diagnostics: Diagnostics::from(response.diagnostics),
            ..State::absent()
        }
    }

    /// MoveResourceState of an object of another type to `type_name`.
    pub async fn move_state(&self, source: MoveSource, type_name: &str) -> State {
        let shape = self.schemas.resource(type_name);
        let request = pb::move_resource_state::Request {
            source_provider_address: source.provider_address,
            source_type_name: source.type_name,
            source_schema_version: source.schema_version,
            source_state: Some(raw(&source.state)),
            target_type_name: type_name.to_owned(),
            source_private: source.private,
            source_identity: (!source.identity.is_null()).then(|| raw(&source.identity)),
            source_identity_schema_version: 0,
        };
        let response = answer("MoveResourceState", self.client().move_resource_state(request).await);
        State {
            value: shape.told(response.target_state),
            identity: self.told_identity(type_name, response.target_identity),
            private: response.target_private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }
}

fn raw(json: &Value) -> RawState {
    RawState { json: json.to_string().into(), ..Default::default() }
}
