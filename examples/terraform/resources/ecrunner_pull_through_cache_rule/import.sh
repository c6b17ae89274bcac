# The prefix.
terraform import ecrunner_pull_through_cache_rule.docker_hub docker-hub
