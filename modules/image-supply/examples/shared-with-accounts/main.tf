# One registry for the runners of other accounts: they may pull, and their first pull of an image imports it.

terraform {
  required_version = ">= 1.11"

  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

provider "ecrunner" {
  region = "eu-central-1"
}

module "images" {
  source = "../.."

  images = ["alpine:3.20"]

  upstreams = {
    ecr-public = {}
    quay       = {}
  }

  shared_with = {
    principals = ["444455556666", "777788889999"]
  }

  # Tags on repositories that ECR makes take a role, which is made too.
  templates = {
    expire_days = 30
    tags        = { service = "image-supply" }
  }

  tags = { service = "image-supply" }
}

# What the instance profiles of the other accounts need besides, by ARN.
output "image_pull" {
  value = module.images.image_pull
}

output "registry_host" {
  value = module.images.registry_host
}
