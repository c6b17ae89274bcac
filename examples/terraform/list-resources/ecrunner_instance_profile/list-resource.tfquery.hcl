# `terraform query` shows every profile below /ci/, and -generate-config-out writes their configuration.
list "ecrunner_instance_profile" "ci" {
  provider = ecrunner

  config {
    path_prefix = "/ci/"
  }
}
