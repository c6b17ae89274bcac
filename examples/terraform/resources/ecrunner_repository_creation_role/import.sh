# The import id is the name.
terraform import ecrunner_repository_creation_role.team team-repositories
