# Asks for images where they are; in ECR that is a pull like any other.

terraform {
  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

variable "references" {
  description = "Images, with registry."
  type        = map(string)
}

data "ecrunner_image" "this" {
  for_each = var.references
  name     = each.value
}

output "digests" {
  description = "The digest of each."
  value       = { for key, image in data.ecrunner_image.this : key => image.digest }
}
