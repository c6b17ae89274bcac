# The images that the pipelines of several projects use, as their files say. What is pinned by digest is mirrored, since no rule
# imports a digest, and so are tools of Docker Hub that must not vanish; the rest comes through rules on first use.

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

# TF_VAR_docker_hub_token, or an ephemeral resource of a password store: in no state, and in no plan.
variable "docker_hub_token" {
  description = "Access token at Docker Hub, one that may only read."
  type        = string
  ephemeral   = true
}

data "ecrunner_ci_images" "this" {
  files = ["${path.module}/.gitlab-ci.yml"]
}

module "images" {
  source = "../.."

  images = data.ecrunner_ci_images.this.images

  upstreams = {
    docker-hub = { credential = { username = "build-platform" } }
    quay       = {}
  }
  access_tokens = {
    docker-hub = var.docker_hub_token
  }

  mirrors = {
    images    = "pinned"
    platforms = ["linux/amd64"]

    repositories = {
      "hadolint/hadolint" = {}
      # Every release of the last line, whether a job names it already or not.
      "golang" = { tag_filter = { pattern = "1.24.*-bookworm", newest = 3 } }
    }
  }
}

# What the files do not tell has to be looked at by a human.
output "unresolved" {
  value = data.ecrunner_ci_images.this.unresolved
}

output "images" {
  value = module.images.images
}
