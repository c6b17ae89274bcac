data "ecrunner_runner_config" "linux" {
  concurrent = 20

  runners = [{
    name              = "linux"
    url               = "https://gitlab.example.com"
    id                = 4711
    token_placeholder = "__LINUX__"

    docker = {
      image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/library/alpine:3.20"
    }

    autoscaler = {
      max_instances          = 20
      instance_ready_command = ecrunner_worker_fleet.linux.ready_command

      plugin_config = {
        name = ecrunner_worker_fleet.linux.name
      }
    }
  }]
}

resource "ecrunner_runner_manager" "linux" {
  name                 = "ci-linux-manager"
  image_id             = "ami-0123456789abcdef0"
  subnet_ids           = ["subnet-0123456789abcdef0"]
  security_group_ids   = ["sg-0123456789abcdef0"]
  instance_profile_arn = "arn:aws:iam::111122223333:instance-profile/ci-linux-manager"

  config = data.ecrunner_runner_config.linux.config_toml
  fleets = [ecrunner_worker_fleet.linux.arn]

  # The token itself stands in the parameter alone.
  token_parameters = {
    "__LINUX__" = "/ci/linux/token"
  }

  # Copies of the two binaries in a bucket of your own, each with the checksum that you verified.
  gitlab_runner = {
    url    = "s3://ci-tools/gitlab-runner-linux-amd64"
    sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }
  fleeting_plugin = {
    url    = "s3://ci-tools/fleeting-plugin-aws-linux-amd64"
    sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  log_group = {
    retention_days = 90
  }

  tags = {
    team = "platform"
  }
}
