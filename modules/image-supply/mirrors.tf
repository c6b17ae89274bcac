locals {
  # Settings of a mirror that `mirrors.repositories` does not name.
  no_options = {
    tag_filter                             = null
    platforms                              = null
    on_upstream_change                     = null
    credential_arn                         = null
    image_tag_mutability                   = null
    image_tag_mutability_exclusion_filters = null
    lifecycle_policy                       = null
  }

  logins = var.mirrors.log_in ? { for key, upstream in local.upstreams : upstream.registry => local.credential_arns[key] if contains(keys(local.credential_arns), key) } : {}
}

resource "ecrunner_mirror_repository" "this" {
  for_each = { for name in local.mirrored : name => lookup(local.repositories, name, local.no_options) }

  name       = local.ecr_names[each.key]
  source     = each.key
  image_tags = length(local.image_tags[each.key]) == 0 ? null : local.image_tags[each.key]
  tag_filter = each.value.tag_filter

  # A digest stands for all platforms.
  platforms = each.value.platforms != null ? each.value.platforms : contains(local.pinned, each.key) ? null : var.mirrors.platforms

  on_upstream_change = coalesce(each.value.on_upstream_change, var.mirrors.on_upstream_change)
  credential_arn     = each.value.credential_arn != null ? each.value.credential_arn : lookup(local.logins, split("/", each.key)[0], null)

  image_tag_mutability                   = coalesce(each.value.image_tag_mutability, var.mirrors.image_tag_mutability)
  image_tag_mutability_exclusion_filters = each.value.image_tag_mutability_exclusion_filters
  scan_on_push                           = var.mirrors.scan_on_push
  force_delete                           = var.mirrors.force_delete
  encryption_configuration               = local.encryption
  lifecycle_policy                       = each.value.lifecycle_policy != null ? each.value.lifecycle_policy : var.mirrors.lifecycle_policy
  repository_policy                      = local.repository_policy

  tags = var.tags
}
