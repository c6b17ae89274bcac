# The images that jobs use, in the team's own registry: a mirror for each repository that is named, and a rule for what else is
# official on Docker Hub. No login at any registry is needed.

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

  images = [
    "alpine:3.20",
    "golang:1.24-bookworm",
    "quay.io/buildah/stable:v1.39",
  ]
}

# Who pulls may pull from there, and nothing else.
resource "ecrunner_instance_profile" "worker" {
  name       = "ci-worker"
  image_pull = module.images.image_pull
}

# { "alpine:3.20" = "<registry>/mirror/docker.io/library/alpine:3.20", … }
output "images" {
  value = module.images.images
}
