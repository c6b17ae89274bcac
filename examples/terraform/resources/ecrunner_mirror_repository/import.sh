# The import id is the repository's name. Where the mirror did not make the repository, the source follows after a comma:
# mirror/docker.io/library/alpine,docker.io/library/alpine
terraform import ecrunner_mirror_repository.alpine mirror/docker.io/library/alpine
