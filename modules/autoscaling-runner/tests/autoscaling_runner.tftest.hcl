provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    autoscaling    = run.setup.endpoint
    ec2            = run.setup.endpoint
    ecr            = run.setup.endpoint
    iam            = run.setup.endpoint
    logs           = run.setup.endpoint
    registry       = run.setup.endpoint
    s3             = run.setup.endpoint
    secretsmanager = run.setup.endpoint
    ssm            = run.setup.endpoint
    sts            = run.setup.endpoint
  }
}

variables {
  name = "module-test"

  gitlab = {
    runner_id       = 42
    token_parameter = "/module-test/token"
  }

  software = {
    gitlab_runner   = { url = "https://downloads.example.com/gitlab-runner", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
    fleeting_plugin = { url = "https://downloads.example.com/plugin", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  }
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "defaults_make_a_whole_runner" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  assert {
    condition     = output.worker_fleet_name == "module-test-workers"
    error_message = "The fleet is named after the set-up."
  }

  assert {
    condition     = strcontains(output.config_toml, "concurrent = 10\n") && strcontains(output.config_toml, "name = \"module-test-workers\"")
    error_message = "The configuration names the fleet, and as many jobs as it can run."
  }

  assert {
    condition     = strcontains(output.config_toml, "token = \"__GITLAB_RUNNER_TOKEN__\"")
    error_message = "The configuration holds a placeholder, not a token."
  }

  assert {
    condition     = !strcontains(output.manager_policy, "ec2:RunInstances") && !strcontains(output.manager_policy, "iam:")
    error_message = "The manager may neither start instances nor touch IAM."
  }
}

run "idle_workers_follow_the_clock" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
    capacity   = { max_instances = 6, idle = [{}, { periods = ["* 8-18 * * mon-fri"], jobs = 3 }] }
  }

  assert {
    condition     = strcontains(output.config_toml, "concurrent = 6\n") && strcontains(output.config_toml, "idle_count = 3\n")
    error_message = "Both policies reach the configuration."
  }
}

run "what_exists_is_used" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    existing = {
      manager_profile_arn       = "arn:aws:iam::123456789012:instance-profile/manager"
      worker_profile_arn        = "arn:aws:iam::123456789012:instance-profile/worker"
      manager_security_group_id = "sg-0123456789abcdef0"
      worker_security_group_id  = "sg-0123456789abcdef1"
    }
  }

  command = plan

  assert {
    condition     = length(ecrunner_instance_profile.manager) == 0 && length(ecrunner_instance_profile.worker) == 0 && length(ecrunner_runner_network.this) == 0
    error_message = "Nothing that was handed in is made again."
  }
}

run "half_a_network_is_refused" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
    existing   = { manager_security_group_id = "sg-0123456789abcdef0" }
  }

  command         = plan
  expect_failures = [var.existing]
}

run "a_name_that_aws_would_refuse_is_refused" {
  variables {
    name       = "Not A Name"
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  command         = plan
  expect_failures = [var.name]
}
