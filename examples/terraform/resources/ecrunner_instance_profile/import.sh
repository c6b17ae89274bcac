# The import id is the name.
terraform import ecrunner_instance_profile.manager ci-manager
