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

# Images that jobs name most; the plan shows when one moved upstream.
resource "ecrunner_mirror_repository" "this" {
  for_each = var.mirrors

  name       = "mirror/${each.key}"
  source     = each.value.source
  image_tags = each.value.tags
}

# Everything else that is official comes through ECR Public on first use.
resource "ecrunner_pull_through_cache_rule" "official_images" {
  ecr_repository_prefix = "ecr-public"
  upstream_registry_url = "public.ecr.aws"
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

  images = {
    default      = "${ecrunner_mirror_repository.this["alpine"].repository_url}:${one(var.mirrors["alpine"].tags)}"
    repositories = concat([for mirror in ecrunner_mirror_repository.this : mirror.name], ["ecr-public/*"])
    import       = true
  }

  cache = var.cache

  tags = {
    service = "gitlab-runner"
  }
}
