//! `ecrunner_ecr_authorization`.

use std::fs;

use acceptance::{Account, Fault, FaultKind, Stack, Workspace};
use serde_json::{Value, json};

/// A login that somebody uses: a program that is let in, and writes what the registry answered.
fn config() -> String {
    format!(
        r#"
ephemeral "ecrunner_ecr_authorization" "this" {{}}

resource "terraform_data" "push" {{
  provisioner "local-exec" {{
    interpreter = ["python3", "-c"]
    command     = <<-EOT
      import base64, json, os, urllib.request
      def status(token):
          headers = {{"Authorization": "Basic " + token}} if token else {{}}
          try:
              return urllib.request.urlopen(urllib.request.Request("{url}/v2/", headers=headers)).status
          except urllib.error.HTTPError as error:
              return error.code
      login = json.loads(os.environ["LOGIN"])
      both = base64.b64encode((login["user_name"] + ":" + login["password"]).encode()).decode()
      login["statuses"] = [status(None), status(login["authorization_token"]), status(both)]
      json.dump(login, open("login.json", "w"))
    EOT

    environment = {{
      LOGIN = jsonencode(ephemeral.ecrunner_ecr_authorization.this)
    }}
  }}
}}
"#,
        url = Stack::shared().url()
    )
}

#[test]
fn login_lets_another_program_in_and_is_kept_nowhere() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&config());
    let plan = workspace.plan();
    let run = workspace.apply_plan(&plan);
    run.expect_success();
    let login = fs::read(workspace.directory().join("login.json")).expect("the program ran");
    let login: Value = serde_json::from_slice(&login).expect("JSON");
    assert_eq!(login["statuses"], json!([401, 200, 200]), "nobody, and the login in both its forms");
    let registry = format!("{}.dkr.ecr.eu-central-1.amazonaws.com", account.id());
    assert_eq!(login["registry"], registry);
    assert_eq!(login["proxy_endpoint"], format!("https://{registry}"));
    assert_eq!(login["user_name"], "AWS");
    let expires_at = login["expires_at"].as_str().expect("a time");
    assert!(expires_at.ends_with('Z') && expires_at.starts_with("20"), "{expires_at}");

    let plan = plan.json().to_string();
    assert!(plan.contains("terraform_data.push") && workspace.state_text().contains("terraform_data"));
    for secret in ["authorization_token", "password"] {
        let secret = login[secret].as_str().expect("a secret");
        assert!(secret.len() > 10, "{secret}");
        assert!(!plan.contains(secret) && !workspace.state_text().contains(secret));
        assert!(!run.stdout().contains(secret) && !run.stderr().contains(secret));
    }
}

#[test]
fn refused_login_names_the_action_that_is_missing() {
    let account = Account::new();
    let denied = FaultKind::error("AccessDeniedException", "User is not authorized to perform this");
    account.inject(Fault::once("ecr", "GetAuthorizationToken", denied));
    let mut workspace = Workspace::new(&account);
    workspace.config(&config());
    workspace.run_plan(&[]).expect_error("Logging in to ECR", None).expect_text("ecr:GetAuthorizationToken");
}
