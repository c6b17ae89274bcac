import {
  to = ecrunner_registry_policy_statement.docker_hub
  identity = {
    sid = "DockerHubImport"
  }
}
