variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "vpc_id" {
  description = "VPC of runner manager and workers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets with a route to AWS' endpoints and to GitLab."
  type        = list(string)
}

variable "gitlab" {
  description = "The runner at GitLab, and the SSM parameter with its token."
  type = object({
    url               = optional(string, "https://gitlab.com")
    runner_id         = number
    token_parameter   = string
    token_kms_key_arn = optional(string)
  })
}

variable "software" {
  description = "Downloads of GitLab Runner, the fleeting plugin and the pull proxy, with the checksums that you verified."
  type = object({
    gitlab_runner   = object({ url = string, sha256 = string })
    fleeting_plugin = object({ url = string, sha256 = string })
    ecr_pull_proxy  = object({ url = string, sha256 = string })
  })
}

variable "images" {
  description = "Images to mirror, as jobs name them."
  type        = set(string)
  default     = ["alpine:3.20", "golang:1.24-bookworm"]
}

variable "default_image" {
  description = "Image of jobs that name none, one of `images`."
  type        = string
  default     = "alpine:3.20"

  validation {
    condition     = contains(var.images, var.default_image)
    error_message = "default_image is none of images: add it there."
  }
}

variable "cache" {
  description = "The S3 bucket of the job cache; null for none."
  type = object({
    bucket      = string
    bucket_arn  = string
    location    = string
    prefix      = optional(string, "cache")
    kms_key_arn = optional(string)
  })
  default = null
}
