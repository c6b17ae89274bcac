import {
  to = ecrunner_worker_fleet.linux
  identity = {
    name = "ci-linux"
  }
}
