# { registry = "docker.io", repository = "library/alpine", tag = "3.20", digest = null,
#   name = "docker.io/library/alpine", familiar = "alpine:3.20" }
output "parts" {
  value = provider::ecrunner::parse_image("alpine:3.20")
}
