# Settings of mirrors, and their login upstream.

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

run "single_repositories_have_settings_of_their_own" {
  command = plan

  variables {
    images = ["alpine:3.20", "busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000"]

    mirrors = {
      platforms          = ["linux/amd64"]
      on_upstream_change = "warn"

      repositories = {
        golang = {
          image_tags         = ["1.24-bookworm"]
          tag_filter         = { pattern = "1.24.*-bookworm", newest = 3 }
          platforms          = ["linux/amd64", "linux/arm64"]
          on_upstream_change = "update"
        }
        "quay.io/team/tool" = {
          image_tags     = ["1"]
          credential_arn = "arn:aws:secretsmanager:eu-central-1:${run.setup.account_id}:secret:quay-AbCdEf"
        }
      }
    }
  }

  assert {
    condition = { for name, mirror in ecrunner_mirror_repository.this : name => join(" ", coalesce(mirror.platforms, ["all"])) } == {
      "docker.io/library/alpine"  = "linux/amd64"
      "docker.io/library/busybox" = "all"
      "docker.io/library/golang"  = "linux/amd64 linux/arm64"
      "quay.io/team/tool"         = "linux/amd64"
    }
    error_message = "Platforms are those of the repository, or those of all; a digest stands for all platforms."
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/library/golang"].on_upstream_change == "update" && ecrunner_mirror_repository.this["docker.io/library/alpine"].on_upstream_change == "warn"
    error_message = "What a repository says wins."
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/library/golang"].tag_filter.newest == 3 && ecrunner_mirror_repository.this["docker.io/library/golang"].image_tags == toset(["1.24-bookworm"])
    error_message = "A repository that no image names is mirrored by its own tags."
  }

  assert {
    condition     = endswith(ecrunner_mirror_repository.this["quay.io/team/tool"].credential_arn, "secret:quay-AbCdEf") && ecrunner_mirror_repository.this["docker.io/library/alpine"].credential_arn == null
    error_message = "A private upstream has its login."
  }
}

run "mirrors_log_in_where_the_rule_does" {
  command = plan

  variables {
    images = ["team/tool:1", "quay.io/team/tool:1"]

    upstreams = {
      docker-hub = { credential_arn = "arn:aws:secretsmanager:eu-central-1:${run.setup.account_id}:secret:ecr-pullthroughcache/docker-hub-AbCdEf" }
    }
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/team/tool"].credential_arn == ecrunner_pull_through_cache_rule.this["docker-hub"].credential_arn && ecrunner_mirror_repository.this["quay.io/team/tool"].credential_arn == null
    error_message = "Copies from Docker Hub count under its login, others need none."
  }
}

run "mirrors_stay_logged_out_where_that_is_wanted" {
  command = plan

  variables {
    images = ["team/tool:1"]

    upstreams = {
      docker-hub = { credential_arn = "arn:aws:secretsmanager:eu-central-1:${run.setup.account_id}:secret:ecr-pullthroughcache/docker-hub-AbCdEf" }
    }
    mirrors = { log_in = false }
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/team/tool"].credential_arn == null
    error_message = "Who plans need not read the secret."
  }
}

run "mirrors_alone" {
  command = plan

  variables {
    images    = ["alpine:3.20"]
    upstreams = {}
  }

  assert {
    condition     = length(ecrunner_pull_through_cache_rule.this) == 0 && length(output.image_pull.import_repositories) == 0 && length(output.image_pull.repositories) == 1
    error_message = "Without a rule nothing is imported, and nobody is allowed to."
  }
}
