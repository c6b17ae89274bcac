//! Who may do what: Bearer tokens with their server (token specification of the distribution
//! project), or Basic as ECR has it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::extract::Query;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::json;

use crate::answer;
use crate::route::Route;
use crate::server::{Shared, State};

/// The field of the token server's answer that holds the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenField {
    /// `token`, as the distribution project has it.
    Token,
    /// `access_token`, as OAuth 2 has it.
    AccessToken,
    /// Both, with the same value.
    Both,
}

/// How the token server behaves.
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenAuth {
    pub(crate) users: Vec<(String, String)>,
    pub(crate) anonymous_pull: bool,
    pub(crate) expires_in: Option<u64>,
    pub(crate) lifetime: Duration,
    pub(crate) field: TokenField,
    pub(crate) service: Option<String>,
    pub(crate) realm: Option<String>,
    pub(crate) scope_in_challenge: bool,
}

impl TokenAuth {
    /// Everybody may pull; nobody may push until users are added.
    pub fn anonymous() -> Self {
        Self {
            users: Vec::new(),
            anonymous_pull: true,
            expires_in: Some(300),
            lifetime: Duration::from_secs(300),
            field: TokenField::Token,
            service: Some("registry.test".to_owned()),
            realm: None,
            scope_in_challenge: true,
        }
    }

    /// Only users may pull.
    pub fn users_only() -> Self {
        Self { anonymous_pull: false, ..Self::anonymous() }
    }

    /// A user, who may pull and push everywhere.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// What answers say in `expires_in`, in seconds; with none the field is left out, which means 60.
    pub fn expires_in(mut self, seconds: Option<u64>) -> Self {
        self.expires_in = seconds;
        self
    }

    /// How long tokens are really good.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Which field holds the token.
    pub fn field(mut self, field: TokenField) -> Self {
        self.field = field;
        self
    }

    /// Names another token server in challenges.
    pub fn realm(mut self, url: impl Into<String>) -> Self {
        self.realm = Some(url.into());
        self
    }

    /// Leaves `service` out of challenges.
    pub fn without_service(mut self) -> Self {
        self.service = None;
        self
    }

    /// Leaves `scope` out of challenges.
    pub fn without_scope(mut self) -> Self {
        self.scope_in_challenge = false;
        self
    }
}

/// What a request may do.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    Everything,
    Scopes { actions: HashMap<String, Vec<String>>, until: Instant },
}

impl Grant {
    pub(crate) fn allows(&self, repository: &str, action: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Scopes { actions, .. } => {
                actions.get(repository).is_some_and(|allowed| allowed.iter().any(|allowed| allowed == action))
            }
        }
    }
}

fn action(method: &Method) -> &'static str {
    if matches!(*method, Method::GET | Method::HEAD) { "pull" } else { "push" }
}

/// Lets a request pass with what it may do, or refuses it.
pub(crate) fn authorize(
    shared: &Shared,
    state: &State,
    method: &Method,
    route: &Route,
    headers: &HeaderMap,
) -> Result<Grant, Response> {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(expected) = &state.basic {
        return match sent.and_then(basic_pair) {
            Some(pair) if pair == *expected => Ok(Grant::Everything),
            _ => Err(answer::header(
                unauthorized("UNAUTHORIZED"),
                WWW_AUTHENTICATE,
                r#"Basic realm="registry""#,
            )),
        };
    }
    let Some(auth) = &shared.config.token_auth else { return Ok(Grant::Everything) };
    let grant = sent
        .and_then(|sent| sent.strip_prefix("Bearer "))
        .and_then(|token| state.grants.get(token))
        .filter(|grant| matches!(grant, Grant::Scopes { until, .. } if Instant::now() < *until));
    let needed = route.repository().map(|repository| (repository, action(method)));
    match (grant, needed) {
        (Some(grant), None) => Ok(grant.clone()),
        (Some(grant), Some((repository, action))) if grant.allows(repository, action) => Ok(grant.clone()),
        (grant, _) => {
            let realm = auth.realm.clone().unwrap_or_else(|| format!("{}/token", shared.url()));
            let error = grant.map(|_| "insufficient_scope");
            Err(challenge(auth, &realm, method, route, error))
        }
    }
}

/// A 401 that asks for a token of `realm`.
pub(crate) fn challenge(
    auth: &TokenAuth,
    realm: &str,
    method: &Method,
    route: &Route,
    error: Option<&str>,
) -> Response {
    let mut text = format!(r#"Bearer realm="{realm}""#);
    if let Some(service) = &auth.service {
        text += &format!(r#",service="{service}""#);
    }
    if let (true, Some(repository)) = (auth.scope_in_challenge, route.repository()) {
        let actions = if action(method) == "pull" { "pull" } else { "pull,push" };
        text += &format!(r#",scope="repository:{repository}:{actions}""#);
    }
    if let Some(error) = error {
        text += &format!(r#",error="{error}""#);
    }
    answer::header(unauthorized("UNAUTHORIZED"), WWW_AUTHENTICATE, text)
}

/// True for an `Authorization` that is no token which the token server gave out, still good or not.
pub(crate) fn is_foreign(state: &State, headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| {
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        !token.is_some_and(|token| state.issued.contains(token))
    })
}

fn unauthorized(code: &str) -> Response {
    answer::error(StatusCode::UNAUTHORIZED, code, "authentication required")
}

fn basic_pair(header: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// `GET /token?service=…&scope=…`.
pub(crate) fn token(shared: &Shared, state: &mut State, uri: &Uri, headers: &HeaderMap) -> Response {
    let Some(auth) = &shared.config.token_auth else { return answer::empty(StatusCode::NOT_FOUND) };
    let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return answer::error(StatusCode::BAD_REQUEST, "UNSUPPORTED", "the query cannot be read");
    };
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value("service") != auth.service.as_deref() {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "UNSUPPORTED",
            "service is not the one of the challenge",
        );
    }
    let user = match headers.get(AUTHORIZATION).map(|value| value.to_str().ok().and_then(basic_pair)) {
        None => None,
        Some(Some(pair)) if auth.users.contains(&pair) => Some(pair.0),
        Some(_) => return unauthorized("UNAUTHORIZED"),
    };
    if user.is_none() && !auth.anonymous_pull {
        return unauthorized("UNAUTHORIZED");
    }
    // Asking for more than one may have is no error here; the token is just good for less.
    let mut actions: HashMap<String, Vec<String>> = HashMap::new();
    for scope in query.iter().filter(|(key, _)| key == "scope").flat_map(|(_, value)| value.split(' ')) {
        let Some((repository, wanted)) =
            scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
        else {
            continue;
        };
        let allowed =
            wanted.split(',').filter(|wanted| *wanted == "pull" || user.is_some()).map(str::to_owned);
        actions.entry(repository.to_owned()).or_default().extend(allowed);
    }
    let number = state.next();
    let token = crate::store::sha256(format!("token {number}").as_bytes()).replacen("sha256:", "opaque-", 1);
    let until = Instant::now() + auth.lifetime;
    state.issued.insert(token.clone());
    state.grants.insert(token.clone(), Grant::Scopes { actions, until });
    let mut body = json!({});
    if auth.field != TokenField::AccessToken {
        body["token"] = json!(token);
    }
    if auth.field != TokenField::Token {
        body["access_token"] = json!(token);
    }
    if let Some(seconds) = auth.expires_in {
        body["expires_in"] = json!(seconds);
    }
    answer::json(StatusCode::OK, &body)
}
