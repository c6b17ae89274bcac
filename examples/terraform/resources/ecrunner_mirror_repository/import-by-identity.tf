import {
  to = ecrunner_mirror_repository.alpine
  identity = {
    name = "mirror/docker.io/library/alpine"
  }
}
