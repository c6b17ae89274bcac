# The workers of a product account import images of Docker Hub through the platform's pull through cache.
resource "ecrunner_registry_policy_statement" "docker_hub" {
  sid          = "DockerHubImport"
  principals   = ["444455556666", "arn:aws:iam::777788889999:role/ci-worker"]
  repositories = ["docker-hub/*"]
}

# The registry of another account replicates its mirrors here.
resource "ecrunner_registry_policy_statement" "replication" {
  sid          = "MirrorReplication"
  principals   = ["444455556666"]
  actions      = ["ecr:CreateRepository", "ecr:ReplicateImage"]
  repositories = ["mirror/*"]
}
