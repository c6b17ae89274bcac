# Jobs push to the repositories of their team, and to no mirror and no cached image.
resource "ecrunner_push_role" "team" {
  name                = "ci-push"
  assumed_by          = [ecrunner_instance_profile.worker.role_arn]
  repositories        = ["team/*"]
  denied_repositories = ["mirror/*", "docker-hub/*"]

  tags = {
    team = "build-platform"
  }
}

# The workers take on the role by its name: the profile needs nothing of the role, which is made after it.
resource "ecrunner_instance_profile" "worker" {
  name         = "ci-worker"
  assume_roles = ["ci-push"]

  image_pull = {
    repositories = ["mirror/*", "docker-hub/*"]
  }
}
