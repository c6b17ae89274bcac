//! `ecrunner_ami`. The emulated Systems Manager has the public parameters of Amazon Linux 2023, but the emulated EC2
//! lacks the images that they name: where one has to be found, an EC2 of our own answers for it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use acceptance::{Account, Fault, FaultKind, Stack, Workspace};

const EXAMPLE: &str = include_str!("../../../../examples/terraform/data-sources/ecrunner_ami/data-source.tf");
const ARM64: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

fn workspace(account: &Account, arguments: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.config(&format!("data \"ecrunner_ami\" \"this\" {{\n{arguments}}}\n"));
    workspace
}

fn public_parameter(account: &Account, name: &str) -> String {
    let answer = account.aws(&["ssm", "get-parameter", "--name", name]);
    answer["Parameter"]["Value"].as_str().expect("a public parameter").to_owned()
}

/// An EC2 that knows one image. It ends with the test process.
fn ec2_with(image_id: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    let url = format!("http://{}", listener.local_addr().expect("the address of a bound listener"));
    let body = format!(
        "<DescribeImagesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><imagesSet>\
         <item><imageId>{image_id}</imageId><name>al2023-ami-2023.9-arm64</name><rootDeviceName>/dev/xvda</rootDeviceName>\
         <creationDate>2026-11-01T00:00:00.000Z</creationDate><architecture>arm64</architecture></item></imagesSet>\
         </DescribeImagesResponse>"
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { continue };
            // The request fits into one read; whatever it asks, the answer is the image.
            let _ = connection.read(&mut [0; 16 * 1024]);
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn image_is_found_by_the_public_parameter_of_its_architecture() {
    let account = Account::new();
    let image_id = public_parameter(&account, ARM64);
    let mut workspace = Workspace::new(&account);
    let gateway = Stack::shared().url();
    let endpoints = Workspace::endpoints(gateway)
        .replace(&format!("ec2 = \"{gateway}\""), &format!("ec2 = \"{}\"", ec2_with(&image_id)));
    workspace.provider_blocks(&format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
    workspace.config(EXAMPLE);
    workspace.apply().expect_success();
    let state = workspace.state();
    assert_eq!(state.output("worker_image_id"), image_id.as_str());
    for (attribute, value) in [
        ("parameter_name", ARM64),
        ("name", "al2023-ami-2023.9-arm64"),
        ("creation_date", "2026-11-01T00:00:00.000Z"),
        ("root_device_name", "/dev/xvda"),
        ("default_user", "ec2-user"),
    ] {
        assert_eq!(state.attribute("data.ecrunner_ami.worker", attribute), value, "{attribute}");
    }
    workspace.assert_empty_plan();
}

#[test]
fn kernel_and_default_architecture_choose_the_parameter() {
    let account = Account::new();
    let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-x86_64";
    let image_id = public_parameter(&account, name);
    let mut workspace = workspace(&account, "  kernel = \"6.12\"\n");
    let gone = FaultKind::error("InvalidAMIID.NotFound", "The image id does not exist");
    account.inject(Fault::once("ec2", "DescribeImages", gone));
    workspace.run_plan(&[]).expect_only_error(&[
        &format!("Machine image not found ({image_id})"),
        name,
        "use the id of an image",
    ]);
}

#[test]
fn parameter_that_the_region_lacks_is_an_error_that_says_so() {
    let account = Account::new();
    let mut lacking =
        workspace(&account, "  operating_system = \"ubuntu-24.04\"\n  architecture = \"arm64\"\n");
    lacking.run_plan(&[]).expect_error("No such machine image", "operating_system").expect_only_error(&[
        "Region eu-central-1 has no image of ubuntu-24.04 for arm64",
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id does not exist",
        "Choose another operating system",
    ]);
    let mut kernel = workspace(&account, "  kernel = \"4.4\"\n");
    kernel
        .run_plan(&[])
        .expect_error("No such machine image", "kernel")
        .expect_only_error(&["x86_64 with kernel 4.4", "Choose another kernel"]);
    assert_eq!(account.count("DescribeImages"), 0);
}

#[test]
fn denied_parameter_names_the_action_to_allow() {
    let account = Account::new();
    let mut workspace = workspace(&account, "");
    let denied =
        FaultKind::error("AccessDeniedException", "User is not authorized to perform: ssm:GetParameter");
    account.inject(Fault::once("ssm", "GetParameter", denied));
    workspace.run_plan(&[]).expect_only_error(&["AccessDenied", "ssm:GetParameter", "Allow this action"]);
}

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut wrong =
        workspace(&account, "  operating_system = \"amazon-linux-2\"\n  architecture = \"amd64\"\n");
    wrong
        .validate()
        .expect_error("Invalid operating_system", "operating_system")
        .expect_error("Invalid architecture", "architecture")
        .expect_error_count(2);
    let mut kernel = workspace(&account, "  operating_system = \"ubuntu-22.04\"\n  kernel = \"6.1\"\n");
    kernel
        .run_plan(&[])
        .expect_error("Invalid kernel", "kernel")
        .expect_only_error(&["Only Amazon Linux", "Remove kernel"]);
}
