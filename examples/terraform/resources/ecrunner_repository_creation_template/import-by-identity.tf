import {
  to = ecrunner_repository_creation_template.docker_hub
  identity = {
    prefix = "docker-hub"
  }
}
