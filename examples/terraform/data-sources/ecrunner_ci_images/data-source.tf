data "ecrunner_ci_images" "this" {
  files = ["${path.module}/.gitlab-ci.yml"]

  variables = {
    GO_VERSION = "1.24"
  }
}

# One mirror for each repository of Docker Hub, with all tags that jobs use.
locals {
  docker_hub = [
    for image in data.ecrunner_ci_images.this.docker_hub_images : provider::ecrunner::parse_image(image)
  ]
  tags = { for image in local.docker_hub : image.name => image.tag... if image.tag != null }
}

resource "ecrunner_mirror_repository" "docker_hub" {
  for_each = local.tags

  name       = "mirror/${each.key}"
  source     = each.key
  image_tags = each.value
}

# What remains to be looked at by a human.
output "unresolved" {
  value = data.ecrunner_ci_images.this.unresolved
}
