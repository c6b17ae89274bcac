//! The only place where errors of AWS become diagnostics.
//!
//! A failure is classified by its code string: typed variants add nothing (EC2 has none at all). Never shown are
//! `{:?}` of an `SdkError` and `DisplayErrorContext`: both print the raw body, with whatever secret stands in it.

use std::error::Error;
use std::fmt::Write as _;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tf_provider::{Diagnostic, Diagnostics};

/// What a call to AWS failed with.
#[derive(Clone, Debug)]
pub struct Failure {
    service: &'static str,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
    cause: String,
}

impl AsRef<Failure> for Failure {
    fn as_ref(&self) -> &Failure {
        self
    }
}

impl Failure {
    /// Takes an SDK error apart. `service` is the name a practitioner knows: `ECR`, `IAM`, `Auto Scaling`.
    pub fn of<E>(service: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Failure {
            service,
            code: error.code().map(str::to_owned),
            message: error.message().map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            status: error.raw_response().map(|response| response.status().as_u16()),
            cause: causes(error),
        }
    }

    /// AWS' error code; empty when there was no answer or none with a code.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// AWS' message; empty when there is none.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    /// True when the code is one of `codes`.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code())
    }

    /// True when the call may have had an effect that nobody was told of: no answer, half of one, or one of a broken
    /// server.
    pub fn is_unanswered(&self) -> bool {
        self.code.is_none() || self.status.is_some_and(|status| status >= 500)
    }

    /// True when AWS asks to come again later.
    pub fn is_throttled(&self) -> bool {
        let code = self.code();
        self.status == Some(429) || code.starts_with("Throttl") || code == "TooManyRequestsException"
    }

    /// What came back, as a sentence.
    fn answer(&self) -> String {
        let mut text = String::new();
        match (&self.code, self.status) {
            (Some(code), _) => {
                let _ = write!(text, "{} answered {code}", self.service);
                if let Some(request_id) = &self.request_id {
                    let _ = write!(text, " (request {request_id})");
                }
                if let Some(message) = self.message.as_deref().filter(|message| !message.is_empty()) {
                    let _ = write!(text, ": {}", message.trim_end_matches('.'));
                }
                text.push('.');
            }
            (None, Some(status)) if status >= 500 => {
                let _ = write!(
                    text,
                    "{} answered status {status} without an error code: the endpoint may not know this action.",
                    self.service
                );
            }
            (None, Some(status)) => {
                let _ = write!(text, "{} answered status {status}: {}.", self.service, self.cause);
            }
            (None, None) => {
                let _ = write!(text, "{} gave no answer: {}.", self.service, self.cause);
            }
        }
        text
    }

    /// The diagnostic: what was asked (`summary`), what came back, what exists now, what to do.
    ///
    /// An empty `remedy` is filled in where the code tells one.
    pub fn diagnostic(&self, summary: impl Into<String>, exists_now: &str, remedy: &str) -> Diagnostic {
        let remedy = if remedy.is_empty() { self.known_remedy() } else { remedy };
        let mut detail = self.answer();
        for part in [exists_now, remedy] {
            if !part.is_empty() {
                detail.push(' ');
                detail.push_str(part);
            }
        }
        Diagnostic::error(summary, detail)
    }

    /// As [`diagnostic`](Self::diagnostic), for `?` in an operation.
    pub fn report(&self, summary: impl Into<String>, exists_now: &str, remedy: &str) -> Diagnostics {
        self.diagnostic(summary, exists_now, remedy).into()
    }

    fn known_remedy(&self) -> &'static str {
        match self.code() {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                "The credentials have expired: log in again, for example with `aws sso login`."
            }
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "AuthFailure"
            | "SignatureDoesNotMatch"
            | "InvalidAccessKeyId" => {
                "Check the credentials, and that the region belongs to the same partition as the account."
            }
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                "Allow this action to the role or user that Terraform runs as."
            }
            "LimitExceededException" | "LimitExceeded" => {
                "Raise the quota, or remove what is not needed any more."
            }
            "" if self.status.is_none() => self.connection_remedy(),
            _ => "",
        }
    }

    fn connection_remedy(&self) -> &'static str {
        let cause = self.cause.to_ascii_lowercase();
        if cause.contains("credential") || cause.contains("identity") {
            "Give credentials: environment variables, a profile, or a role of the machine Terraform runs on."
        } else if cause.contains("certificate") {
            "Name the right certificates in AWS_CA_BUNDLE, or correct the endpoint."
        } else {
            "Check the region, the network and the endpoints block."
        }
    }
}

/// The diagnostic of a registry failure: what was asked (`summary`), what came back, what exists now, what to do.
pub fn registry_failure(error: &oci_copy::Error, summary: impl Into<String>, exists_now: &str) -> Diagnostic {
    use oci_copy::Error as Registry;
    let remedy = match error {
        Registry::NotFound { .. } | Registry::RepositoryNotFound { .. } => {
            "Check repository and tag; if the tag moved since the plan, plan again."
        }
        Registry::Unauthorized { .. } => {
            "The registry wants a login, or has no such public repository: check the name, and the login, which a \
             registry_auth block of the provider gives."
        }
        Registry::Denied { .. } => {
            "Allow pushing to the repository to the role or user that Terraform runs as."
        }
        Registry::RateLimited { pull_limit: Some(_), .. } | Registry::PullLimitTooLow { .. } => {
            "Waiting takes hours: log in to the upstream by a credential, choose platforms, each of which is a pull, or take \
             official images from public.ecr.aws/docker/library."
        }
        Registry::RateLimited { .. } => "Apply again later; what was copied is kept.",
        Registry::Unreachable { .. } => "Check the network and the name of the registry, then apply again.",
        Registry::DigestMismatch { .. } | Registry::SizeMismatch { .. } => {
            "The upstream, or something between, damages content. Nothing of it was kept; apply again."
        }
        Registry::Forbidden { .. } => "Name a registry that is reached by https.",
        Registry::EmptyBlob { .. } => {
            "No tag of this image can be mirrored. Mirror another one, or have the image built without an empty layer."
        }
        Registry::TagImmutable { .. } => {
            "The repository lets no tag move: set image_tag_mutability = \"MUTABLE\", or mirror a tag that does not move."
        }
        _ => "",
    };
    registry_diagnostic(error, summary, [exists_now, remedy])
}

/// As [`registry_failure`], for what only reads from a registry.
pub fn registry_read_failure(error: &oci_copy::Error, summary: impl Into<String>) -> Diagnostic {
    use oci_copy::Error as Registry;
    let asked = match error {
        Registry::RateLimited { retry_after: Some(wait), .. } => {
            format!("It asks to wait {} s.", wait.as_secs())
        }
        _ => String::new(),
    };
    let remedy = match error {
        Registry::NotFound { .. } | Registry::RepositoryNotFound { .. } => "Check repository and tag.",
        Registry::Unauthorized { .. } => {
            "The registry wants a login, or has no such public repository: check the name, and the login, which a \
             registry_auth block of the provider gives."
        }
        Registry::Denied { .. } => {
            "Allow pulling from the repository to the role or user that Terraform runs as; in ECR these are the actions \
             ecr:BatchGetImage and ecr:GetDownloadUrlForLayer."
        }
        Registry::RateLimited { pull_limit: Some(_), .. } => {
            "Waiting takes hours: set with_platforms = false, which needs no pull, or take official images from \
             public.ecr.aws/docker/library."
        }
        Registry::RateLimited { .. } => "Plan again later.",
        Registry::Unreachable { .. } => "Check the network and the name of the registry, then plan again.",
        Registry::DigestMismatch { .. } | Registry::SizeMismatch { .. } => {
            "The registry, or something between, damages content: plan again."
        }
        Registry::Forbidden { .. } => "Name a registry that is reached by https.",
        _ => "",
    };
    registry_diagnostic(error, summary, [&asked, remedy])
}

fn registry_diagnostic(error: &oci_copy::Error, summary: impl Into<String>, parts: [&str; 2]) -> Diagnostic {
    let mut detail = format!("{}.", sentence(&causes(error)));
    for part in parts {
        if !part.is_empty() {
            detail.push(' ');
            detail.push_str(part);
        }
    }
    Diagnostic::error(summary, detail)
}

/// With a capital letter, unless it begins with a name that has none.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if !text.split(' ').next().is_some_and(|word| word.contains(['.', ':'])) => {
            first.to_uppercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The chain of causes by their own words, each once. Bodies of answers are not among them.
fn causes(error: &dyn Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string().trim().trim_end_matches('.').to_owned();
        // Outer errors often repeat the words of inner ones.
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}
