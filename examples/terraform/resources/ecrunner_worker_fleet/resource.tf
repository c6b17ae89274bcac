resource "ecrunner_worker_fleet" "linux" {
  name               = "ci-linux"
  image_id           = "ami-0123456789abcdef0"
  instance_types     = ["m7i.large", "m6i.large"]
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
  security_group_ids = ["sg-0123456789abcdef0"]
  max_size           = 20

  # Interrupted jobs fail, and GitLab repeats them where `retry` says so.
  spot = {
    on_demand_base_capacity = 2
  }

  root_volume = {
    size_gib = 100
  }

  setup = {
    extra_packages = ["git"]
    extra_script   = "sysctl -w vm.max_map_count=262144"
  }

  tags = {
    team = "platform"
  }
}

# Pulls of upstream names come from ECR. Mirrors, rules and host are what the module image-supply tells.
resource "ecrunner_worker_fleet" "transparent" {
  name                 = "ci-transparent"
  image_id             = "ami-0123456789abcdef0"
  instance_types       = ["m7i.large"]
  subnet_ids           = ["subnet-0123456789abcdef0"]
  security_group_ids   = ["sg-0123456789abcdef0"]
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/ci-worker"
  max_size             = 20

  pull_proxy = {
    url           = "s3://ci-tools/ecr-pull-proxy/9f86d081884c7d65"
    sha256        = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    registry_host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

    mirrors = {
      "docker.io/library/alpine" = "mirror/docker.io/library/alpine"
    }
    rules = {
      "docker.io" = "docker-hub"
      "quay.io"   = "quay"
    }

    # Jobs push without a login to these repositories alone.
    push = {
      role_arn     = "arn:aws:iam::123456789012:role/ci-push"
      repositories = ["team/*"]
    }
  }
}
