import {
  to = ecrunner_runner_manager.linux
  identity = {
    name = "ci-linux-manager"
  }
}
