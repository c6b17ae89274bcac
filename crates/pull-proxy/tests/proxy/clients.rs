//! Real clients pull an unqualified name of Docker Hub through the daemon from ECR, the gateway's, which pulls it through
//! from upstream. Docker Hub as the client could reach it counts connections: none, until the daemon is stopped.

mod buildkit;
mod containerd;
mod dockerd;
mod dockerd_of_today;
mod engine;
mod image;
mod podman;
mod push;
mod skopeo;
mod world;
