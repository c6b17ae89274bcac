# `terraform query` shows every rule of the account and region, and -generate-config-out writes their configuration.
list "ecrunner_pull_through_cache_rule" "all" {
  provider = ecrunner
}
