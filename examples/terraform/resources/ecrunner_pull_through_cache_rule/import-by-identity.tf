import {
  to = ecrunner_pull_through_cache_rule.official
  identity = {
    ecr_repository_prefix = "ecr-public"
  }
}
