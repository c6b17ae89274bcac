# `terraform apply -invoke action.ecrunner_sync_mirror.alpine` copies what moved upstream, without an apply of everything.
action "ecrunner_sync_mirror" "alpine" {
  config {
    name = ecrunner_mirror_repository.alpine.name
  }
}
