#!/bin/sh
# Waits until there is a configuration, and until no other instance of this manager's group is alive: two managers on one
# fleet would delete each other's workers, with the jobs on them.
set -eu
self=$(cat "$ECRUNNER_INSTANCE_ID")

others() {
  aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$ECRUNNER_GROUP" --output text \
    --query "AutoScalingGroups[].Instances[?InstanceId!='$self' && LifecycleState!='Terminated'][].InstanceId"
}

until [ -s "$ECRUNNER_RUN/config.toml" ]; do
  sleep "$ECRUNNER_PAUSE"
done
until found=$(others) && [ -z "$found" ]; do
  echo "waiting for ${found:-an answer of Auto Scaling}"
  sleep "$ECRUNNER_PAUSE"
done
