//! `root_volume`: the root volume of instances. Shared by worker fleet and runner manager.

use aws_sdk_ec2::types;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, Schema, StringEnum, Value};

use self::VolumeType::{Gp2, Gp3, Io1, Io2, Standard};

/// Types of EBS volumes that an instance can start from.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[tf(rename_all = "lowercase")]
pub enum VolumeType {
    /// General purpose, size and speed apart.
    Gp3,
    /// General purpose, speed by size.
    Gp2,
    /// Provisioned IOPS.
    Io1,
    /// Provisioned IOPS, durable.
    Io2,
    /// Magnetic.
    Standard,
}

/// The root volume of an instance.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct RootVolume {
    /// Size in GiB; at least that of the image. Default: 50 for workers, 20 for a runner manager.
    #[tf(validate(range(1..=65_536)))]
    pub size_gib: Option<i32>,
    /// Type of volume.
    #[tf(name = "type", default = VolumeType::Gp3)]
    pub volume_type: VolumeType,
    /// I/O operations per second; for gp3 3,000 to 80,000. Default: what the type comes with.
    #[tf(validate(range(100..=256_000)))]
    pub iops: Option<i32>,
    /// Throughput of a gp3 volume in MiB per second, 125 to 2,000. Default: 125.
    #[tf(validate(range(125..=2_000)))]
    pub throughput_mib: Option<i32>,
    /// Whether the volume is encrypted.
    #[tf(default = true)]
    pub encrypted: bool,
    /// Id or ARN of the KMS key. Default: the account's default key for EBS. The service-linked role of Auto Scaling
    /// needs a grant for a customer managed key.
    pub kms_key_id: Option<String>,
    /// Device name of the image's root volume. Default: that of the stock images, `/dev/xvda` for Amazon Linux 2023,
    /// `/dev/sda1` for Ubuntu.
    pub device_name: Option<String>,
}

impl Default for RootVolume {
    fn default() -> Self {
        RootVolume {
            size_gib: None,
            volume_type: VolumeType::Gp3,
            iops: None,
            throughput_mib: None,
            encrypted: true,
            kms_key_id: None,
            device_name: None,
        }
    }
}

impl RootVolume {
    /// This volume with its size said: `default_gib` where it says none.
    pub fn sized(self, default_gib: i32) -> Self {
        RootVolume { size_gib: self.size_gib.or(Some(default_gib)), ..self }
    }

    /// The block device mapping of a launch template; `device_name` is the default.
    pub fn to_mapping(&self, device_name: &str) -> types::LaunchTemplateBlockDeviceMappingRequest {
        let ebs = types::LaunchTemplateEbsBlockDeviceRequest::builder()
            .set_volume_size(self.size_gib)
            .volume_type(types::VolumeType::from(self.volume_type.as_str()))
            .set_iops(self.iops)
            .set_throughput(self.throughput_mib)
            .encrypted(self.encrypted)
            .set_kms_key_id(self.kms_key_id.clone())
            .delete_on_termination(true)
            .build();
        types::LaunchTemplateBlockDeviceMappingRequest::builder()
            .device_name(self.device_name.as_deref().unwrap_or(device_name))
            .ebs(ebs)
            .build()
    }

    /// Reads a mapping of a launch template. Null, and a size or device name left out, stay so where the mapping means
    /// them.
    pub fn from_mapping(
        mapping: &types::LaunchTemplateBlockDeviceMapping,
        prior: Option<&RootVolume>,
        default_gib: i32,
        device_name: &str,
    ) -> Option<RootVolume> {
        let ebs = mapping.ebs();
        let volume_type = ebs.and_then(|ebs| ebs.volume_type()).map(types::VolumeType::as_str);
        let named = prior.is_some_and(|prior| prior.device_name.is_some());
        let sized = prior.is_some_and(|prior| prior.size_gib.is_some());
        let size_gib = ebs.and_then(|ebs| ebs.volume_size());
        let volume = RootVolume {
            size_gib: size_gib.filter(|size| sized || *size != default_gib),
            volume_type: volume_type.and_then(|name| name.parse().ok()).unwrap_or(VolumeType::Standard),
            iops: ebs.and_then(|ebs| ebs.iops()),
            throughput_mib: ebs.and_then(|ebs| ebs.throughput()),
            encrypted: ebs.and_then(|ebs| ebs.encrypted()).unwrap_or_default(),
            kms_key_id: ebs.and_then(|ebs| ebs.kms_key_id()).map(str::to_owned),
            device_name: mapping
                .device_name()
                .filter(|name| named || *name != device_name)
                .map(str::to_owned),
        };
        if prior.is_none() && volume == RootVolume::default() { None } else { Some(volume) }
    }
}

/// What type, IOPS and throughput demand of each other.
pub fn validate(config: &Value<RootVolumePlan>, diagnostics: &mut Diagnostics) {
    let Value::Known(volume) = config else { return };
    let volume_type = match &volume.volume_type {
        Value::Unknown => return,
        Value::Null => Gp3,
        Value::Known(volume_type) => *volume_type,
    };
    let mut fault = |attribute: &str, detail: &str| {
        let path = AttributePath::attribute("root_volume").with_attribute(attribute);
        diagnostics.push(Diagnostic::error(format!("Invalid {attribute}"), detail).at(path));
    };
    if volume_type != Gp3 && matches!(volume.throughput_mib, Value::Known(_)) {
        fault("throughput_mib", "Only gp3 volumes take a throughput. Remove throughput_mib.");
    }
    match (volume_type, &volume.iops) {
        (Gp2 | Standard, Value::Known(_)) => {
            fault("iops", "Volumes of this type take no IOPS. Remove iops, or choose gp3.");
        }
        (Io1 | Io2, Value::Null) => fault("iops", "Volumes of this type need IOPS. Set iops."),
        (Gp3, Value::Known(iops)) if !(3_000..=80_000).contains(iops) => {
            fault("iops", "A gp3 volume takes 3,000 to 80,000 IOPS. Set iops accordingly.");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a launch template answers for what it was sent.
    fn stored(
        sent: &types::LaunchTemplateBlockDeviceMappingRequest,
    ) -> types::LaunchTemplateBlockDeviceMapping {
        let ebs = sent.ebs().unwrap();
        types::LaunchTemplateBlockDeviceMapping::builder()
            .set_device_name(sent.device_name().map(str::to_owned))
            .ebs(
                types::LaunchTemplateEbsBlockDevice::builder()
                    .set_volume_size(ebs.volume_size())
                    .set_volume_type(ebs.volume_type().cloned())
                    .set_iops(ebs.iops())
                    .set_throughput(ebs.throughput())
                    .set_encrypted(ebs.encrypted())
                    .set_kms_key_id(ebs.kms_key_id().map(str::to_owned))
                    .build(),
            )
            .build()
    }

    #[test]
    fn a_volume_comes_back_as_it_was_written() {
        let written = RootVolume {
            size_gib: Some(200),
            volume_type: VolumeType::Io2,
            iops: Some(10_000),
            encrypted: false,
            kms_key_id: Some("alias/x".to_owned()),
            device_name: Some("/dev/sda1".to_owned()),
            ..RootVolume::default()
        };
        for volume in [written, RootVolume::default()] {
            let mapping = stored(&volume.clone().sized(50).to_mapping("/dev/sda1"));
            let read = RootVolume::from_mapping(&mapping, Some(&volume), 50, "/dev/sda1");
            assert_eq!(read, Some(volume));
        }
    }

    #[test]
    fn the_default_left_out_stays_left_out_and_another_one_shows() {
        let mapping = stored(&RootVolume::default().sized(20).to_mapping("/dev/xvda"));
        assert_eq!(mapping.ebs().and_then(|ebs| ebs.volume_size()), Some(20));
        assert_eq!(RootVolume::from_mapping(&mapping, None, 20, "/dev/xvda"), None);
        let other = RootVolume { size_gib: Some(8), ..RootVolume::default() };
        let mapping = stored(&other.to_mapping("/dev/xvda"));
        assert_eq!(RootVolume::from_mapping(&mapping, None, 20, "/dev/xvda"), Some(other));
    }
}
