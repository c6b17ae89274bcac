# {"credHelpers":{"111122223333.dkr.ecr.eu-central-1.amazonaws.com":"ecr-login","public.ecr.aws":"ecr-login"}}
output "docker_auth_config" {
  value = provider::ecrunner::docker_auth_config(
    "public.ecr.aws",
    "111122223333.dkr.ecr.eu-central-1.amazonaws.com",
  )
}
