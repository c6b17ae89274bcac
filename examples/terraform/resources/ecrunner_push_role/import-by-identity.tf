import {
  to = ecrunner_push_role.team
  identity = {
    name = "ci-push"
  }
}
