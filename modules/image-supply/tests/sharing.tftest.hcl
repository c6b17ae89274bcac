# Other accounts, and what ECR needs to make repositories with more than its defaults.

provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    ecr                      = run.setup.endpoint
    iam                      = run.setup.endpoint
    registry                 = run.setup.endpoint
    resourcegroupstaggingapi = run.setup.endpoint
    secretsmanager           = run.setup.endpoint
    sts                      = run.setup.endpoint
  }
}

variables {
  # Terraform applies no default of an ephemeral variable of the root module, which the module is here.
  access_tokens = {}
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "everything_is_made" {
  variables {
    images = [run.setup.image]

    upstreams = {
      docker-hub = { credential = { username = "team", recovery_window_days = 0 } }
      quay       = { delete_repositories = true }
    }
    access_tokens = { docker-hub = "not-a-real-token" }
    shared_with   = { principals = ["444455556666"] }
    templates     = { tags = { purpose = "ci" } }
    tags          = { team = "build-platform" }
  }

  assert {
    condition     = can(regex("^arn:aws:secretsmanager:eu-central-1:[0-9]{12}:secret:ecr-pullthroughcache/docker-hub", output.credential_arns["docker-hub"]))
    error_message = "The token is in a secret where ECR looks for it."
  }

  assert {
    condition     = ecrunner_pull_through_cache_rule.this["docker-hub"].credential_arn == output.credential_arns["docker-hub"] && ecrunner_pull_through_cache_rule.this["quay"].credential_arn == null
    error_message = "The rule that needs a login has it."
  }

  assert {
    condition     = ecrunner_pull_through_cache_rule.this["quay"].delete_repositories && !ecrunner_pull_through_cache_rule.this["docker-hub"].delete_repositories
    error_message = "Repositories are deleted with the rule that says so, and with no other."
  }

  assert {
    condition     = output.creation_role_arn != null && alltrue([for template in ecrunner_repository_creation_template.this : template.custom_role_arn == output.creation_role_arn])
    error_message = "Tags of repositories that ECR makes demand a role."
  }

  assert {
    condition     = ecrunner_registry_policy_statement.this[0].registry_id == ecrunner_pull_through_cache_rule.this["quay"].registry_id
    error_message = "The statement is in the policy of the registry that has the rules."
  }
}

run "other_accounts_pull_and_import" {
  command = plan

  variables {
    images      = ["alpine:3.20"]
    upstreams   = { ecr-public = {}, quay = { create = false } }
    shared_with = { principals = ["444455556666", "arn:aws:iam::777788889999:role/ci"] }
  }

  assert {
    condition = alltrue([
      for policy in [ecrunner_mirror_repository.this["docker.io/library/alpine"].repository_policy, ecrunner_repository_creation_template.this["ecr-public"].repository_policy] :
      jsondecode(policy).Statement[0].Principal.AWS == ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:role/ci"] &&
      jsondecode(policy).Statement[0].Action == ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    ])
    error_message = "Mirrors, and repositories that ECR makes, let both pull and nothing else."
  }

  assert {
    condition     = ecrunner_registry_policy_statement.this[0].repositories == toset(["ecr-public/*", "quay/*"]) && ecrunner_registry_policy_statement.this[0].principals == toset(["444455556666", "arn:aws:iam::777788889999:role/ci"])
    error_message = "Both may import below every prefix, that of a rule of others too."
  }

  assert {
    condition     = keys(ecrunner_pull_through_cache_rule.this) == ["ecr-public"] && keys(ecrunner_repository_creation_template.this) == ["ecr-public"] && output.rules["quay.io"] == "quay"
    error_message = "A rule that is there is counted with, and not made."
  }

  assert {
    condition     = alltrue([for arn in output.image_pull.import_repositories : can(regex("^arn:aws:ecr:eu-central-1:[0-9]{12}:repository/(ecr-public|quay)/[*]$", arn))]) && length(output.image_pull.import_repositories) == 2 && [for arn in output.image_pull.repositories : split(":", arn)[5]] == ["repository/mirror/*"]
    error_message = "What may be pulled is named so that other accounts can name it too."
  }
}

run "other_accounts_only_pull" {
  command = plan

  variables {
    shared_with = { principals = ["444455556666"], import = false }
  }

  assert {
    condition     = length(ecrunner_registry_policy_statement.this) == 0 && ecrunner_repository_creation_template.this["ecr-public"].repository_policy != null
    error_message = "Without import the policy of the registry is left alone."
  }
}

run "nobody_else_pulls" {
  command = plan

  variables {
    images = ["alpine:3.20"]
  }

  assert {
    condition     = length(ecrunner_registry_policy_statement.this) == 0 && ecrunner_repository_creation_template.this["ecr-public"].repository_policy == null && ecrunner_mirror_repository.this["docker.io/library/alpine"].repository_policy == null
    error_message = "No policy lets anybody in."
  }

  assert {
    condition     = length(ecrunner_repository_creation_role.this) == 0 && ecrunner_repository_creation_template.this["ecr-public"].custom_role_arn == null && output.creation_role_arn == null
    error_message = "Without tags and KMS no role is made."
  }
}

run "a_kms_key_encrypts_mirrors_and_cached_images" {
  command = plan

  variables {
    images               = ["alpine:3.20"]
    kms_key_arn          = "arn:aws:kms:eu-central-1:${run.setup.account_id}:key/1111"
    permissions_boundary = "arn:aws:iam::${run.setup.account_id}:policy/boundary"
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/library/alpine"].encryption_configuration.kms_key == var.kms_key_arn && ecrunner_repository_creation_template.this["ecr-public"].encryption_configuration.kms_key == var.kms_key_arn
    error_message = "One key for all."
  }

  assert {
    condition     = ecrunner_repository_creation_role.this[0].kms_key_arns == toset([var.kms_key_arn]) && ecrunner_repository_creation_role.this[0].repositories == toset(["ecr-public/*"]) && ecrunner_repository_creation_role.this[0].permissions_boundary == var.permissions_boundary
    error_message = "The role may use that key, for repositories of the rules, within the boundary."
  }
}

run "what_exists_is_used" {
  command = plan

  variables {
    upstreams = {
      docker-hub = { credential_arn = "arn:aws:secretsmanager:eu-central-1:${run.setup.account_id}:secret:ecr-pullthroughcache/docker-hub-AbCdEf" }
    }
    templates = { tags = { purpose = "ci" }, role_arn = "arn:aws:iam::${run.setup.account_id}:role/create-repositories" }
  }

  assert {
    condition     = length(ecrunner_upstream_credential.this) == 0 && length(ecrunner_repository_creation_role.this) == 0
    error_message = "Neither a secret nor a role is made where one was handed in."
  }

  assert {
    condition     = ecrunner_repository_creation_template.this["docker-hub"].custom_role_arn == "arn:aws:iam::${run.setup.account_id}:role/create-repositories" && output.creation_role_arn == "arn:aws:iam::${run.setup.account_id}:role/create-repositories"
    error_message = "The role that was handed in is used."
  }
}

run "no_templates" {
  command = plan

  variables {
    templates = { create = false, tags = { purpose = "ci" } }
  }

  assert {
    condition     = length(ecrunner_repository_creation_template.this) == 0 && length(ecrunner_repository_creation_role.this) == 0 && length(ecrunner_pull_through_cache_rule.this) == 1
    error_message = "Rules without templates, and no role that nothing would use."
  }
}
