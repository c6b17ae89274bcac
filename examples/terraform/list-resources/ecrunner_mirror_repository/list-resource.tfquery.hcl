# `terraform query` shows every mirror below mirror/, and -generate-config-out writes their configuration.
list "ecrunner_mirror_repository" "all" {
  provider = ecrunner

  config {
    name_prefix = "mirror/"
  }
}
