terraform {
  required_version = ">= 1.11"
  required_providers {
    ecrunner = {
      source  = "ecrunner/ecrunner"
      version = "~> 0.1"
    }
  }
}

provider "ecrunner" {
  region              = "eu-central-1"
  allowed_account_ids = ["111122223333"]

  default_tags {
    tags = {
      team = "build-platform"
    }
  }
}
