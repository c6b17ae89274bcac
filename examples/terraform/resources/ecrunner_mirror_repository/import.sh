# Name of the repository and its source, joined by a comma.
terraform import ecrunner_mirror_repository.alpine mirror/docker.io/library/alpine,docker.io/library/alpine
