ephemeral "ecrunner_ecr_authorization" "this" {}

# Another provider works with the team's registry, and its password is in no state.
provider "docker" {
  registry_auth {
    address  = ephemeral.ecrunner_ecr_authorization.this.registry
    username = ephemeral.ecrunner_ecr_authorization.this.user_name
    password = ephemeral.ecrunner_ecr_authorization.this.password
  }
}
