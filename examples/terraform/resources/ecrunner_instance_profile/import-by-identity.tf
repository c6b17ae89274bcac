import {
  to = ecrunner_instance_profile.worker
  identity = {
    name = "ci-worker"
  }
}
