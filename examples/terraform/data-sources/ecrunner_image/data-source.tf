data "ecrunner_image" "alpine" {
  name = "public.ecr.aws/docker/library/alpine:3.20"
}

# public.ecr.aws/docker/library/alpine@sha256:…, which is the same image tomorrow
output "pinned" {
  value = data.ecrunner_image.alpine.reference_by_digest
}

# { "linux/amd64" = 4, "linux/arm64/v8" = 4, … }
output "mib_by_platform" {
  value = {
    for each in data.ecrunner_image.alpine.platforms :
    each.platform => ceil(each.size_bytes / 1048576)
  }
}
