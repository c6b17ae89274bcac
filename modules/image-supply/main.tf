# Which image is served from where: by a mirror, through a rule, or not at all.

locals {
  # What ECR can cache, by the key of an upstream.
  known_upstreams = {
    chainguard = "cgr.dev"
    docker-hub = "registry-1.docker.io"
    ecr-public = "public.ecr.aws"
    github     = "ghcr.io"
    gitlab     = "registry.gitlab.com"
    kubernetes = "registry.k8s.io"
    quay       = "quay.io"
  }
  login_demanded = "^(registry-1[.]docker[.]io|ghcr[.]io|registry[.]gitlab[.]com|cgr[.]dev|.*[.]azurecr[.]io)$"

  addresses = {
    for key, upstream in var.upstreams :
    key => upstream.upstream_registry_url != null ? upstream.upstream_registry_url : lookup(local.known_upstreams, key, "")
  }

  # `name` is what images of an upstream begin with.
  upstreams = {
    for key, upstream in var.upstreams : key => merge(upstream, {
      url      = local.addresses[key]
      registry = local.addresses[key] == "registry-1.docker.io" ? "docker.io" : local.addresses[key]
      prefix   = coalesce(upstream.ecr_repository_prefix, key)
      name = join("/", compact([
        local.addresses[key] == "registry-1.docker.io" ? "docker.io" : local.addresses[key],
        upstream.upstream_repository_prefix,
      ]))
    })
  }

  # ECR Public has copies of Docker Hub's official images, and caching them takes no login.
  has_docker_hub  = contains([for upstream in local.upstreams : upstream.name], "docker.io")
  official_images = { for upstream in local.upstreams : "docker.io/library" => "${upstream.prefix}/docker/library" if upstream.name == "public.ecr.aws" && !local.has_docker_hub }

  # What the names of images begin with, and what they begin with in ECR in place of it.
  prefixes = merge({ for upstream in local.upstreams : upstream.name => upstream.prefix }, local.official_images)

  images       = { for image in var.images : image => provider::ecrunner::parse_image(image) }
  repositories = { for name, options in var.mirrors.repositories : provider::ecrunner::parse_image(name).name => options }
  names        = toset(concat([for image in local.images : image.name], keys(local.repositories)))

  # All prefixes of one name are prefixes of each other, so that the last one in the order of the alphabet is the longest.
  rules = {
    for name in local.names :
    name => try(reverse(sort([for prefix in keys(local.prefixes) : prefix if startswith(name, "${prefix}/")]))[0], null)
  }

  # Images in ECR are in ECR.
  left_alone = toset([
    for name in local.names : name
    if can(regex("^[0-9]{12}[.]dkr[.-]ecr", name)) || anytrue([for except in var.mirrors.except : startswith("${name}/", "${except}/")])
  ])

  # Of an image with tag and digest a client pulls the digest.
  image_tags = {
    for name in local.names :
    name => distinct(concat(
      [for image in local.images : coalesce(image.digest, image.tag) if image.name == name],
      tolist(lookup(local.repositories, name, { image_tags = toset([]) }).image_tags),
    ))
  }
  pinned = toset([for name, tags in local.image_tags : name if anytrue([for tag in tags : strcontains(tag, ":")])])

  mirrored = toset([
    for name in local.names : name
    if contains(keys(local.repositories), name) || !contains(local.left_alone, name) && (var.mirrors.images == "all" || contains(local.pinned, name))
  ])

  unserved = [
    for given, image in local.images : given
    if !contains(local.mirrored, image.name) && !contains(local.left_alone, image.name) && local.rules[image.name] == null
  ]

  # The name in ECR of what an upstream name stands for; null for what is pulled from where it is.
  ecr_names = {
    for name in local.names : name => contains(local.mirrored, name) ? provider::ecrunner::mirror_image(name, var.mirrors.prefix) : (
      local.rules[name] == null ? null : "${local.prefixes[local.rules[name]]}${trimprefix(name, local.rules[name])}"
    )
  }
}
