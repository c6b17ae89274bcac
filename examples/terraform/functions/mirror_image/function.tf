# mirror/docker.io/library/alpine
output "repository" {
  value = provider::ecrunner::mirror_image("alpine:3.20", "mirror")
}
