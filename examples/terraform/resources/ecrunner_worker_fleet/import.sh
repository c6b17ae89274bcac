# The import id is the name.
terraform import ecrunner_worker_fleet.linux ci-linux
