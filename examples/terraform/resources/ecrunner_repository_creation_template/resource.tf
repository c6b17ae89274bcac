# Repositories that a pull through cache rule with the prefix "docker-hub" creates: images go after 30 days.
resource "ecrunner_repository_creation_template" "docker_hub" {
  prefix      = "docker-hub"
  applied_for = ["PULL_THROUGH_CACHE"]
  description = "Cached images of Docker Hub"

  lifecycle_policy = jsonencode({
    rules = [{
      rulePriority = 1
      selection = {
        tagStatus   = "any"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 30
      }
      action = { type = "expire" }
    }]
  })
}

# Tags demand a role that ECR assumes.
resource "ecrunner_repository_creation_template" "team" {
  prefix          = "team"
  applied_for     = ["CREATE_ON_PUSH"]
  resource_tags   = { team = "ci" }
  custom_role_arn = ecrunner_repository_creation_role.team.arn

  image_tag_mutability                   = "IMMUTABLE_WITH_EXCLUSION"
  image_tag_mutability_exclusion_filters = ["latest", "dev-*"]
}
