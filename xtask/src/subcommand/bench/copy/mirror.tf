terraform {
  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "source_repository" {
  type = string
}

variable "image_tag" {
  type = string
}

provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    ecr                      = var.endpoint
    registry                 = var.endpoint
    resourcegroupstaggingapi = var.endpoint
    sts                      = var.endpoint
  }
}

resource "ecrunner_mirror_repository" "large" {
  name       = "mirror/large"
  source     = var.source_repository
  image_tags = [var.image_tag]
}
