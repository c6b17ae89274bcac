data "ecrunner_docker_hub_rate_limit" "here" {}

# A warning, and no more, when the pulls of this address run out. Null is no limit.
check "docker_hub_pulls" {
  assert {
    condition     = coalesce(data.ecrunner_docker_hub_rate_limit.here.remaining, 100) >= 20
    error_message = "Docker Hub allows this address fewer than 20 more pulls."
  }
}
