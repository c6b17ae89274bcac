# The import id is the id of the managers' security group, a comma, and the id of the workers' one.
terraform import ecrunner_runner_network.this sg-0a1b2c3d4e5f67890,sg-09f8e7d6c5b4a3210
