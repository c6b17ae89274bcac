# What a team decides.

variable "name" {
  description = "Name of the runner set-up, prefix of everything it creates; 1 to 40 lower-case letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,39}$", var.name))
    error_message = "name must be 1 to 40 lower-case letters, digits and hyphens, and not begin with a hyphen."
  }
}

variable "vpc_id" {
  description = "VPC of the runner manager and the workers."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the runner manager and the workers. They need a route to AWS' endpoints and to GitLab."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids needs at least one subnet."
  }
}

variable "gitlab" {
  description = <<-EOT
    The runner at GitLab.
    `url`: address of the instance. `runner_id`: numeric id of the runner, by which its workers stay its own when the token
    changes. `token_parameter`: name of the SSM SecureString parameter that holds the runner's authentication token; the token
    itself never passes through Terraform. `token_kms_key_arn`: the customer managed key that encrypts it, if one does.
  EOT
  type = object({
    url               = optional(string, "https://gitlab.com")
    runner_id         = number
    token_parameter   = string
    token_kms_key_arn = optional(string)
  })
}

variable "software" {
  description = <<-EOT
    Programs of runner manager and workers. `gitlab_runner` and `fleeting_plugin` are each either a download with its SHA-256
    (`https://…` or `s3://…`), or, for GitLab Runner, a package with its version from a repository that the image knows.
    `ecr_pull_proxy`, which workers need with `images.supply`, is a download with its SHA-256 too, or a `file` on the machine
    that runs Terraform, as `cargo xtask package` builds it, which is then put into `bucket`, an S3 bucket of yours.
    There is no default: a checksum that nobody verified would be none.
  EOT
  type = object({
    gitlab_runner = object({
      package = optional(string)
      url     = optional(string)
      sha256  = optional(string)
    })
    fleeting_plugin = object({
      url    = string
      sha256 = string
    })
    ecr_pull_proxy = optional(object({
      url    = optional(string)
      sha256 = optional(string)
      file   = optional(string)
      bucket = optional(string)
    }))
  })

  validation {
    condition = var.software.ecr_pull_proxy == null ? true : (
      (var.software.ecr_pull_proxy.url == null) == (var.software.ecr_pull_proxy.sha256 == null)
      && (var.software.ecr_pull_proxy.file == null) == (var.software.ecr_pull_proxy.bucket == null)
      && (var.software.ecr_pull_proxy.url == null) != (var.software.ecr_pull_proxy.file == null)
    )
    error_message = "software.ecr_pull_proxy needs either url and sha256, or file and bucket."
  }
}

# How much, and on what.

variable "capacity" {
  description = <<-EOT
    How many jobs run at once. `max_instances`: most workers. `jobs_per_instance`: jobs at once on one worker.
    `jobs_per_lifetime`: jobs after which a worker is replaced, 0 for no limit. `idle`: how many jobs' worth of workers wait, by time
    (5-field cron); the last match wins.
  EOT
  type = object({
    max_instances     = optional(number, 10)
    jobs_per_instance = optional(number, 1)
    jobs_per_lifetime = optional(number, 1)
    idle = optional(list(object({
      periods   = optional(list(string), ["* * * * *"])
      timezone  = optional(string)
      jobs      = optional(number, 0)
      idle_time = optional(string, "20m")
    })), [{}])
  })
  default = {}
}

variable "workers" {
  description = <<-EOT
    The workers. `instance_types`: one, or several for a mixed group. `spot`: run on spot instances. `architecture`: x86_64 or arm64.
    `operating_system`: amazon-linux-2023 or ubuntu-24.04. `image_id`: an AMI of your own in place of the stock one.
    `image_release`: any text, such as a date; the newest stock image is taken when it changes, and stays till then. `volume_gib`: size of the root volume. `privileged`: privileged job containers, as docker:dind needs.
    `daemon_json`: JSON merged into Docker's configuration. `extra_script`: shell that runs last at boot.
  EOT
  type = object({
    instance_types   = optional(list(string), ["m6i.large"])
    spot             = optional(bool, false)
    architecture     = optional(string, "x86_64")
    operating_system = optional(string, "amazon-linux-2023")
    image_id         = optional(string)
    image_release    = optional(string)
    volume_gib       = optional(number, 50)
    privileged       = optional(bool, false)
    daemon_json      = optional(string)
    extra_script     = optional(string)
  })
  default = {}
}

variable "manager" {
  description = <<-EOT
    The runner manager. `instance_type`: its size. `image_id`: an AMI of your own in place of the stock one. `image_release`: any text,
    such as a date; the newest stock image is taken when it changes, and stays till then. `shutdown_timeout`: how long a stop waits
    for running jobs. `log_retention_days`: how long its logs are kept.
  EOT
  type = object({
    instance_type      = optional(string, "t3.small")
    image_id           = optional(string)
    image_release      = optional(string)
    shutdown_timeout   = optional(string, "2h")
    log_retention_days = optional(number, 30)
  })
  default = {}
}

variable "images" {
  description = <<-EOT
    The images that jobs use. `default`: image of jobs that name none. `helper`: GitLab Runner's helper image, from your own registry
    where workers have no internet. `supply`: the output of the same name of the module image-supply; with it jobs name images as
    ever, `alpine:3.20`, and every worker fetches them from ECR by a pull proxy, `software.ecr_pull_proxy`. `fallback`: what the
    proxy does when ECR fails, `none` or `upstream`, which asks Docker Hub and its like without a login. `image_pull`: what may be
    pulled from ECR, where it is other than the supply says: `repositories`, names, patterns (`mirror/*`) or ARNs, and
    `import_repositories`, which a first pull through a pull through cache rule may also create and fill. `pull_policy`: when
    workers pull.
  EOT
  type = object({
    default = optional(string, "alpine:3.20")
    helper  = optional(string)
    supply = optional(object({
      registry_host = string
      mirrors       = map(string)
      rules         = map(string)
      image_pull = object({
        repositories        = optional(set(string))
        import_repositories = optional(set(string))
      })
    }))
    fallback = optional(string, "none")
    image_pull = optional(object({
      repositories        = optional(set(string))
      import_repositories = optional(set(string))
    }))
    pull_policy = optional(list(string), ["always"])
  })
  default = {}

  validation {
    condition     = contains(["none", "upstream"], var.images.fallback)
    error_message = "images.fallback is none or upstream."
  }

  validation {
    condition     = var.images.supply == null || var.software.ecr_pull_proxy != null
    error_message = <<-EOT
      With images.supply workers run a pull proxy, and software.ecr_pull_proxy, which says where it is, is missing. Build it by
      `cargo xtask package`, then write its file and a bucket of yours, from which workers fetch it:
      ecr_pull_proxy = { file = "…/target/package/ecr-pull-proxy-…", bucket = "…" }; or give url and sha256 of where you keep it.
    EOT
  }
}

variable "docker_socket" {
  description = <<-EOT
    Lets jobs use the worker's Docker by its socket: `docker build` and `docker pull` need nothing more. Null: they cannot.
    `push_repositories`: repositories of the supply's registry that `docker push` works for without a login, names or patterns
    (`team/*`); never mirrors, nor what a rule fills. Who has the socket is root on the worker, and has what its role may:
    keep one job for each worker, as `capacity` has it. Without the socket, jobs push with GitLab's `id_tokens`.
  EOT
  type = object({
    push_repositories = optional(set(string), [])
  })
  default = null

  validation {
    condition     = length(try(var.docker_socket.push_repositories, [])) == 0 || var.images.supply != null
    error_message = "docker_socket.push_repositories needs images.supply: the login for a push is kept by the pull proxy."
  }

  validation {
    condition = (
      length(try(var.docker_socket.push_repositories, [])) == 0
      || (var.existing.worker_profile_arn == null) == (var.existing.push_role_arn == null)
    )
    error_message = "Give both existing.worker_profile_arn and existing.push_role_arn, or none: the one's role may assume the other."
  }
}

variable "cache" {
  description = <<-EOT
    The job cache in S3: `bucket` (name), `bucket_arn`, `location` (region), `prefix` (a folder in it), `kms_key_arn` (the customer
    managed key that encrypts it, if one does). Null: no distributed cache.
  EOT
  type = object({
    bucket      = string
    bucket_arn  = string
    location    = string
    prefix      = optional(string, "cache")
    kms_key_arn = optional(string)
  })
  default = null
}

# What is there already.

variable "existing" {
  description = <<-EOT
    What is used in place of what the module would create. With both profiles given the module makes no IAM call.
    `manager_profile_arn`, `worker_profile_arn`: ARNs of instance profiles. `push_role_arn`: role that the workers' role may assume
    to push with, where `docker_socket` has `push_repositories`. `manager_security_group_id`, `worker_security_group_id`: both or
    none.
  EOT
  type = object({
    manager_profile_arn       = optional(string)
    worker_profile_arn        = optional(string)
    push_role_arn             = optional(string)
    manager_security_group_id = optional(string)
    worker_security_group_id  = optional(string)
  })
  default = {}

  validation {
    condition     = (var.existing.manager_security_group_id == null) == (var.existing.worker_security_group_id == null)
    error_message = "Give both security groups or none: the rule between them belongs to the one who makes them."
  }
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the roles."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything the module creates."
  type        = map(string)
  default     = {}
}
