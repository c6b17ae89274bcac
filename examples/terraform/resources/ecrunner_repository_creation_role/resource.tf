# ECR creates and tags the repositories that teams push to.
resource "ecrunner_repository_creation_role" "team" {
  name         = "team-repositories"
  repositories = ["team/*"]
}

# Cached images are encrypted by a key of the team's own.
resource "ecrunner_repository_creation_role" "encrypted" {
  name         = "encrypted-repositories"
  path         = "/ci/"
  repositories = ["docker-hub/*", "quay/*"]
  kms_key_arns = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]

  tags = {
    team = "build-platform"
  }
}
