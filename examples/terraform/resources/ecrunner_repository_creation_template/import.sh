# The prefix.
terraform import ecrunner_repository_creation_template.docker_hub docker-hub
