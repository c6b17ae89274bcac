locals {
  # The user that stock images let in; the manager connects as it.
  os_user = var.workers.operating_system == "ubuntu-24.04" ? "ubuntu" : "ec2-user"

  config_parameter  = "/ecrunner/${var.name}/config"
  log_group         = "/ecrunner/${var.name}/manager"
  token_placeholder = "__GITLAB_RUNNER_TOKEN__"

  software_urls    = [var.software.gitlab_runner.url, var.software.fleeting_plugin.url]
  software_objects = [for url in local.software_urls : url if url != null && startswith(coalesce(url, "none"), "s3://")]

  # Where the pull proxy is fetched from; null without a supply.
  pull_proxy_url    = var.images.supply == null ? null : try(coalesce(var.software.ecr_pull_proxy.url, one(ecrunner_software_object.pull_proxy[*].url)), null)
  pull_proxy_sha256 = var.images.supply == null ? null : try(coalesce(var.software.ecr_pull_proxy.sha256, one(ecrunner_software_object.pull_proxy[*].sha256)), null)

  # What may be pulled: for the manager, which sends a login along with ECR's names, and for the pull proxy.
  image_pull = var.images.image_pull != null ? var.images.image_pull : try(var.images.supply.image_pull, null)

  push_repositories = try(var.docker_socket.push_repositories, [])
  push_role_name    = "${var.name}-push"
  makes_push_role   = length(local.push_repositories) > 0 && var.existing.push_role_arn == null
  # Mirrors by the folder they share, for a policy has a limit, but for a folder that is pushed to.
  kept_repositories = var.images.supply == null ? [] : distinct(concat(
    [for prefix in values(var.images.supply.rules) : "${prefix}/*"],
    [
      for name in values(var.images.supply.mirrors) :
      !strcontains(name, "/") || anytrue([for pushed in local.push_repositories : startswith(pushed, "${split("/", name)[0]}/")]) ? name : "${split("/", name)[0]}/*"
    ],
  ))

  # Jobs that can start an engine or builders of their own find the pull proxy by files of the worker.
  nests        = var.workers.privileged || var.docker_socket != null
  job_volumes  = concat(var.docker_socket == null ? [] : ["/var/run/docker.sock:/var/run/docker.sock"], local.nests ? ecrunner_worker_fleet.this.job_volumes : [])
  environments = local.nests ? ecrunner_worker_fleet.this.job_environment : []

  manager_profile_arn       = coalesce(var.existing.manager_profile_arn, one(ecrunner_instance_profile.manager[*].arn))
  worker_profile_arn        = coalesce(var.existing.worker_profile_arn, one(ecrunner_instance_profile.worker[*].arn))
  manager_security_group_id = coalesce(var.existing.manager_security_group_id, one(ecrunner_runner_network.this[*].manager_security_group_id))
  worker_security_group_id  = coalesce(var.existing.worker_security_group_id, one(ecrunner_runner_network.this[*].worker_security_group_id))
}

# Images

data "ecrunner_ami" "worker" {
  count = var.workers.image_id == null ? 1 : 0

  operating_system = var.workers.operating_system
  architecture     = var.workers.architecture
}

data "ecrunner_ami" "manager" {
  count = var.manager.image_id == null ? 1 : 0
}

# A new stock image is published every week or two. It is taken when `image_release` changes, and not by any apply that comes
# after: a manager with another image is another instance.

resource "terraform_data" "worker_image" {
  count = var.workers.image_id == null ? 1 : 0

  input            = one(data.ecrunner_ami.worker[*].image_id)
  triggers_replace = [var.workers.image_release, var.workers.operating_system, var.workers.architecture]

  lifecycle {
    ignore_changes = [input]
  }
}

resource "terraform_data" "manager_image" {
  count = var.manager.image_id == null ? 1 : 0

  input            = one(data.ecrunner_ami.manager[*].image_id)
  triggers_replace = [var.manager.image_release]

  lifecycle {
    ignore_changes = [input]
  }
}

# Network

resource "ecrunner_runner_network" "this" {
  count = var.existing.manager_security_group_id == null ? 1 : 0

  name   = var.name
  vpc_id = var.vpc_id
  tags   = var.tags
}

# Workers

resource "ecrunner_instance_profile" "worker" {
  count = var.existing.worker_profile_arn == null ? 1 : 0

  name                 = "${var.name}-worker"
  permissions_boundary = var.permissions_boundary

  # Without a pull proxy it allows nothing: workers pull with the login that the manager sends along.
  image_pull   = var.images.supply == null ? null : local.image_pull
  read_objects = startswith(coalesce(local.pull_proxy_url, "none"), "s3://") ? [local.pull_proxy_url] : null
  assume_roles = local.makes_push_role ? [local.push_role_name] : null

  tags = var.tags
}

resource "ecrunner_push_role" "this" {
  count = local.makes_push_role ? 1 : 0

  name                 = local.push_role_name
  assumed_by           = ecrunner_instance_profile.worker[*].role_arn
  repositories         = local.push_repositories
  denied_repositories  = local.kept_repositories
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "ecrunner_software_object" "pull_proxy" {
  count = try(var.software.ecr_pull_proxy.file, null) == null ? 0 : 1

  bucket = var.software.ecr_pull_proxy.bucket
  source = var.software.ecr_pull_proxy.file
  tags   = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "ecrunner_worker_fleet" "this" {
  name                 = "${var.name}-workers"
  image_id             = coalesce(var.workers.image_id, one(terraform_data.worker_image[*].input))
  instance_types       = var.workers.instance_types
  subnet_ids           = var.subnet_ids
  security_group_ids   = [local.worker_security_group_id]
  instance_profile_arn = local.worker_profile_arn
  max_size             = var.capacity.max_instances

  spot = var.workers.spot ? {} : null

  root_volume = {
    size_gib = var.workers.volume_gib
  }

  setup = {
    operating_system = var.workers.operating_system
    daemon_json      = var.workers.daemon_json
    extra_script     = var.workers.extra_script
  }

  pull_proxy = var.images.supply == null ? null : {
    url           = local.pull_proxy_url
    sha256        = local.pull_proxy_sha256
    registry_host = var.images.supply.registry_host
    mirrors       = var.images.supply.mirrors
    rules         = var.images.supply.rules
    fallback      = var.images.fallback

    push = length(local.push_repositories) == 0 ? null : {
      role_arn     = coalesce(var.existing.push_role_arn, one(ecrunner_push_role.this[*].arn))
      repositories = local.push_repositories
    }
  }

  tags = var.tags
}

# Configuration

data "ecrunner_runner_config" "this" {
  # One entry: what it may run at once is what the whole manager may.
  concurrent = var.capacity.max_instances * var.capacity.jobs_per_instance

  runners = [{
    name                = var.name
    url                 = var.gitlab.url
    id                  = var.gitlab.runner_id
    token_placeholder   = local.token_placeholder
    executor            = "docker-autoscaler"
    request_concurrency = 2
    environment         = length(local.environments) == 0 ? null : local.environments

    # Tokens rotate in the SSM parameter, not behind its back.
    feature_flags = {
      FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true
      FF_USE_FLEETING_ACQUIRE_HEARTBEATS  = var.workers.spot
    }

    docker = {
      image        = var.images.default
      helper_image = var.images.helper
      privileged   = var.workers.privileged
      pull_policy  = var.images.pull_policy
      # GitLab Runner's own default is the first one, as long as nothing is written.
      volumes = length(local.job_volumes) == 0 ? null : concat(["/cache"], local.job_volumes)
    }

    autoscaler = {
      plugin                 = "fleeting-plugin-aws"
      capacity_per_instance  = var.capacity.jobs_per_instance
      max_use_count          = var.capacity.jobs_per_lifetime
      max_instances          = var.capacity.max_instances
      update_interval        = "30s"
      instance_ready_command = ecrunner_worker_fleet.this.ready_command

      plugin_config = {
        name = ecrunner_worker_fleet.this.name
      }

      connector_config = {
        username = local.os_user
      }

      # What runs on which worker outlives a restart of the manager's service.
      state_storage = {
        dir = "/var/lib/gitlab-runner/taskscaler"
      }

      policy = [for idle in var.capacity.idle : {
        periods    = idle.periods
        timezone   = idle.timezone
        idle_count = idle.jobs
        idle_time  = idle.idle_time
      }]
    }

    cache = var.cache == null ? null : {
      type   = "s3"
      path   = var.cache.prefix
      shared = true

      s3 = {
        bucket_name     = var.cache.bucket
        bucket_location = var.cache.location
      }
    }
  }]
}

# Manager

resource "ecrunner_instance_profile" "manager" {
  count = var.existing.manager_profile_arn == null ? 1 : 0

  name                 = "${var.name}-manager"
  permissions_boundary = var.permissions_boundary

  fleet_control = {
    fleet_arns = [ecrunner_worker_fleet.this.arn]
    os_user    = local.os_user
  }

  # The manager logs in to ECR for every pull, and sends the login along to the worker.
  image_pull = local.image_pull

  read_parameters = {
    parameters   = [local.config_parameter, var.gitlab.token_parameter]
    kms_key_arns = var.gitlab.token_kms_key_arn == null ? null : [var.gitlab.token_kms_key_arn]
  }

  cache_bucket = var.cache == null ? null : {
    bucket_arn  = var.cache.bucket_arn
    prefix      = var.cache.prefix
    kms_key_arn = var.cache.kms_key_arn
  }

  write_logs = [local.log_group]

  # Programs that lie in a bucket of your own.
  read_objects = length(local.software_objects) == 0 ? null : local.software_objects

  tags = var.tags
}

resource "ecrunner_runner_manager" "this" {
  name                 = "${var.name}-manager"
  image_id             = coalesce(var.manager.image_id, one(terraform_data.manager_image[*].input))
  instance_type        = var.manager.instance_type
  subnet_ids           = var.subnet_ids
  security_group_ids   = [local.manager_security_group_id]
  instance_profile_arn = local.manager_profile_arn
  shutdown_timeout     = var.manager.shutdown_timeout

  config           = data.ecrunner_runner_config.this.config_toml
  config_parameter = local.config_parameter
  fleets           = [ecrunner_worker_fleet.this.arn]

  # Who pulls from no repository needs no login either.
  ecr_hosts = local.image_pull == null ? [] : null

  token_parameters = {
    (local.token_placeholder) = var.gitlab.token_parameter
  }

  gitlab_runner   = var.software.gitlab_runner
  fleeting_plugin = var.software.fleeting_plugin

  log_group = {
    name           = local.log_group
    retention_days = var.manager.log_retention_days
  }

  tags = var.tags
}

check "one_job_for_each_worker" {
  assert {
    condition     = var.docker_socket == null || (var.capacity.jobs_per_instance == 1 && var.capacity.jobs_per_lifetime == 1)
    error_message = "Jobs have the worker's Docker socket, and so can do anything to other jobs on the same worker, at once or after them: set jobs_per_instance and jobs_per_lifetime of capacity to 1."
  }
}
