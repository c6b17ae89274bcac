provider "ecrunner" {
  region = "eu-central-1"

  endpoints {
    ecr                      = run.setup.endpoint
    iam                      = run.setup.endpoint
    registry                 = run.setup.endpoint
    resourcegroupstaggingapi = run.setup.endpoint
    secretsmanager           = run.setup.endpoint
    sts                      = run.setup.endpoint
  }
}

variables {
  # Terraform applies no default of an ephemeral variable of the root module, which the module is here.
  access_tokens = {}
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "upstream" {
  module {
    source = "./tests/pull"
  }

  variables {
    references = { tag = run.setup.image }
  }
}

# Real copies

run "images_are_mirrored_by_tag_and_by_digest" {
  variables {
    images = [run.setup.image, "${run.setup.name}@${run.upstream.digests.tag}"]
  }

  assert {
    condition     = keys(output.mirrors) == tolist([run.setup.name]) && output.mirrors[run.setup.name] == replace("mirror/${run.setup.name}", ":", "-")
    error_message = "Tag and digest of one repository share a mirror, which is named by it."
  }

  assert {
    condition     = output.digests[run.setup.image] == "${output.registry_host}/${output.mirrors[run.setup.name]}@${run.upstream.digests.tag}"
    error_message = "The mirror has what upstream has."
  }

  assert {
    condition     = output.images[run.setup.image] == "${output.registry_host}/${output.mirrors[run.setup.name]}:3.20"
    error_message = "A tag stays a tag."
  }

  assert {
    condition     = output.images["${run.setup.name}@${run.upstream.digests.tag}"] == "${output.registry_host}/${output.mirrors[run.setup.name]}@${run.upstream.digests.tag}"
    error_message = "A digest stays a digest."
  }
}

run "what_is_not_mirrored_comes_through_a_rule" {
  variables {
    images  = ["alpine:3.20", run.setup.image, "${run.setup.name}@${run.upstream.digests.tag}"]
    mirrors = { images = "pinned" }
  }

  assert {
    condition     = keys(output.mirrors) == tolist([run.setup.name])
    error_message = "A repository of which an image is pinned has a mirror, since no rule imports a digest; others have none."
  }

  assert {
    condition     = output.images["alpine:3.20"] == "${output.registry_host}/ecr-public/docker/library/alpine:3.20"
    error_message = "Without a login at Docker Hub official images come from ECR Public."
  }
}

# A pull by the names that the module told is answered, with what each upstream has.
run "both_can_be_pulled" {
  module {
    source = "./tests/pull"
  }

  variables {
    references = merge(
      run.what_is_not_mirrored_comes_through_a_rule.images,
      { "official upstream" = replace(run.setup.image, "library/alpine", "docker/library/alpine") },
    )
  }

  assert {
    condition     = alltrue([for image in [run.setup.image, "${run.setup.name}@${run.upstream.digests.tag}"] : output.digests[image] == run.upstream.digests.tag])
    error_message = "The mirror serves tag and digest."
  }

  assert {
    condition     = output.digests["alpine:3.20"] == output.digests["official upstream"] && output.digests["alpine:3.20"] != run.upstream.digests.tag
    error_message = "The rule serves what ECR Public has, which is another image here than the mirrored one."
  }
}

# Plans

run "names_are_read_as_docker_reads_them" {
  command = plan

  variables {
    images = ["alpine", "alpine:3.20", "docker.io/library/alpine:3.21", "index.docker.io/team/tool", "quay.io/team/tool:1"]
  }

  assert {
    condition = output.mirrors == tomap({
      "docker.io/library/alpine" = "mirror/docker.io/library/alpine"
      "docker.io/team/tool"      = "mirror/docker.io/team/tool"
      "quay.io/team/tool"        = "mirror/quay.io/team/tool"
    })
    error_message = "One mirror for each repository, by its full name."
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/library/alpine"].image_tags == toset(["latest", "3.20", "3.21"])
    error_message = "A mirror has all tags that images name."
  }

  assert {
    condition     = output.images["index.docker.io/team/tool"] == "${output.registry_host}/mirror/docker.io/team/tool:latest"
    error_message = "Every image is found by the name that was given."
  }
}

# Both parse, and the digest decides.
run "of_tag_and_digest_the_digest_counts" {
  command = plan

  variables {
    images = ["alpine:3.20@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
  }

  assert {
    condition     = ecrunner_mirror_repository.this["docker.io/library/alpine"].image_tags == toset(["sha256:0000000000000000000000000000000000000000000000000000000000000000"])
    error_message = "What a client pulls is mirrored, and not what the tag names today."
  }

  assert {
    condition     = endswith(output.images["alpine:3.20@sha256:0000000000000000000000000000000000000000000000000000000000000000"], "/mirror/docker.io/library/alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000")
    error_message = "And so it is pulled."
  }
}

run "nothing_named_makes_a_rule_for_official_images_alone" {
  command = plan

  assert {
    condition     = length(ecrunner_mirror_repository.this) == 0 && keys(ecrunner_pull_through_cache_rule.this) == ["ecr-public"]
    error_message = "The default is the rule that needs no login."
  }

  assert {
    condition     = length(ecrunner_upstream_credential.this) == 0
    error_message = "No secret, no role and no statement that nobody asked for."
  }

  assert {
    condition     = output.rules == tomap({ "docker.io/library" = "ecr-public/docker/library", "public.ecr.aws" = "ecr-public" })
    error_message = "Names of Docker Hub's official images and of ECR Public have a place."
  }

  assert {
    condition     = [for arn in output.image_pull.import_repositories : split(":", arn)[5]] == ["repository/ecr-public/*"] && length(output.image_pull.repositories) == 0
    error_message = "What may be pulled is what the rule fills, and a pull may import."
  }

  assert {
    condition     = can(regex("^[0-9]{12}[.]dkr[.]ecr[.]eu-central-1[.]amazonaws[.]com$", output.registry_host))
    error_message = "The registry is known to the plan."
  }
}

run "cached_images_do_not_stay_for_ever" {
  command = plan

  variables {
    upstreams = {
      ecr-public = {}
      quay       = { lifecycle_policy = jsonencode({ rules = [{ rulePriority = 1, description = "of its own" }] }) }
    }
    templates = { expire_days = 30 }
  }

  assert {
    condition = [
      for rule in jsondecode(ecrunner_repository_creation_template.this["ecr-public"].lifecycle_policy).rules :
      [rule.rulePriority, rule.selection.tagStatus, rule.selection.countNumber, rule.action.type]
    ] == [[1, "untagged", 7, "expire"], [2, "any", 30, "expire"]]
    error_message = "What was replaced goes after a week, everything after as many days as were asked for."
  }

  assert {
    condition     = strcontains(ecrunner_repository_creation_template.this["quay"].lifecycle_policy, "of its own")
    error_message = "An upstream has a policy of its own if it wants."
  }
}

run "docker_hub_with_a_login_serves_all_its_names" {
  command = plan

  variables {
    images = ["alpine:3.20", "team/tool:1", "public.ecr.aws/team/tool:1"]

    upstreams = {
      docker-hub = { credential_arn = "arn:aws:secretsmanager:eu-central-1:${run.setup.account_id}:secret:ecr-pullthroughcache/docker-hub-AbCdEf", ecr_repository_prefix = "hub" }
      ecr-public = {}
    }
    mirrors = { images = "pinned" }
  }

  assert {
    condition = [for image in ["alpine:3.20", "team/tool:1", "public.ecr.aws/team/tool:1"] : trimprefix(output.images[image], "${output.registry_host}/")] == [
      "hub/library/alpine:3.20", "hub/team/tool:1", "ecr-public/team/tool:1",
    ]
    error_message = "Official images come from Docker Hub too, by their full path."
  }

  assert {
    condition     = length(ecrunner_upstream_credential.this) == 0
    error_message = "The secret that is there is used."
  }
}

run "an_upstream_in_ecr_has_a_part_of_the_names" {
  command = plan

  variables {
    images = ["111122223333.dkr.ecr.eu-central-1.amazonaws.com/base/python:3.13", "111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/tool:1"]

    upstreams = {
      ecr = {
        upstream_registry_url      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
        upstream_repository_prefix = "base"
        ecr_repository_prefix      = "shared/base"
        custom_role_arn            = "arn:aws:iam::${run.setup.account_id}:role/pull-through"
      }
    }
  }

  assert {
    condition     = output.images["111122223333.dkr.ecr.eu-central-1.amazonaws.com/base/python:3.13"] == "${output.registry_host}/shared/base/python:3.13"
    error_message = "What lies under the upstream's prefix comes through the rule."
  }

  assert {
    condition     = length(output.mirrors) == 0 && output.images["111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/tool:1"] == "111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/tool:1"
    error_message = "What is in ECR is not mirrored, and stays where it is."
  }
}

run "of_two_rules_the_longer_beginning_counts" {
  command = plan

  variables {
    images = [
      "111122223333.dkr.ecr.eu-central-1.amazonaws.com/base/python:3.13",
      "111122223333.dkr.ecr.eu-central-1.amazonaws.com/based/tool:1",
      "quay.io.example.com/team/tool:1",
    ]

    upstreams = {
      quay = {}
      all  = { upstream_registry_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com", custom_role_arn = "arn:aws:iam::${run.setup.account_id}:role/pull-through" }
      base = {
        upstream_registry_url      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
        upstream_repository_prefix = "base"
        custom_role_arn            = "arn:aws:iam::${run.setup.account_id}:role/pull-through"
      }
    }
    mirrors = { images = "pinned", except = ["quay.io.example.com"] }
  }

  assert {
    condition     = output.images["111122223333.dkr.ecr.eu-central-1.amazonaws.com/base/python:3.13"] == "${output.registry_host}/base/python:3.13"
    error_message = "The rule for a part of a registry is for that part."
  }

  assert {
    condition     = output.images["111122223333.dkr.ecr.eu-central-1.amazonaws.com/based/tool:1"] == "${output.registry_host}/all/based/tool:1"
    error_message = "A part ends at a slash."
  }

  assert {
    condition     = output.images["quay.io.example.com/team/tool:1"] == "quay.io.example.com/team/tool:1"
    error_message = "So does the name of a registry."
  }
}

run "what_is_excepted_stays_where_it_is" {
  command = plan

  variables {
    images = ["registry.example.com/team/tool:1", "registry.example.com:5000/team/tool:1", "docker.io/team/tool:1", "docker.io/team/tools:1"]

    mirrors = {
      except = ["registry.example.com", "docker.io/team/tool"]
    }
  }

  assert {
    condition     = keys(output.mirrors) == tolist(["docker.io/team/tools", "registry.example.com:5000/team/tool"])
    error_message = "An exception is a registry or a repository, and not what its text begins with."
  }

  assert {
    condition     = output.images["registry.example.com/team/tool:1"] == "registry.example.com/team/tool:1" && output.images["docker.io/team/tool:1"] == "docker.io/team/tool:1"
    error_message = "What is excepted keeps its name."
  }
}

run "nothing_at_all" {
  command = plan

  variables {
    upstreams = {}
  }

  assert {
    condition     = output.image_pull == null && output.registry_host == null && length(output.rules) == 0
    error_message = "What is not used is not allowed."
  }
}
