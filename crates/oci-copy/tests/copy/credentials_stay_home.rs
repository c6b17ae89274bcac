//! Credentials go to the registry they are for and to nobody else.

use oci_copy::{Credentials, Error};
use upstream_registry::{Effect, Fault, Operation, Registry as Double, TokenAuth};

use crate::support::*;

fn login(double: &Double) -> oci_copy::Registry {
    client(double).credentials(Credentials::basic("me", "secret")).build().unwrap()
}

#[tokio::test]
async fn authorization_does_not_follow_a_redirect() {
    for auth in [None, Some(TokenAuth::users_only().user("me", "secret"))] {
        let from = match auth {
            None => Double::builder().basic_auth("me", "secret").start().await.unwrap(),
            Some(auth) => Double::builder().token_auth(auth).start().await.unwrap(),
        };
        let (other, to) = (upstream().await, ecr().await);
        let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
        other.add_image(ALPINE, "3.20", &PLATFORMS);
        from.inject(Fault::new(Operation::GetBlob, Effect::Redirect { to: format!("{}/", other.url()) }));

        copy(&login(&from), &made.digest, &ecr_client(&to)).await.unwrap();

        assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
        assert_eq!(other.count("GET", "/_blob/"), 4);
        assert!(
            other.requests().iter().all(|request| request.authorization.is_none()),
            "{:?}",
            other.requests()
        );
        // The registry itself did get it: the recorder would show it.
        assert!(from.requests().iter().any(|request| request.authorization.is_some()));
    }
}

#[tokio::test]
async fn stores_that_refuse_a_second_authorization_work() {
    let from = Double::builder().basic_auth("me", "secret").stored_blobs().start().await.unwrap();
    let to = ecr().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    copy(&login(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    assert_eq!(from.count("GET", "/_blob/"), 4);
}

#[tokio::test]
async fn token_server_on_another_host_gets_no_credentials_unless_it_is_trusted() {
    let token_server =
        Double::builder().token_auth(TokenAuth::users_only().user("me", "secret")).start().await.unwrap();
    let realm = format!("{}/token", token_server.url());
    let auth = TokenAuth::users_only().user("me", "secret").realm(&realm);
    let from = Double::builder().token_auth(auth).start().await.unwrap();
    from.add_image(ALPINE, "3.20", &PLATFORMS);

    let error = login(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    assert_eq!(token_server.requests(), []);

    // Trusted by name it does get them; that its tokens are none of `from`'s is another matter.
    let trusting = client(&from)
        .credentials(Credentials::basic("me", "secret"))
        .trust_token_host(token_server.address().to_string())
        .build()
        .unwrap();
    let error = trusting.head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    let asked = token_server.requests();
    assert!(asked.iter().any(|request| request.authorization.as_deref() == Some("Basic")), "{asked:?}");
}

#[tokio::test]
async fn realms_in_forbidden_places_are_refused() {
    for realm in
        ["http://169.254.169.254/token", "http://auth.example.com/token", "https://[fd00:ec2::254]/token"]
    {
        let from = Double::builder().token_auth(TokenAuth::anonymous()).start().await.unwrap();
        from.add_image(ALPINE, "3.20", &PLATFORMS);
        from.inject(Fault::new(Operation::HeadManifest, Effect::Realm { url: realm.to_owned() }));
        let error = anonymous(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{realm}: {error}");
    }
}

#[tokio::test]
async fn redirect_target_cannot_ask_for_credentials() {
    let from = Double::builder().basic_auth("me", "secret").start().await.unwrap();
    let asking = Double::builder().basic_auth("me", "secret").start().await.unwrap();
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    asking.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::HeadManifest, Effect::Redirect { to: format!("{}/", asking.url()) }));
    let error = login(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(asking.requests().iter().all(|request| request.authorization.is_none()));
    assert_eq!(asking.requests().len(), 1);
}

#[tokio::test]
async fn upload_location_on_another_host_gets_no_authorization() {
    let (from, to) = (upstream().await, ecr().await);
    let other = upstream().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    to.inject(Fault::new(Operation::OpenUpload, Effect::UploadsAt { base: other.url() }));
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
    assert!(uploads(&other) > 0);
    assert!(other.requests().iter().all(|request| request.authorization.is_none()));
    assert_eq!(to.tag(MIRROR, "3.20"), None);

    let metadata = Effect::UploadsAt { base: "http://169.254.169.254".to_owned() };
    to.clear_faults();
    to.inject(Fault::new(Operation::OpenUpload, metadata));
    let error = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
}
