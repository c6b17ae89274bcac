resource "ecrunner_worker_fleet" "linux" {
  name               = "ci-linux"
  image_id           = "ami-0123456789abcdef0"
  instance_types     = ["m7i.large", "m6i.large"]
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
  security_group_ids = ["sg-0123456789abcdef0"]
  max_size           = 20

  # Interrupted jobs fail, and GitLab repeats them where `retry` says so.
  spot = {
    on_demand_base_capacity = 2
  }

  root_volume = {
    size_gib = 100
  }

  setup = {
    extra_packages = ["git"]
    extra_script   = "sysctl -w vm.max_map_count=262144"
  }

  tags = {
    team = "platform"
  }
}
