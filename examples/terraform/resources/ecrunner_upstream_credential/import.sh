# The name. A value that somebody else wrote is written anew by the next apply.
terraform import ecrunner_upstream_credential.docker_hub docker-hub
