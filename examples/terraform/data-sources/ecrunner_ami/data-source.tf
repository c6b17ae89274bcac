data "ecrunner_ami" "worker" {
  operating_system = "amazon-linux-2023"
  architecture     = "arm64"
}

output "worker_image_id" {
  value = data.ecrunner_ami.worker.image_id
}
