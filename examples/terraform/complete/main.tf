# What a team runs on AWS: mirrored images, a rule for the rest, and runners with a spot fleet, a job cache, and an idle policy for
# working hours. Before the first apply, put the runner's authentication token into the SSM SecureString parameter named below.

terraform {
  required_version = ">= 1.11"

  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

provider "ecrunner" {
  region = var.region

  default_tags {
    tags = {
      team = "build-platform"
    }
  }
}

# Images that jobs name most are mirrored, and the plan shows when one moved upstream. What else is official, or on Quay, comes
# through a rule on first use. A platform team can apply this alone, once for many teams.
module "images" {
  source = "../../../modules/image-supply"

  images = var.images

  upstreams = {
    ecr-public = {}
    quay       = {}
  }

  mirrors = {
    platforms = ["linux/amd64"]
  }
}

module "runner" {
  source = "../../../modules/autoscaling-runner"

  name       = "ci"
  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids
  gitlab     = var.gitlab
  software   = var.software

  capacity = {
    max_instances     = 20
    jobs_per_instance = 1
    jobs_per_lifetime = 1

    idle = [
      { jobs = 0 },
      { periods = ["* 8-18 * * mon-fri"], timezone = "Europe/Berlin", jobs = 4, idle_time = "30m" },
    ]
  }

  workers = {
    instance_types = ["m6i.large", "m6a.large", "m7i.large"]
    spot           = true
    volume_gib     = 80
  }

  # Jobs name images as ever, `alpine:3.20`, and workers fetch them from ECR.
  images = {
    default = var.default_image
    supply  = module.images.supply
  }

  # Jobs build and pull with the worker's Docker, and push the team's own images without a login.
  docker_socket = {
    push_repositories = ["build-platform/*"]
  }

  cache = var.cache

  tags = {
    service = "gitlab-runner"
  }
}
