terraform {
  required_version = ">= 1.11"

  required_providers {
    ecrunner = {
      source  = "ecrunner/ecrunner"
      version = ">= 0.1"
    }
  }
}
