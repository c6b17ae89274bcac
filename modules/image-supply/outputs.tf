locals {
  # Domain of ECR's registries, by partition.
  domains = {
    aws        = "amazonaws.com"
    aws-us-gov = "amazonaws.com"
    aws-cn     = "amazonaws.com.cn"
    aws-eusc   = "amazonaws.eu"
    aws-iso    = "c2s.ic.gov"
    aws-iso-b  = "sc2s.sgov.gov"
    aws-iso-e  = "cloud.adc-e.uk"
    aws-iso-f  = "csp.hci.ic.gov"
  }

  # What an ARN begins with: arn, partition, service, region, account. A rule knows it at plan, a mirror once it is made.
  place = try(
    slice(split(":", one([for rule in slice(values(ecrunner_pull_through_cache_rule.this), 0, 1) : one(rule.pull_permissions.import_repositories)])), 0, 5),
    slice(split(":", values(ecrunner_mirror_repository.this)[0].arn), 0, 5),
    null,
  )
  registry_host = local.place == null ? null : "${local.place[4]}.dkr.ecr.${local.place[3]}.${local.domains[local.place[1]]}"

  mirrored_repositories = length(local.mirrored) == 0 ? [] : ["${var.mirrors.prefix}/*"]
  repository_arns       = local.place == null ? "" : "${join(":", local.place)}:repository/"

  image_pull = length(local.mirrored_repositories) + length(local.cached_repositories) == 0 ? null : {
    repositories        = [for pattern in local.mirrored_repositories : "${local.repository_arns}${pattern}"]
    import_repositories = [for pattern in local.cached_repositories : "${local.repository_arns}${pattern}"]
  }
}

output "images" {
  description = "Where each of the images is pulled from, by its name as it was given: the reference in ECR, or the name itself where neither a mirror nor a rule serves it."
  value = tomap({
    for image, parsed in local.images : image => local.ecr_names[parsed.name] == null ? image : join("", [
      "${local.registry_host}/${local.ecr_names[parsed.name]}",
      parsed.digest == null ? ":${parsed.tag}" : "@${parsed.digest}",
    ])
  })

  precondition {
    condition     = length(local.unserved) == 0
    error_message = <<-EOT
      Neither a mirror nor a rule serves: ${join(", ", local.unserved)}.
      Name the repositories in mirrors.repositories, set mirrors.images to "all", or give upstreams a rule for their registry; for
      Docker Hub that takes a credential, without which its official images alone come through the rule for ecr-public.
    EOT
  }

  # Who is given a name finds an image behind it.
  depends_on = [ecrunner_mirror_repository.this, ecrunner_pull_through_cache_rule.this]
}

output "mirrors" {
  description = "Names of the mirrors in ECR by upstream repository, such as docker.io/library/alpine. A repository that is not among them goes by `rules`."
  value       = tomap({ for name, mirror in ecrunner_mirror_repository.this : name => mirror.name })
}

output "rules" {
  description = "What names begin with in ECR, by what they begin with upstream, such as docker.io/library; of several that fit the longest counts."
  value       = tomap(local.prefixes)
  depends_on  = [ecrunner_pull_through_cache_rule.this]
}

output "digests" {
  description = "Mirrored images by digest: `<registry>/<repository>@sha256:…` by upstream repository and tag."
  value = tomap(merge([
    for name, mirror in ecrunner_mirror_repository.this : {
      for tag, digest in mirror.digests : (strcontains(tag, ":") ? "${name}@${tag}" : "${name}:${tag}") => "${mirror.repository_url}@${digest}"
    }
  ]...))
}

output "image_pull" {
  description = "What who pulls has to be allowed, as `image_pull` of `ecrunner_instance_profile` and of `images` of the module autoscaling-runner take it; null where there is nothing to pull."
  value       = local.image_pull
}

output "supply" {
  description = "All that the module autoscaling-runner has to know, as `supply` of its `images`: registry, mirrors, rules, and what has to be allowed."
  value = local.image_pull == null ? null : {
    registry_host = local.registry_host
    mirrors       = tomap({ for name, mirror in ecrunner_mirror_repository.this : name => mirror.name })
    rules         = tomap(local.prefixes)
    image_pull    = local.image_pull
  }
  depends_on = [ecrunner_pull_through_cache_rule.this]
}

output "registry_host" {
  description = "Host of the registry; null where the module makes neither a mirror nor a rule."
  value       = local.registry_host
}

output "credential_arns" {
  description = "ARNs of the secrets with the logins at the upstreams, by key."
  value       = tomap(local.credential_arns)
}

output "creation_role_arn" {
  description = "ARN of the role with which ECR makes repositories; null where none is needed."
  value       = local.needs_role ? one(ecrunner_repository_creation_role.this[*].arn) : var.templates.role_arn
}
