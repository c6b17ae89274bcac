# The manager reaches its workers at port 22; nobody reaches the manager.
resource "ecrunner_runner_network" "this" {
  name   = "ci"
  vpc_id = "vpc-0a1b2c3d4e5f67890"

  tags = {
    team = "build-platform"
  }
}
