# Jobs name Docker Hub's images as ever, and workers fetch them from ECR: what the module wires for it.

provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    autoscaling              = run.setup.endpoint
    ec2                      = run.setup.endpoint
    ecr                      = run.setup.endpoint
    iam                      = run.setup.endpoint
    logs                     = run.setup.endpoint
    registry                 = run.setup.endpoint
    resourcegroupstaggingapi = run.setup.endpoint
    s3                       = run.setup.endpoint
    secretsmanager           = run.setup.endpoint
    ssm                      = run.setup.endpoint
    sts                      = run.setup.endpoint
  }
}

variables {
  name = "transparent"

  gitlab = {
    runner_id       = 42
    token_parameter = "/transparent/token"
  }

  software = {
    gitlab_runner   = { url = "https://downloads.example.com/gitlab-runner", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
    fleeting_plugin = { url = "https://downloads.example.com/plugin", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
    ecr_pull_proxy  = { url = "s3://programs/ecr-pull-proxy", sha256 = "1111111111111111111111111111111111111111111111111111111111111111" }
  }

  images = {
    supply = {
      registry_host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
      mirrors       = { "docker.io/library/alpine" = "mirror/docker.io/library/alpine" }
      rules         = { "docker.io/library" = "ecr-public/docker/library", "quay.io" = "quay" }
      image_pull    = { repositories = ["mirror/*"], import_repositories = ["ecr-public/*", "quay/*"] }
    }
  }
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "workers_fetch_what_jobs_name_from_ecr" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  assert {
    condition     = ecrunner_worker_fleet.this.pull_proxy.url == "s3://programs/ecr-pull-proxy" && ecrunner_worker_fleet.this.pull_proxy.fallback == "none"
    error_message = "The worker gets the program, and does not go past ECR."
  }

  assert {
    condition     = ecrunner_worker_fleet.this.pull_proxy.mirrors["docker.io/library/alpine"] == "mirror/docker.io/library/alpine" && ecrunner_worker_fleet.this.pull_proxy.rules["quay.io"] == "quay"
    error_message = "What the supply serves reaches the worker."
  }

  assert {
    condition     = strcontains(output.config_toml, "image = \"alpine:3.20\"\n") && !strcontains(output.config_toml, "volumes") && !strcontains(output.config_toml, "environment")
    error_message = "Jobs name images as ever, and get nothing of the worker."
  }
}

run "workers_may_pull_and_import_what_was_declared_and_no_more" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(output.worker_policy).Statement :
      alltrue([for action in flatten([statement.Action]) : contains([
        "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability",
        "ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "s3:GetObject",
      ], action)])
    ])
    error_message = "Workers pull, import, and fetch the program: ${output.worker_policy}"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.worker_policy).Statement :
      alltrue([for resource in flatten([statement.Resource]) :
        resource == "*" ? flatten([statement.Action]) == ["ecr:GetAuthorizationToken"] : length(regexall("repository/(mirror|ecr-public|quay)/\\*$|^arn:aws:s3:::programs/ecr-pull-proxy$", resource)) == 1
      ])
    ])
    error_message = "Each right is limited to the declared repositories and the program: ${output.worker_policy}"
  }

  assert {
    condition = one([
      for statement in jsondecode(output.worker_policy).Statement :
      [for arn in flatten([statement.Resource]) : replace(arn, "/^.*:repository[/]/", "")] if contains(flatten([statement.Action]), "ecr:CreateRepository")
    ]) == ["ecr-public/*", "quay/*"]
    error_message = "A first pull through a rule may import, and into mirrors nobody: ${output.worker_policy}"
  }
}

run "the_supply_alone_says_what_is_missing" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    software = {
      gitlab_runner   = { url = "https://downloads.example.com/gitlab-runner", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
      fleeting_plugin = { url = "https://downloads.example.com/plugin", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
    }
  }

  command         = plan
  expect_failures = [var.images]
}

run "half_a_source_is_refused" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    software = {
      gitlab_runner   = { url = "https://downloads.example.com/gitlab-runner", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
      fleeting_plugin = { url = "https://downloads.example.com/plugin", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
      ecr_pull_proxy  = { url = "s3://programs/ecr-pull-proxy", file = "tests/setup/main.tf" }
    }
  }

  command         = plan
  expect_failures = [var.software]
}

run "an_unknown_fallback_is_refused" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    images = { fallback = "docker.io" }
  }

  command         = plan
  expect_failures = [var.images]
}

run "a_local_program_is_put_into_the_bucket" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    software = {
      gitlab_runner   = { url = "https://downloads.example.com/gitlab-runner", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
      fleeting_plugin = { url = "https://downloads.example.com/plugin", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
      ecr_pull_proxy  = { file = "tests/setup/main.tf", bucket = run.setup.bucket }
    }
  }

  assert {
    condition     = ecrunner_worker_fleet.this.pull_proxy.sha256 == filesha256("tests/setup/main.tf") && startswith(ecrunner_worker_fleet.this.pull_proxy.url, "s3://${run.setup.bucket}/")
    error_message = "Workers fetch what was put there, by its checksum."
  }

  assert {
    condition     = strcontains(output.worker_policy, "arn:aws:s3:::${run.setup.bucket}/") && !strcontains(output.worker_policy, "arn:aws:s3:::${run.setup.bucket}/*")
    error_message = "They may read that object, and no other of the bucket."
  }
}

run "nested_engines_find_the_pull_proxy" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
    workers    = { privileged = true }
  }

  assert {
    condition     = strcontains(output.config_toml, ":/etc/docker/daemon.json:ro") && strcontains(output.config_toml, "\"/cache\"")
    error_message = "A docker:dind service reads its mirror from the worker's file, and caches stay."
  }

  assert {
    condition     = !strcontains(output.config_toml, "docker.sock") && !strcontains(output.config_toml, "DOCKER_CONFIG")
    error_message = "The worker's own engine is not theirs, nor a login."
  }
}

run "jobs_with_the_socket_push_by_a_role_of_their_own" {
  variables {
    vpc_id        = run.setup.vpc_id
    subnet_ids    = run.setup.subnet_ids
    docker_socket = { push_repositories = ["team/*"] }
  }

  assert {
    condition     = strcontains(output.config_toml, "\"/var/run/docker.sock:/var/run/docker.sock\"") && strcontains(output.config_toml, "DOCKER_CONFIG=")
    error_message = "Jobs have the socket, and find the login."
  }

  assert {
    condition     = output.push_role_arn == ecrunner_worker_fleet.this.pull_proxy.push.role_arn && strcontains(output.worker_policy, output.push_role_arn)
    error_message = "The pull proxy pushes with that role, and the worker's role may assume it."
  }

  assert {
    condition     = !strcontains(output.worker_policy, "ecr:PutImage")
    error_message = "The worker's own role pulls only."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(ecrunner_push_role.this[0].policy_json).Statement :
      statement.Effect == "Deny" && contains(flatten([statement.Action]), "ecr:PutImage")
      && length(setsubtract(["mirror/*", "ecr-public/docker/library/*", "quay/*"], [for arn in flatten([statement.Resource]) : replace(arn, "/^.*:repository[/]/", "")])) == 0
    ])
    error_message = "Mirrors and what rules fill are never pushed to: ${ecrunner_push_role.this[0].policy_json}"
  }
}

run "a_folder_of_mirrors_that_is_pushed_to_is_denied_name_by_name" {
  variables {
    vpc_id        = run.setup.vpc_id
    subnet_ids    = run.setup.subnet_ids
    docker_socket = { push_repositories = ["mirror/own/*"] }
  }

  command = plan

  assert {
    condition     = contains(ecrunner_push_role.this[0].denied_repositories, "mirror/docker.io/library/alpine") && !contains(ecrunner_push_role.this[0].denied_repositories, "mirror/*")
    error_message = "What may be pushed is not denied by its folder."
  }
}

run "a_shared_worker_with_the_socket_is_warned_of" {
  variables {
    vpc_id        = run.setup.vpc_id
    subnet_ids    = run.setup.subnet_ids
    docker_socket = {}
    capacity      = { jobs_per_instance = 2 }
  }

  command         = plan
  expect_failures = [check.one_job_for_each_worker]
}

run "a_push_needs_the_supply" {
  variables {
    vpc_id        = run.setup.vpc_id
    subnet_ids    = run.setup.subnet_ids
    images        = {}
    docker_socket = { push_repositories = ["team/*"] }
  }

  command         = plan
  expect_failures = [var.docker_socket]
}

run "a_worker_profile_of_ones_own_brings_its_push_role" {
  variables {
    vpc_id        = run.setup.vpc_id
    subnet_ids    = run.setup.subnet_ids
    existing      = { worker_profile_arn = "arn:aws:iam::123456789012:instance-profile/worker" }
    docker_socket = { push_repositories = ["team/*"] }
  }

  command         = plan
  expect_failures = [var.docker_socket]
}

run "roles_that_exist_are_used" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    existing = {
      worker_profile_arn = "arn:aws:iam::123456789012:instance-profile/worker"
      push_role_arn      = "arn:aws:iam::123456789012:role/push"
    }
    docker_socket = { push_repositories = ["team/*"] }
  }

  command = plan

  assert {
    condition     = length(ecrunner_push_role.this) == 0 && length(ecrunner_instance_profile.worker) == 0 && output.push_role_arn == "arn:aws:iam::123456789012:role/push"
    error_message = "Nothing that was handed in is made again."
  }
}
