//! Real clients pull an unqualified name of Docker Hub through the daemon from ECR, the gateway's, which pulls it through
//! from upstream. Docker Hub as the client could reach it counts connections: none, until the daemon is stopped.

mod containerd;
mod dockerd;
mod image;
mod podman;
mod skopeo;
mod world;
