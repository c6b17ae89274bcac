output "images" {
  description = "Mirrored images by upstream name and tag."
  value       = module.images.digests
}

output "config_toml" {
  description = "The runner manager's configuration; the token is put in on the manager."
  value       = module.runner.config_toml
}

output "manager_policy" {
  description = "What the runner manager may do."
  value       = module.runner.manager_policy
}
