//! `ecrunner_ami`: the newest machine image of an operating system, by its public parameter.
//! AWS: GetParameter (Systems Manager API reference, "Calling AMI public parameters"; Canonical's parameters likewise),
//! DescribeImages (EC2 API reference).

use aws_sdk_ec2::types::Image;
use tf_provider::schema::{Computed, Invalid};
use tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Schema, StringEnum, ValidateConfig, Value};

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// Finds the newest machine image (AMI) of an operating system in the provider's region.
///
/// A new image of the vendor shows as a new `image_id` in the next plan; write the id itself where that is not wanted.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_ami")]
pub struct Ami {
    /// The operating system.
    #[tf(default = OperatingSystem::AmazonLinux2023)]
    pub operating_system: OperatingSystem,
    /// The processor architecture.
    #[tf(default = Architecture::X86_64)]
    pub architecture: Architecture,
    /// Kernel series of Amazon Linux, such as `6.1`. Default: what AWS recommends. Ubuntu has no choice.
    #[tf(validate(text(check_kernel)))]
    pub kernel: Option<String>,
    /// Id of the image, such as `ami-0123456789abcdef0`.
    pub image_id: Computed<String>,
    /// Name of the public parameter that holds the id.
    pub parameter_name: Computed<String>,
    /// Name of the image.
    pub name: Computed<String>,
    /// When the image was made, in RFC 3339.
    pub creation_date: Computed<String>,
    /// Device name of the root volume, such as `/dev/xvda`.
    pub root_device_name: Computed<String>,
    /// The user that the image has for logging in: `ec2-user` or `ubuntu`.
    pub default_user: Computed<String>,
}

/// An operating system with public parameters.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatingSystem {
    /// Amazon Linux 2023.
    #[tf(rename = "amazon-linux-2023")]
    AmazonLinux2023,
    /// Ubuntu Server 24.04.
    #[tf(rename = "ubuntu-24.04")]
    Ubuntu2404,
    /// Ubuntu Server 22.04.
    #[tf(rename = "ubuntu-22.04")]
    Ubuntu2204,
}

/// A processor architecture, by EC2's name.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    #[tf(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    #[tf(rename = "arm64")]
    Arm64,
}

impl DataSource for Ami {
    type Client = Clients;

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let parameter = parameter_name(self.operating_system, self.architecture, self.kernel.as_deref());
        let image_id = self.find_image_id(&clients, &parameter).await?;
        let image = find_image(&clients, &image_id, &parameter).await?;
        self.name = image.name().map(str::to_owned).into();
        self.creation_date = image.creation_date().map(str::to_owned).into();
        self.root_device_name = image.root_device_name().map(str::to_owned).into();
        self.default_user = default_user(self.operating_system).into();
        self.image_id = image_id.into();
        self.parameter_name = parameter.into();
        Ok(self)
    }
}

impl ValidateConfig for Ami {
    fn validate(config: &AmiPlan, diagnostics: &mut Diagnostics) {
        let (Value::Known(system), Value::Known(_)) = (&config.operating_system, &config.kernel) else {
            return;
        };
        if *system != OperatingSystem::AmazonLinux2023 {
            let detail = format!(
                "Only Amazon Linux has images by kernel, and operating_system is \"{system}\". Remove kernel."
            );
            diagnostics.push(Diagnostic::error("Invalid kernel", detail).at("kernel"));
        }
    }
}

impl Ami {
    /// The id that the public parameter holds.
    async fn find_image_id(&self, clients: &Clients, parameter: &str) -> Result<String, Diagnostics> {
        let summary = format!("Reading SSM public parameter ({parameter})");
        let answer = clients.ssm.get_parameter().name(parameter).send().await.map_err(|error| {
            let failure = Failure::of("Systems Manager", &error);
            if !failure.is(&["ParameterNotFound"]) {
                return failure.report(summary.clone(), "", "");
            }
            let (attribute, remedy) = match self.kernel {
                Some(_) => ("kernel", "Choose another kernel, or remove kernel."),
                None => ("operating_system", "Choose another operating system or architecture, or use the id of an image."),
            };
            let detail = format!(
                "Region {} has no image of {} for {}{}: the public parameter {parameter} does not exist. {remedy}",
                clients.region,
                self.operating_system,
                self.architecture,
                self.kernel.as_ref().map_or(String::new(), |kernel| format!(" with kernel {kernel}")),
            );
            Diagnostic::error("No such machine image", detail).at(attribute).into()
        })?;
        let value = answer.parameter().and_then(|parameter| parameter.value()).unwrap_or_default();
        if value.starts_with("ami-") {
            return Ok(value.to_owned());
        }
        let detail =
            format!("The parameter {parameter} holds no id of an image. Use the id of an image instead.");
        Err(Diagnostic::error(summary, detail).into())
    }
}

async fn find_image(clients: &Clients, image_id: &str, parameter: &str) -> Result<Image, Diagnostics> {
    let found = match clients.ec2.describe_images().image_ids(image_id).send().await {
        Ok(answer) => answer.images().iter().find(|image| image.image_id() == Some(image_id)).cloned(),
        Err(error) => {
            let failure = Failure::of("EC2", &error);
            if !failure.is(&["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"]) {
                return Err(failure.report(format!("Reading machine image ({image_id})"), "", ""));
            }
            None
        }
    };
    found.ok_or_else(|| {
        let detail = format!(
            "The public parameter {parameter} names the image {image_id}, but EC2 has no such image in {}. Plan again; \
             if that does not help, use the id of an image.",
            clients.region
        );
        Diagnostic::error(format!("Machine image not found ({image_id})"), detail).into()
    })
}

fn parameter_name(system: OperatingSystem, architecture: Architecture, kernel: Option<&str>) -> String {
    let ubuntu = |version: &str, volume: &str| {
        let architecture = match architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        };
        format!(
            "/aws/service/canonical/ubuntu/server/{version}/stable/current/{architecture}/hvm/{volume}/ami-id"
        )
    };
    match system {
        OperatingSystem::AmazonLinux2023 => format!(
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-{}-{architecture}",
            kernel.unwrap_or("default")
        ),
        OperatingSystem::Ubuntu2404 => ubuntu("24.04", "ebs-gp3"),
        OperatingSystem::Ubuntu2204 => ubuntu("22.04", "ebs-gp2"),
    }
}

fn default_user(system: OperatingSystem) -> &'static str {
    match system {
        OperatingSystem::AmazonLinux2023 => "ec2-user",
        OperatingSystem::Ubuntu2404 | OperatingSystem::Ubuntu2204 => "ubuntu",
    }
}

fn check_kernel(kernel: &str) -> Result<(), Invalid> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match kernel.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => Ok(()),
        _ => Err(Invalid::new("must be a kernel series")
            .remedy("Write two numbers such as \"6.1\", or remove it for what AWS recommends.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_the_names_that_the_vendors_publish() {
        use Architecture::{Arm64, X86_64};
        use OperatingSystem::{AmazonLinux2023, Ubuntu2204, Ubuntu2404};
        for (system, architecture, kernel, name) in [
            (AmazonLinux2023, X86_64, None, "ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"),
            (AmazonLinux2023, Arm64, Some("6.1"), "ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"),
            (
                Ubuntu2404,
                X86_64,
                None,
                "canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            ),
            (
                Ubuntu2204,
                Arm64,
                None,
                "canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id",
            ),
        ] {
            assert_eq!(parameter_name(system, architecture, kernel), format!("/aws/service/{name}"));
        }
    }

    #[test]
    fn kernel_is_a_series() {
        assert_eq!(check_kernel("6.12"), Ok(()));
        for wrong in ["", "6", "6.", "6.1.0", "default", "6.1-arm64"] {
            assert!(check_kernel(wrong).is_err(), "{wrong:?} was accepted");
        }
    }
}
