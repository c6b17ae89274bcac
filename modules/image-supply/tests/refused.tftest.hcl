# What the module refuses at plan, and for which variable.

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

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "what_is_no_image" {
  command         = plan
  expect_failures = [var.images]

  variables {
    images = ["alpine:3.20", "Alpine"]
  }
}

# Without a login at Docker Hub only official images come through a rule.
run "an_image_of_docker_hub_that_nothing_serves" {
  command         = plan
  expect_failures = [output.images]

  variables {
    images  = ["alpine:3.20", "team/tool:1"]
    mirrors = { images = "pinned" }
  }
}

run "an_image_of_a_registry_without_a_rule" {
  command         = plan
  expect_failures = [output.images]

  variables {
    images  = ["quay.io/team/tool:1"]
    mirrors = { images = "pinned" }
  }
}

run "an_upstream_without_an_address" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { harbor = {} }
  }
}

run "docker_hub_without_a_login" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { docker-hub = {} }
  }
}

run "azure_without_a_login" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { azure = { upstream_registry_url = "team.azurecr.io" } }
  }
}

run "two_logins_for_one_upstream" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = {
      docker-hub = {
        credential     = { username = "team" }
        credential_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
      }
    }
    access_tokens = { docker-hub = "not-a-real-token" }
  }
}

run "a_rule_for_everything" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { quay = { ecr_repository_prefix = "ROOT" } }
  }
}

run "one_prefix_for_two_upstreams" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { quay = {}, kubernetes = { ecr_repository_prefix = "quay" } }
  }
}

run "one_registry_twice" {
  command         = plan
  expect_failures = [var.upstreams]

  variables {
    upstreams = { quay = {}, again = { upstream_registry_url = "quay.io" } }
  }
}

run "a_credential_without_its_token" {
  command         = plan
  expect_failures = [var.access_tokens]

  variables {
    upstreams     = { docker-hub = { credential = { username = "team" } } }
    access_tokens = { dockerhub = "not-a-real-token" }
  }
}

run "a_word_for_which_images_to_mirror" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    mirrors = { images = "some" }
  }
}

run "a_repository_with_a_tag" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    mirrors = { repositories = { "alpine:3.20" = {} } }
  }
}

run "a_repository_twice" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    mirrors = {
      repositories = {
        "alpine"                   = { image_tags = ["3.20"] }
        "docker.io/library/alpine" = { image_tags = ["3.21"] }
      }
    }
  }
}

run "a_repository_without_tags" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    images  = ["busybox:1.37"]
    mirrors = { repositories = { alpine = {} } }
  }
}

run "platforms_of_a_pinned_image" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    images  = ["alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
    mirrors = { repositories = { alpine = { platforms = ["linux/amd64"] } } }
  }
}

run "mirrors_below_a_rule" {
  command         = plan
  expect_failures = [var.mirrors]

  variables {
    mirrors = { prefix = "ecr-public/mirror" }
  }
}

run "images_that_expire_at_once" {
  command         = plan
  expect_failures = [var.templates]

  variables {
    templates = { expire_days = 0 }
  }
}

run "a_principal_that_is_none" {
  command         = plan
  expect_failures = [var.shared_with]

  variables {
    shared_with = { principals = ["team"] }
  }
}
