# What a team begins with, on emulated AWS: `cargo xtask demo` applies it.
# On AWS the block `endpoints` and the variable `endpoint` are left out, and nothing else changes.

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

provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    autoscaling    = var.endpoint
    ec2            = var.endpoint
    ecr            = var.endpoint
    iam            = var.endpoint
    logs           = var.endpoint
    registry       = var.endpoint
    s3             = var.endpoint
    secretsmanager = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
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

  tags = {
    managed-by = "terraform"
  }
}

# Official images of Docker Hub, from ECR Public's copies: needs no login anywhere.
resource "ecrunner_pull_through_cache_rule" "official_images" {
  ecr_repository_prefix = "ecr-public"
  upstream_registry_url = "public.ecr.aws"
}
