# What the platform team decides.

variable "images" {
  description = <<-EOT
    The images that jobs use, as jobs name them: `alpine:3.20`, `quay.io/team/tool@sha256:…`. `images` of the data source
    `ecrunner_ci_images` fits. Each repository among them gets a mirror, unless `mirrors` says otherwise.
  EOT
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for image in var.images : can(provider::ecrunner::parse_image(image))])
    error_message = <<-EOT
      images has what is no image: ${join(", ", [for image in var.images : image if !can(provider::ecrunner::parse_image(image))])}.
      Write [registry/]repository[:tag][@digest], the repository in lower case, such as alpine:3.20.
    EOT
  }
}

variable "upstreams" {
  description = <<-EOT
    Upstream registries that ECR caches, one pull through cache rule for each, by a key of your choice. The keys `docker-hub`,
    `ecr-public`, `quay`, `kubernetes`, `github`, `gitlab` and `chainguard` know their address; others, such as `azure` or
    `ecr`, name it in `upstream_registry_url`. `ecr_repository_prefix`: what names in ECR begin with; the key, if not given.
    `upstream_repository_prefix` and `custom_role_arn`: for upstreams that are ECR registries.
    `credential`: the user, whose token stands in `access_tokens` under the same key; another `access_token_version` has it
    written anew. `credential_arn`: a secret that is there already, in place of it. Docker Hub, GitHub, GitLab, Azure and
    Chainguard demand one of both. `lifecycle_policy`: JSON, in place of that of `templates`. `delete_repositories`: destroy
    also deletes the repositories that the rule's pulls made. `create = false`: the rule is there already, made by others; it
    is counted with, and nothing is made for it.
    With `ecr-public` and without a rule for Docker Hub, Docker Hub's official images come from ECR Public's copies.
  EOT
  type = map(object({
    create                     = optional(bool, true)
    upstream_registry_url      = optional(string)
    ecr_repository_prefix      = optional(string)
    upstream_repository_prefix = optional(string)
    custom_role_arn            = optional(string)
    credential_arn             = optional(string)
    credential = optional(object({
      username             = string
      access_token_version = optional(number, 1)
      recovery_window_days = optional(number, 30)
    }))
    lifecycle_policy    = optional(string)
    delete_repositories = optional(bool, false)
  }))
  default = {
    ecr-public = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for key, upstream in var.upstreams : upstream.upstream_registry_url != null || contains(keys(local.known_upstreams), key)])
    error_message = <<-EOT
      upstreams has keys without an address: ${join(", ", [for key, upstream in var.upstreams : key if upstream.upstream_registry_url == null && !contains(keys(local.known_upstreams), key)])}.
      Set upstream_registry_url, such as <name>.azurecr.io, or take one of the keys ${join(", ", keys(local.known_upstreams))}.
    EOT
  }

  validation {
    condition     = alltrue([for upstream in var.upstreams : upstream.credential == null || upstream.credential_arn == null])
    error_message = "Give an upstream either credential, from which a secret is made, or credential_arn, which names one that is there."
  }

  validation {
    condition = alltrue([
      for key, upstream in var.upstreams :
      !can(regex(local.login_demanded, coalesce(upstream.upstream_registry_url, lookup(local.known_upstreams, key, ""), key)))
      if upstream.create && upstream.credential == null && upstream.credential_arn == null
    ])
    error_message = <<-EOT
      Docker Hub, GitHub, GitLab, Azure and Chainguard demand a login: give the upstream credential = { username = "…" } with its
      token in access_tokens, or credential_arn. Without a login at Docker Hub leave docker-hub out: with ecr-public its
      official images come from ECR Public's copies.
    EOT
  }

  validation {
    condition     = alltrue([for key, upstream in var.upstreams : can(regex("^[a-z0-9][a-z0-9._/-]{1,29}$", coalesce(upstream.ecr_repository_prefix, key)))])
    error_message = "Each ecr_repository_prefix, or the key where none is given, must be 2 to 30 lower-case letters, digits and ._-/ that begin with a letter or digit. ROOT is not for this module: every rule has a prefix of its own."
  }

  validation {
    condition     = length(distinct([for key, upstream in var.upstreams : coalesce(upstream.ecr_repository_prefix, key)])) == length(var.upstreams)
    error_message = "Two upstreams have the same ecr_repository_prefix: give each its own."
  }

  validation {
    condition = length(var.upstreams) == length(distinct([
      for key, upstream in var.upstreams :
      "${coalesce(upstream.upstream_registry_url, lookup(local.known_upstreams, key, ""), key)}/${upstream.upstream_repository_prefix != null ? upstream.upstream_repository_prefix : ""}"
    ]))
    error_message = "Two upstreams cache the same registry, so that a name has two places in ECR: leave one of them out."
  }
}

variable "access_tokens" {
  description = <<-EOT
    Access tokens of the upstreams with a `credential`, by the same keys. Ephemeral: they go to Secrets Manager, and are in no
    state and no plan.
  EOT
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
  nullable    = false

  validation {
    condition     = alltrue([for key, upstream in var.upstreams : try(length(var.access_tokens[key]) > 0, false) if upstream.credential != null])
    error_message = "access_tokens needs a token for each of: ${join(", ", [for key, upstream in var.upstreams : key if upstream.credential != null])}. Terraform asks for it at every plan, since it is kept nowhere."
  }
}

# How it is kept.

variable "mirrors" {
  description = <<-EOT
    The mirrors. `images`: which of the images get one. `all`: each repository among them. `pinned`: those of which an image is
    pinned by digest, which no rule imports, and those in `repositories`; the others have to come through a rule, and an image
    that does not is an error of the plan. `prefix`: what names begin with; `alpine` under `mirror` is
    `mirror/docker.io/library/alpine`. `except`: registries or repositories in full, such as `registry.gitlab.com`, whose images
    get no mirror and need no rule. `log_in`: whether mirrors use the credential of their upstream, which who plans has then
    to be able to read.
    `platforms`: what is copied of each image, such as `linux/amd64`; null for all, and pinned images are copied whole.
    `on_upstream_change`: `update`, `warn` or `ignore` a tag that moved.
    `image_tag_mutability`, `lifecycle_policy` (JSON), `scan_on_push`, `force_delete`: as `ecrunner_mirror_repository` has them.
    `repositories`: by name without tag, further repositories to mirror, and settings of single ones in place of those above:
    `image_tags` and `tag_filter` (`versions` or `pattern`, and `newest`) are copied besides the tags that `images` name;
    `credential_arn` is the secret with the login of a private upstream.
  EOT
  type = object({
    images               = optional(string, "all")
    prefix               = optional(string, "mirror")
    except               = optional(set(string), [])
    log_in               = optional(bool, true)
    platforms            = optional(set(string))
    on_upstream_change   = optional(string, "update")
    image_tag_mutability = optional(string, "MUTABLE")
    lifecycle_policy     = optional(string)
    scan_on_push         = optional(bool, false)
    force_delete         = optional(bool, false)
    repositories = optional(map(object({
      image_tags = optional(set(string), [])
      tag_filter = optional(object({
        versions = optional(string)
        pattern  = optional(string)
        newest   = optional(number)
      }))
      platforms                              = optional(set(string))
      on_upstream_change                     = optional(string)
      credential_arn                         = optional(string)
      image_tag_mutability                   = optional(string)
      image_tag_mutability_exclusion_filters = optional(set(string))
      lifecycle_policy                       = optional(string)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["all", "pinned"], var.mirrors.images)
    error_message = "mirrors.images is \"all\" or \"pinned\"."
  }

  validation {
    condition     = alltrue([for name in keys(var.mirrors.repositories) : can(regex("^[^@]+$", name)) && !can(regex(":[^/]*$", name)) && can(provider::ecrunner::parse_image(name))])
    error_message = "mirrors.repositories is by name alone, such as alpine or quay.io/team/tool: tags and digests stand in image_tags."
  }

  validation {
    condition     = length(distinct([for name in keys(var.mirrors.repositories) : try(provider::ecrunner::parse_image(name).name, name)])) == length(var.mirrors.repositories)
    error_message = "mirrors.repositories names one repository twice, in short and in full, as alpine and docker.io/library/alpine are: write it once."
  }

  validation {
    condition = alltrue([
      for name, options in var.mirrors.repositories :
      length(options.image_tags) > 0 || options.tag_filter != null || anytrue([for image in var.images : try(provider::ecrunner::parse_image(image).name == provider::ecrunner::parse_image(name).name, true)])
    ])
    error_message = "What to copy of a repository in mirrors.repositories is said neither there nor by images: set its image_tags or tag_filter."
  }

  validation {
    condition = alltrue([
      for name, options in var.mirrors.repositories :
      options.platforms == null || !anytrue([
        for image in concat([for tag in options.image_tags : strcontains(tag, ":") ? "${name}@${tag}" : name], tolist(var.images)) :
        try(provider::ecrunner::parse_image(image).name == provider::ecrunner::parse_image(name).name && provider::ecrunner::parse_image(image).digest != null, false)
      ])
    ])
    error_message = "An image that is pinned by digest has all its platforms: remove platforms of its repository in mirrors.repositories, or name the image by tag."
  }

  validation {
    condition     = alltrue([for key, upstream in var.upstreams : !startswith("${var.mirrors.prefix}/", "${coalesce(upstream.ecr_repository_prefix, key)}/")])
    error_message = "mirrors.prefix lies under the prefix of a rule, which fills repositories of such names: take another, such as mirror."
  }
}

variable "templates" {
  description = <<-EOT
    Settings of the repositories that the rules make, for which each rule gets a repository creation template. `create = false`:
    none. `expire_days`: an image goes that many days after it was cached, and comes again when it is pulled.
    `expire_untagged_days`: the same for one whose tag moved. `lifecycle_policy`: JSON, in place of both.
    `image_tag_mutability`: IMMUTABLE keeps a cache from ever taking a newer `latest`. `tags`: tags of these repositories.
    `role_arn`: the role that ECR assumes where they have `tags` or a KMS key; without it one is made then, by the name
    `role_name`, of which an account has one: another for each region.
  EOT
  type = object({
    create               = optional(bool, true)
    expire_days          = optional(number, 90)
    expire_untagged_days = optional(number, 7)
    lifecycle_policy     = optional(string)
    image_tag_mutability = optional(string, "MUTABLE")
    tags                 = optional(map(string), {})
    role_arn             = optional(string)
    role_name            = optional(string, "ecr-repository-creation")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in [var.templates.expire_days, var.templates.expire_untagged_days] : days >= 1 && floor(days) == days])
    error_message = "templates.expire_days and templates.expire_untagged_days are whole numbers of days, at least 1. For no limit, write a lifecycle_policy of your own."
  }
}

variable "kms_key_arn" {
  description = "ARN of the customer managed KMS key that encrypts the repositories. A change replaces the mirrors. Null: AES256, with a key of AWS."
  type        = string
  default     = null
}

# Who else pulls.

variable "shared_with" {
  description = <<-EOT
    Other accounts whose jobs pull from this registry. `principals`: account ids, or ARNs of roles. They may pull from mirrors
    and from what the rules cache; repositories that the rules made before keep their policy. `import`: whether their pulls may
    also import what is not cached yet. `sid`: id of the statement that is added to the registry's policy, which has others
    besides. `partition`: partition of the account ids.
  EOT
  type = object({
    principals = optional(set(string), [])
    import     = optional(bool, true)
    sid        = optional(string, "ImageSupply")
    partition  = optional(string, "aws")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for principal in var.shared_with.principals : can(regex("^([0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:.+)$", principal))])
    error_message = "shared_with.principals are account ids of 12 digits, or ARNs such as arn:aws:iam::111122223333:role/ci-manager."
  }
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role, where one is made."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of what the module creates: mirrors, secrets and the role. Repositories that ECR makes have `templates.tags`."
  type        = map(string)
  default     = {}
}
