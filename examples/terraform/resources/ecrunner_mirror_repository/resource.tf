resource "ecrunner_mirror_repository" "alpine" {
  name       = "mirror/docker.io/library/alpine"
  source     = "alpine"
  image_tags = ["3.20", "3.21"]

  tags = {
    purpose = "ci"
  }
}

# Jobs then name the image by its address in the team's own registry.
output "alpine" {
  value = "${ecrunner_mirror_repository.alpine.repository_url}:3.20"
}
