# The emulated AWS and the upstream registry, handed through to the test file: its provider block can read the outputs of a run,
# but not variables that the module under test does not declare.

terraform {
  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}

variable "endpoint" {
  description = "URL at which the emulated AWS answers for every service."
  type        = string
}

variable "account_id" {
  description = "The test account."
  type        = string
}

variable "upstream_image" {
  description = "An image of the upstream registry, with its tag."
  type        = string
}

output "endpoint" {
  description = "URL at which the emulated AWS answers for every service."
  value       = var.endpoint
}

output "account_id" {
  description = "The test account."
  value       = var.account_id
}

output "image" {
  description = "The image, by its tag."
  value       = var.upstream_image
}

output "name" {
  description = "Registry and repository of the image."
  value       = provider::ecrunner::parse_image(var.upstream_image).name
}
