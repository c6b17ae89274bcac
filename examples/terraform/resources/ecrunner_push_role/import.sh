# The import id is the name.
terraform import ecrunner_push_role.team ci-push
