//! `root_volume`: the root volume of instances. Shared by worker fleet and runner manager.

use aws_sdk_ec2::types;
use tf_provider::{Schema, StringEnum};

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
    /// Size in GiB; at least that of the image.
    #[tf(default = 50, validate(range(1..=65_536)))]
    pub size_gib: i32,
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
            size_gib: 50,
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
    /// The block device mapping of a launch template; `device_name` is the default.
    pub fn to_mapping(&self, device_name: &str) -> types::LaunchTemplateBlockDeviceMappingRequest {
        let ebs = types::LaunchTemplateEbsBlockDeviceRequest::builder()
            .volume_size(self.size_gib)
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

    /// Reads a mapping of a launch template. Null and a device name left out stay so, where the mapping means them.
    pub fn from_mapping(
        mapping: &types::LaunchTemplateBlockDeviceMapping,
        prior: Option<&RootVolume>,
        device_name: &str,
    ) -> Option<RootVolume> {
        let ebs = mapping.ebs();
        let volume_type = ebs.and_then(|ebs| ebs.volume_type()).map(types::VolumeType::as_str);
        let named = prior.is_some_and(|prior| prior.device_name.is_some());
        let volume = RootVolume {
            size_gib: ebs.and_then(|ebs| ebs.volume_size()).unwrap_or_default(),
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
            size_gib: 200,
            volume_type: VolumeType::Io2,
            iops: Some(10_000),
            encrypted: false,
            kms_key_id: Some("alias/x".to_owned()),
            device_name: Some("/dev/sda1".to_owned()),
            ..RootVolume::default()
        };
        for volume in [written, RootVolume::default()] {
            let mapping = stored(&volume.to_mapping("/dev/sda1"));
            let read = RootVolume::from_mapping(&mapping, Some(&volume), "/dev/sda1");
            assert_eq!(read, Some(volume));
        }
    }

    #[test]
    fn the_default_left_out_stays_left_out_and_another_one_shows() {
        let mapping = stored(&RootVolume::default().to_mapping("/dev/xvda"));
        assert_eq!(RootVolume::from_mapping(&mapping, None, "/dev/xvda"), None);
        let other = RootVolume { size_gib: 8, ..RootVolume::default() };
        let mapping = stored(&other.to_mapping("/dev/xvda"));
        assert_eq!(RootVolume::from_mapping(&mapping, None, "/dev/xvda"), Some(other));
    }
}
