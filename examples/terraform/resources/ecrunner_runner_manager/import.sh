# The import id is the name.
terraform import ecrunner_runner_manager.linux ci-linux-manager
