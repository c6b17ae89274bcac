# Workers pull images, and nothing else: jobs may reach what a worker may do.
resource "ecrunner_instance_profile" "worker" {
  name = "ci-worker"

  image_pull = {
    repositories        = ["mirror/*"]
    import_repositories = ["docker-hub/*"]
  }
}

# The manager scales the fleet, reads its configuration and the runner's token, and writes the job cache.
resource "ecrunner_instance_profile" "manager" {
  name            = "ci-manager"
  path            = "/ci/"
  session_manager = true

  image_pull = {
    repositories = ["mirror/*"]
  }
  fleet_control = {
    fleet_arns = ["arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/ci-worker"]
  }
  read_parameters = {
    parameters = ["/ecrunner/ci/config", "/ecrunner/ci/token"]
  }
  write_parameters = ["/ecrunner/ci/status"]
  cache_bucket = {
    bucket_arn = "arn:aws:s3:::example-ci-cache"
    prefix     = "ci/"
  }
  write_logs = ["/ecrunner/ci"]
  complete_lifecycle = {
    # The manager's own group is made after this profile, so that its random part is not known yet.
    fleet_arns = ["arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/ci-manager"]
  }

  tags = {
    team = "build-platform"
  }
}
