import {
  to = ecrunner_upstream_credential.docker_hub
  identity = {
    name = "docker-hub"
  }
}
