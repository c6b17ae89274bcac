# The program stands beside this configuration; workers download it when they boot.
resource "ecrunner_software_object" "pull_proxy" {
  bucket = "example-ci-software"
  source = "${path.module}/ecr-pull-proxy"

  tags = {
    team = "build-platform"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "ecrunner_instance_profile" "worker" {
  name         = "ci-worker"
  read_objects = [ecrunner_software_object.pull_proxy.url]
}
