# The import id is the bucket and the key, with a slash between them.
terraform import ecrunner_software_object.pull_proxy example-ci-software/software/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/ecr-pull-proxy
