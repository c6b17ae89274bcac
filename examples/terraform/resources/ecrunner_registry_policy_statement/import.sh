# The import id is the Sid.
terraform import ecrunner_registry_policy_statement.docker_hub DockerHubImport
