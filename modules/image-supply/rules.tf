locals {
  created = { for key, upstream in local.upstreams : key => upstream if upstream.create }

  credential_arns = merge(
    { for key, upstream in local.upstreams : key => upstream.credential_arn if upstream.credential_arn != null },
    { for key, credential in ecrunner_upstream_credential.this : key => credential.arn },
  )

  templates  = var.templates.create ? local.created : {}
  needs_role = length(local.templates) > 0 && var.templates.role_arn == null && (length(var.templates.tags) > 0 || var.kms_key_arn != null)
  encryption = var.kms_key_arn == null ? null : { encryption_type = "KMS", kms_key = var.kms_key_arn }

  # The rule with tagStatus "any" comes last, as ECR demands.
  lifecycle_policy = jsonencode({
    rules = [
      for index, rule in [
        { status = "untagged", days = var.templates.expire_untagged_days },
        { status = "any", days = var.templates.expire_days },
        ] : {
        rulePriority = index + 1
        description  = "${rule.status == "any" ? "cached" : "replaced"} ${rule.days} days ago"
        selection = {
          tagStatus   = rule.status
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = rule.days
        }
        action = { type = "expire" }
      }
    ]
  })
}

resource "ecrunner_upstream_credential" "this" {
  for_each = { for key, upstream in local.created : key => upstream.credential if upstream.credential != null }

  name                    = each.key
  username                = each.value.username
  access_token_wo         = var.access_tokens[each.key]
  access_token_wo_version = each.value.access_token_version
  recovery_window_days    = each.value.recovery_window_days
  description             = "Login of pull through cache at ${local.addresses[each.key]}"

  tags = var.tags
}

resource "ecrunner_repository_creation_role" "this" {
  count = local.needs_role ? 1 : 0

  name                 = var.templates.role_name
  repositories         = [for upstream in local.templates : "${upstream.prefix}/*"]
  kms_key_arns         = var.kms_key_arn == null ? null : [var.kms_key_arn]
  permissions_boundary = var.permissions_boundary

  tags = var.tags
}

resource "ecrunner_repository_creation_template" "this" {
  for_each = local.templates

  prefix      = each.value.prefix
  applied_for = ["PULL_THROUGH_CACHE"]
  description = "Cached images of ${each.value.url}"

  image_tag_mutability     = var.templates.image_tag_mutability
  encryption_configuration = local.encryption
  lifecycle_policy         = coalesce(each.value.lifecycle_policy, var.templates.lifecycle_policy, local.lifecycle_policy)
  repository_policy        = local.repository_policy
  resource_tags            = length(var.templates.tags) == 0 ? null : var.templates.tags
  custom_role_arn          = local.needs_role ? one(ecrunner_repository_creation_role.this[*].arn) : var.templates.role_arn
}

resource "ecrunner_pull_through_cache_rule" "this" {
  for_each = local.created

  ecr_repository_prefix      = each.value.prefix
  upstream_registry_url      = each.value.url
  upstream_repository_prefix = each.value.upstream_repository_prefix
  custom_role_arn            = each.value.custom_role_arn
  credential_arn             = lookup(local.credential_arns, each.key, null)
  delete_repositories        = each.value.delete_repositories

  # A repository keeps what it was made with: the template is there before the first pull.
  depends_on = [ecrunner_repository_creation_template.this]
}
