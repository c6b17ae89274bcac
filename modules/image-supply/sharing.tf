locals {
  # ECR shows an account by the ARN of its root.
  principals = sort([
    for principal in var.shared_with.principals :
    startswith(principal, "arn:") ? principal : "arn:${var.shared_with.partition}:iam::${principal}:root"
  ])

  repository_policy = length(local.principals) == 0 ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pull"
      Effect    = "Allow"
      Principal = { AWS = local.principals }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })

  cached_repositories = [for upstream in local.upstreams : "${upstream.prefix}/*"]
}

# One statement among those of others: a registry has one policy.
resource "ecrunner_registry_policy_statement" "this" {
  count = length(local.principals) > 0 && var.shared_with.import && length(local.cached_repositories) > 0 ? 1 : 0

  sid          = var.shared_with.sid
  principals   = var.shared_with.principals
  repositories = local.cached_repositories
}
