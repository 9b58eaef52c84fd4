//! The published generators that are known here: a short list, and facts alone.
//!
//! A length in bytes and a checksum stand where they are published or told by several who have the file; a size in MB is about
//! what its numbers take in single precision. Where nothing is known nothing is said: the checksum is recorded at the first download then.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// A generator that somebody has published.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// What it is called here: the name of its file without its ending, or of its folder.
    pub name: &'static str,
    /// Its family, as `pulse info --help` has them.
    pub family: &'static str,
    /// What its pictures are of.
    pub subject: &'static str,
    /// How wide and high its pictures are.
    pub pixels: usize,
    /// Under which licence it is.
    pub licence: Licence,
    /// The page that says more, and what to cite.
    pub home: &'static str,
    /// Whether its files are kept in a folder of its name; one file stands by itself.
    pub is_folder: bool,
    /// All that has to be fetched.
    pub files: &'static [RemoteFile],
    /// About how much that is, in MB, where it is known.
    pub megabytes: Option<u64>,
    /// The hosts that those of the files' addresses may lead to, with all below them.
    pub hosts: &'static [&'static str],
}

/// A licence.
#[derive(Clone, Copy, Debug)]
pub struct Licence {
    /// Its name.
    pub name: &'static str,
    /// Where it can be read.
    pub address: &'static str,
    /// Whether it allows less than everything to everybody, such as no commercial use.
    pub restricts: bool,
}

/// A file of a published generator.
#[derive(Clone, Copy, Debug)]
pub struct RemoteFile {
    /// Where it is.
    pub address: &'static str,
    /// What it is called here, within the model's folder or, of a single file, within that of all models.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: Option<u64>,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: Option<&'static str>,
}

/// One whose length and checksum nobody has published.
const fn file(address: &'static str, name: &'static str) -> RemoteFile {
    RemoteFile { address, name, bytes: None, sha256: None }
}

const APACHE: Licence =
    Licence { name: "Apache-2.0", address: "https://www.apache.org/licenses/LICENSE-2.0", restricts: false };

const MIT: Licence = Licence { name: "MIT", address: "https://opensource.org/license/mit", restricts: false };

const NON_COMMERCIAL: Licence =
    Licence { name: "CC BY-NC-SA 4.0", address: "https://creativecommons.org/licenses/by-nc-sa/4.0/", restricts: true };

const NVIDIA: Licence = Licence {
    name: "Nvidia Source Code License (no commercial use)",
    address: "https://nvlabs.github.io/stylegan2-ada-pytorch/license.html",
    restricts: true,
};

const NVIDIA_3: Licence = Licence { address: "https://github.com/NVlabs/stylegan3/blob/main/LICENSE.txt", ..NVIDIA };

const EDM: Published = Published {
    name: "",
    family: "diffusion (EDM)",
    subject: "",
    pixels: 64,
    licence: NON_COMMERCIAL,
    home: "https://github.com/NVlabs/edm",
    is_folder: false,
    files: &[],
    megabytes: Some(247),
    hosts: &["nvidia.com"],
};

/// The DDPMs of Ho, Jain and Abbeel, all files in one place.
macro_rules! ddpm {
    ($name:literal, $revision:literal, $subject:literal, $weights:expr) => {
        Published {
            name: $name,
            family: "diffusion (diffusers)",
            subject: $subject,
            pixels: 256,
            licence: APACHE,
            home: concat!("https://huggingface.co/google/", $name),
            is_folder: true,
            files: &[
                file(ddpm!(@ $name, $revision, "model_index.json"), "model_index.json"),
                file(ddpm!(@ $name, $revision, "config.json"), "config.json"),
                file(ddpm!(@ $name, $revision, "scheduler_config.json"), "scheduler_config.json"),
                RemoteFile {
                    address: ddpm!(@ $name, $revision, "diffusion_pytorch_model.bin"),
                    name: "diffusion_pytorch_model.bin",
                    ..$weights
                },
            ],
            megabytes: Some(455),
            hosts: &["huggingface.co", "hf.co"],
        }
    };
    (@ $name:literal, $revision:literal, $file:literal) => {
        concat!("https://huggingface.co/google/", $name, "/resolve/", $revision, "/", $file)
    };
}

/// All of them.
pub static PUBLISHED: &[Published] = &[
    ddpm!(
        "ddpm-celebahq-256",
        "cd5c944777ea2668051904ead6cc120739b86c4d",
        "faces",
        RemoteFile {
            bytes: Some(454_853_117),
            sha256: Some("efff89712093ad060ce99d9b461bbe542b49d8dd4ce30f23fe5761dca292361d"),
            ..file("", "")
        }
    ),
    ddpm!("ddpm-bedroom-256", "main", "bedrooms", file("", "")),
    ddpm!("ddpm-church-256", "main", "churches", file("", "")),
    Published {
        name: "edm-ffhq-64x64-uncond-vp",
        subject: "faces",
        files: &[file(
            "https://nvlabs-fi-cdn.nvidia.com/edm/pretrained/edm-ffhq-64x64-uncond-vp.pkl",
            "edm-ffhq-64x64-uncond-vp.pkl",
        )],
        ..EDM
    },
    Published {
        name: "edm-afhqv2-64x64-uncond-vp",
        subject: "animals' faces",
        files: &[file(
            "https://nvlabs-fi-cdn.nvidia.com/edm/pretrained/edm-afhqv2-64x64-uncond-vp.pkl",
            "edm-afhqv2-64x64-uncond-vp.pkl",
        )],
        ..EDM
    },
    Published {
        name: "256x256_diffusion_uncond",
        family: "diffusion (guided)",
        subject: "ImageNet",
        pixels: 256,
        licence: MIT,
        home: "https://github.com/openai/guided-diffusion",
        is_folder: false,
        files: &[RemoteFile {
            address: "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/256x256_diffusion_uncond.pt",
            name: "256x256_diffusion_uncond.pt",
            bytes: Some(2_211_383_297),
            sha256: Some("a37c32fffd316cd494cf3f35b339936debdc1576dad13fe57c42399a5dbc78b1"),
        }],
        megabytes: Some(2211),
        hosts: &[],
    },
    Published {
        name: "cd_bedroom256_lpips",
        family: "consistency model",
        subject: "bedrooms",
        pixels: 256,
        licence: MIT,
        home: "https://github.com/openai/consistency_models",
        is_folder: false,
        files: &[file(
            "https://openaipublic.blob.core.windows.net/consistency/cd_bedroom256_lpips.pt",
            "cd_bedroom256_lpips.pt",
        )],
        megabytes: Some(2108),
        hosts: &[],
    },
    Published {
        name: "stylegan2-ffhq-256",
        family: "StyleGAN2",
        subject: "faces",
        pixels: 256,
        licence: NVIDIA,
        home: "https://github.com/NVlabs/stylegan2-ada-pytorch",
        is_folder: false,
        files: &[file(
            "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/transfer-learning-source-nets/\
             ffhq-res256-mirror-paper256-noaug.pkl",
            "stylegan2-ffhq-256.pkl",
        )],
        megabytes: None,
        hosts: &["nvidia.com"],
    },
    Published {
        name: "stylegan2-ffhq-1024",
        family: "StyleGAN2",
        subject: "faces",
        pixels: 1024,
        licence: NVIDIA,
        home: "https://github.com/NVlabs/stylegan2-ada-pytorch",
        is_folder: false,
        files: &[file(
            "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/ffhq.pkl",
            "stylegan2-ffhq-1024.pkl",
        )],
        megabytes: None,
        hosts: &["nvidia.com"],
    },
    Published {
        name: "stylegan3-t-ffhqu-256x256",
        family: "StyleGAN3",
        subject: "faces, not aligned",
        pixels: 256,
        licence: NVIDIA_3,
        home: "https://github.com/NVlabs/stylegan3",
        is_folder: false,
        files: &[file(
            "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/stylegan3-t-ffhqu-256x256.pkl",
            "stylegan3-t-ffhqu-256x256.pkl",
        )],
        megabytes: None,
        hosts: &["nvidia.com"],
    },
];

impl Published {
    /// The one of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`], with the names that there are.
    pub fn find(name: &str) -> Result<&'static Self> {
        PUBLISHED.iter().find(|published| published.name == name).ok_or_else(|| {
            let names: Vec<_> = PUBLISHED.iter().map(|published| published.name).collect();
            let message = format!("{name}: the list has no such model; it has {}", names.join(", "));
            Error::new(ErrorKind::Unknown, message)
        })
    }

    /// Whether the checksum of the network's weights is known before they are fetched.
    pub fn is_pinned(&self) -> bool {
        self.files.iter().any(|file| file.sha256.is_some())
    }
}

impl fmt::Display for Licence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.address)
    }
}
