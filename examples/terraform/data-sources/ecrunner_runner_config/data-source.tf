data "ecrunner_runner_config" "this" {
  concurrent = 10

  runners = [{
    name = "linux"
    url  = "https://gitlab.com"
    id   = 4711

    docker = {
      image            = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/mirror/docker.io/library/alpine:3.20"
      privileged       = false
      pull_policy      = ["always", "if-not-present"]
      allowed_images   = ["111122223333.dkr.ecr.eu-central-1.amazonaws.com/**"]
      volumes          = ["/cache"]
      shm_size         = 268435456
      memory           = "4g"
      container_labels = { team = "build-platform" }
    }

    autoscaler = {
      max_instances         = 5
      capacity_per_instance = 2
      update_interval       = "30s"
      plugin_config         = { name = "linux-workers" }
      policy = [
        {
          idle_count = 0
          idle_time  = "10m"
        },
        {
          periods    = ["* 7-18 * * mon-fri"]
          timezone   = "Europe/Berlin"
          idle_count = 2
          idle_time  = "30m"
        },
      ]
    }

    cache = {
      shared = true
      s3 = {
        bucket_name     = "team-runner-cache"
        bucket_location = "eu-central-1"
      }
    }
  }]

  # Keys without an argument of their own.
  extra_config = <<-EOT
    [session_server]
      listen_address = "0.0.0.0:8093"

    [[runners]]
      [runners.custom_build_dir]
        enabled = true
  EOT
}

output "config_toml" {
  value = data.ecrunner_runner_config.this.config_toml
}
