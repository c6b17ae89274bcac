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

# A stock image that appears later changes nothing by itself.
run "the_image_stays" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  command = plan

  override_data {
    target = data.ecrunner_ami.manager[0]
    values = { image_id = "ami-00000000000000001" }
  }

  override_data {
    target = data.ecrunner_ami.worker[0]
    values = { image_id = "ami-00000000000000001" }
  }

  assert {
    condition     = data.ecrunner_ami.manager[0].image_id == "ami-00000000000000001"
    error_message = "The newest image is another one now."
  }

  assert {
    condition     = ecrunner_runner_manager.this.image_id == run.defaults_make_a_whole_runner.manager_image_id && ecrunner_worker_fleet.this.image_id == run.defaults_make_a_whole_runner.worker_image_id
    error_message = "Manager and workers keep the image they have."
  }
}

run "a_new_image_is_taken_when_asked_for" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
    manager    = { image_release = "2026-11" }
  }

  command = plan

  override_data {
    target = data.ecrunner_ami.manager[0]
    values = { image_id = "ami-00000000000000001" }
  }

  override_data {
    target = data.ecrunner_ami.worker[0]
    values = { image_id = "ami-00000000000000001" }
  }

  assert {
    condition     = output.manager_image_id == "ami-00000000000000001" && output.worker_image_id == run.defaults_make_a_whole_runner.worker_image_id
    error_message = "The manager gets the newest image, and the workers keep theirs."
  }
}

run "a_runner_without_images_or_cache_has_no_such_rights" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids
  }

  command = plan

  assert {
    condition     = ecrunner_instance_profile.worker[0].policy_json == null
    error_message = "Workers have no right of their own."
  }

  assert {
    condition     = !strcontains(ecrunner_instance_profile.manager[0].policy_json, "ecr:") && !strcontains(ecrunner_instance_profile.manager[0].policy_json, "s3:")
    error_message = "What is not used is not allowed."
  }
}

run "own_keys_reach_the_policy" {
  variables {
    vpc_id     = run.setup.vpc_id
    subnet_ids = run.setup.subnet_ids

    gitlab = {
      runner_id         = 42
      token_parameter   = "/module-test/token"
      token_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1111"
    }

    images = { image_pull = { repositories = ["mirror/*"] } }

    cache = {
      bucket      = "ci-cache"
      bucket_arn  = "arn:aws:s3:::ci-cache"
      location    = "eu-central-1"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2222"
    }
  }

  command = plan

  assert {
    condition     = strcontains(ecrunner_instance_profile.manager[0].policy_json, "key/1111") && strcontains(ecrunner_instance_profile.manager[0].policy_json, "key/2222")
    error_message = "The manager may decrypt its token and the cache."
  }

  assert {
    condition     = strcontains(ecrunner_instance_profile.manager[0].policy_json, "ci-cache/cache/*") && strcontains(ecrunner_instance_profile.manager[0].policy_json, "repository/mirror/*")
    error_message = "The cache is the folder, and images are those that were named."
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
