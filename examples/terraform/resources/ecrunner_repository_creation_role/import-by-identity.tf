import {
  to = ecrunner_repository_creation_role.team
  identity = {
    name = "team-repositories"
  }
}
