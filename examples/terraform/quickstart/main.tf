# What a team begins with, on emulated AWS: `cargo xtask demo` applies it.
# On AWS the block `endpoints` and the variable `endpoint` are left out, and nothing else changes: see ../complete.

terraform {
  required_version = ">= 1.11"

  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

variable "endpoint" {
  description = "URL at which the emulated AWS answers for every service."
  type        = string
}

variable "upstream_image" {
  description = "Image to mirror, with registry and tag, such as docker.io/library/alpine:3.20."
  type        = string
}

variable "vpc_id" {
  description = "VPC of runner manager and workers."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of runner manager and workers."
  type        = list(string)
}

provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    autoscaling              = var.endpoint
    ec2                      = var.endpoint
    ecr                      = var.endpoint
    iam                      = var.endpoint
    logs                     = var.endpoint
    registry                 = var.endpoint
    resourcegroupstaggingapi = var.endpoint
    s3                       = var.endpoint
    secretsmanager           = var.endpoint
    ssm                      = var.endpoint
    sts                      = var.endpoint
  }
}

locals {
  # registry/path:tag, where the registry may have a port.
  upstream = regex("^(?P<source>.+):(?P<tag>[^:/]+)$", var.upstream_image)
}

# The image is the team's own: by digest, for all platforms, and the plan shows when its tag moved upstream.
resource "ecrunner_mirror_repository" "alpine" {
  name       = "mirror/library/alpine"
  source     = local.upstream.source
  image_tags = [local.upstream.tag]
}

# Official images of Docker Hub, from ECR Public's copies: needs no login anywhere.
resource "ecrunner_pull_through_cache_rule" "official_images" {
  ecr_repository_prefix = "ecr-public"
  upstream_registry_url = "public.ecr.aws"
}

# Autoscaling runners whose jobs pull from there.
module "runner" {
  source = "../../../modules/autoscaling-runner"

  name       = "quickstart"
  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids

  gitlab = {
    url             = "https://gitlab.example.com"
    runner_id       = 4711
    token_parameter = "/quickstart/runner-token"
  }

  # On emulated AWS no instance boots; these addresses and checksums stand for those that you verified.
  software = {
    gitlab_runner = {
      url    = "https://downloads.example.com/gitlab-runner-linux-amd64"
      sha256 = sha256("gitlab-runner-linux-amd64")
    }
    fleeting_plugin = {
      url    = "https://downloads.example.com/fleeting-plugin-aws-linux-amd64"
      sha256 = sha256("fleeting-plugin-aws-linux-amd64")
    }
    ecr_pull_proxy = {
      url    = "https://downloads.example.com/ecr-pull-proxy-linux-amd64"
      sha256 = sha256("ecr-pull-proxy-linux-amd64")
    }
  }

  capacity = {
    max_instances = 4
  }

  # Jobs name images as ever; each worker fetches them from ECR by these names.
  images = {
    default = "alpine:${local.upstream.tag}"

    supply = {
      registry_host = split("/", ecrunner_mirror_repository.alpine.repository_url)[0]
      mirrors       = { "docker.io/library/alpine" = ecrunner_mirror_repository.alpine.name }
      rules         = { "docker.io/library" = "${ecrunner_pull_through_cache_rule.official_images.ecr_repository_prefix}/docker/library" }

      image_pull = {
        repositories        = [ecrunner_mirror_repository.alpine.name]
        import_repositories = ecrunner_pull_through_cache_rule.official_images.pull_permissions.import_repositories
      }
    }
  }
}

output "image" {
  description = "The mirrored image, by digest."
  value       = "${ecrunner_mirror_repository.alpine.repository_url}@${ecrunner_mirror_repository.alpine.digests[local.upstream.tag]}"
}

output "config_toml" {
  description = "The runner manager's configuration; the token is put in on the manager."
  value       = module.runner.config_toml
}
