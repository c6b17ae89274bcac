import {
  to = ecrunner_runner_network.this
  identity = {
    name   = "ci"
    vpc_id = "vpc-0a1b2c3d4e5f67890"
  }
}
