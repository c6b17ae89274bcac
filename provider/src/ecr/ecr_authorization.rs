//! `ecrunner_ecr_authorization`: an ECR login for other providers, which is in neither plan nor state.
//! AWS: GetAuthorizationToken (ECR API reference).

use aws_smithy_types::date_time::Format;
use tf_provider::schema::{Computed, Sensitive};
use tf_provider::{Context, Diagnostics, EphemeralResource, Opened, Schema};

use super::login::Login;
use crate::clients::Clients;

/// A login at the ECR registry of the provider's account and region, for other providers that push or pull images.
///
/// It ends after 12 hours, or earlier with the credentials that the provider itself works with. Terraform keeps nothing
/// of it: it may stand in provider blocks, provisioners and write-only arguments alone.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_ecr_authorization")]
pub struct EcrAuthorization {
    /// Host of the registry, such as `123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    pub registry: Computed<String>,
    /// Address of the registry, with `https://`.
    pub proxy_endpoint: Computed<String>,
    /// User name, which is always `AWS`.
    pub user_name: Computed<String>,
    /// Password.
    pub password: Computed<Sensitive<String>>,
    /// User name and password in one: base64 of `user:password`.
    pub authorization_token: Computed<Sensitive<String>>,
    /// When the login ends, in RFC 3339.
    pub expires_at: Computed<String>,
}

impl EphemeralResource for EcrAuthorization {
    type Client = Clients;
    type Private = ();

    async fn open(mut self, ctx: &mut Context<Clients>) -> Result<Opened<Self>, Diagnostics> {
        let login = Login::fetch(&ctx.client().ecr).await?;
        self.registry = login.proxy_endpoint.trim_start_matches("https://").into();
        self.user_name = login.credentials.username.into();
        self.password = Sensitive::new(login.credentials.password.expose().to_owned()).into();
        self.authorization_token = Sensitive::new(login.token.expose().to_owned()).into();
        let expires_at = aws_smithy_types::DateTime::from(login.expires_at).fmt(Format::DateTime);
        self.expires_at = expires_at.unwrap_or_default().into();
        self.proxy_endpoint = login.proxy_endpoint.into();
        Ok(Opened::new(self, ()))
    }
}
