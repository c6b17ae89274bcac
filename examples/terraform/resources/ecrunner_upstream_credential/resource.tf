# TF_VAR_docker_hub_token, or an ephemeral resource of a password store: in no state, and in no plan.
variable "docker_hub_token" {
  type      = string
  ephemeral = true
}

resource "ecrunner_upstream_credential" "docker_hub" {
  name                    = "docker-hub"
  username                = "team"
  access_token_wo         = var.docker_hub_token
  access_token_wo_version = 1 # A new token: 2.
}

resource "ecrunner_pull_through_cache_rule" "docker_hub" {
  ecr_repository_prefix = "docker-hub"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = ecrunner_upstream_credential.docker_hub.arn
}
