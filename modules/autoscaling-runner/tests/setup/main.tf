# Addresses of the emulated AWS, handed through to the provider block of the tests: it can read the outputs of a run, but not
# variables that the module under test does not declare.

variable "endpoint" {
  description = "URL at which the emulated AWS answers for every service."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the test account."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the test account."
  type        = list(string)
}

output "endpoint" {
  description = "URL at which the emulated AWS answers for every service."
  value       = var.endpoint
}

output "vpc_id" {
  description = "VPC of the test account."
  value       = var.vpc_id
}

output "subnet_ids" {
  description = "Subnets of the test account."
  value       = var.subnet_ids
}

variable "bucket" {
  description = "S3 bucket of the test account."
  type        = string
}

output "bucket" {
  description = "S3 bucket of the test account."
  value       = var.bucket
}
