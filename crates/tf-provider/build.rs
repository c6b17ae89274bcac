//! Generates messages, clients and servers from `proto/`, without `protoc`.

use std::error::Error;

const FILES: [&str; 3] = ["proto/tfplugin6.proto", "proto/plugin.proto", "proto/health.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::configure()
        // Values and private data are passed on, not copied.
        .bytes(".")
        // Maps keep one order, so that equal schemas have equal bytes.
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
