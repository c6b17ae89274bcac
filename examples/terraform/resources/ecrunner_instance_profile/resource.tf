locals {
  account = "arn:aws:%s:eu-central-1:111122223333:%s"
}

# Workers pull images, and nothing else: jobs may reach what a worker may do.
resource "ecrunner_instance_profile" "worker" {
  name = "ci-worker"

  image_pull = {
    repository_arns = [format(local.account, "ecr", "repository/docker-hub/*")]
    import          = true
  }
}

# The manager scales the fleet, reads its configuration and the runner's token, and writes the job cache.
resource "ecrunner_instance_profile" "manager" {
  name            = "ci-manager"
  path            = "/ci/"
  session_manager = true

  image_pull = {
    repository_arns = [format(local.account, "ecr", "repository/docker-hub/*")]
  }
  fleet_control = {
    fleet_arns = [format(local.account, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/ci-worker")]
  }
  read_parameters = {
    parameter_arns = [
      format(local.account, "ssm", "parameter/ecrunner/ci/config"),
      format(local.account, "ssm", "parameter/ecrunner/ci/token"),
    ]
  }
  write_parameters = [format(local.account, "ssm", "parameter/ecrunner/ci/status")]
  cache_bucket = {
    bucket_arn = "arn:aws:s3:::example-ci-cache"
    prefix     = "ci/"
  }
  write_logs = [format(local.account, "logs", "log-group:/ecrunner/ci")]
  complete_lifecycle = {
    # The manager's own group is made after this profile, so that its random part is not known yet.
    fleet_arns = [format(local.account, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/ci-manager")]
  }

  tags = {
    team = "build-platform"
  }
}
