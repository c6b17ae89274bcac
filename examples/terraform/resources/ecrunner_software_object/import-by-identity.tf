import {
  to = ecrunner_software_object.pull_proxy
  identity = {
    bucket = "example-ci-software"
    key    = "software/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/ecr-pull-proxy"
  }
}
