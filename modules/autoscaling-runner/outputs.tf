output "config_toml" {
  description = "The runner manager's configuration, with placeholders in place of tokens."
  value       = data.ecrunner_runner_config.this.config_toml
}

output "config_parameter" {
  description = "Name of the SSM parameter that holds the published configuration."
  value       = ecrunner_runner_manager.this.config_parameter
}

output "worker_fleet_arn" {
  description = "ARN of the workers' Auto Scaling group."
  value       = ecrunner_worker_fleet.this.arn
}

output "worker_fleet_name" {
  description = "Name of the workers' Auto Scaling group."
  value       = ecrunner_worker_fleet.this.name
}

output "runner_manager_arn" {
  description = "ARN of the runner manager's Auto Scaling group."
  value       = ecrunner_runner_manager.this.arn
}

output "manager_profile_arn" {
  description = "ARN of the runner manager's instance profile."
  value       = local.manager_profile_arn
}

output "worker_profile_arn" {
  description = "ARN of the workers' instance profile."
  value       = local.worker_profile_arn
}

output "manager_policy" {
  description = "What the runner manager may do, as JSON; null where the profile was given."
  value       = one(ecrunner_instance_profile.manager[*].policy_json)
}

output "worker_policy" {
  description = "What workers may do, as JSON; null where that is nothing, or the profile was given."
  value       = one(ecrunner_instance_profile.worker[*].policy_json)
}

output "push_role_arn" {
  description = "ARN of the role that jobs' pushes go with; null where there is none."
  value       = length(local.push_repositories) == 0 ? null : coalesce(var.existing.push_role_arn, one(ecrunner_push_role.this[*].arn))
}

output "manager_security_group_id" {
  description = "Security group of the runner manager."
  value       = local.manager_security_group_id
}

output "worker_security_group_id" {
  description = "Security group of the workers."
  value       = local.worker_security_group_id
}

output "manager_image_id" {
  description = "Image of the runner manager."
  value       = ecrunner_runner_manager.this.image_id
}

output "worker_image_id" {
  description = "Image of new workers."
  value       = ecrunner_worker_fleet.this.image_id
}
