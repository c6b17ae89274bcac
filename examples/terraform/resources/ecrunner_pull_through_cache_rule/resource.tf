# Official images of Docker Hub by way of ECR Public, which needs no login:
# <registry>/ecr-public/docker/library/alpine:3.20
resource "ecrunner_pull_through_cache_rule" "official" {
  ecr_repository_prefix = "ecr-public"
  upstream_registry_url = "public.ecr.aws"
}

# Docker Hub itself, with a login.
resource "ecrunner_pull_through_cache_rule" "docker_hub" {
  ecr_repository_prefix = "docker-hub"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
}

# Workers may pull through it, images that are not cached yet too.
resource "ecrunner_instance_profile" "worker" {
  name       = "ci-worker"
  image_pull = ecrunner_pull_through_cache_rule.official.pull_permissions
}
