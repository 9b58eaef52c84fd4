//! The published files that are recognised, and what their tensors do not tell.
//!
//! Sizes are those of their numbers in single precision. The settings are those of the commands in the projects' own READMEs.

/// A published file of guided diffusion's `UNetModel`.
#[derive(Debug, PartialEq)]
pub(super) struct Published {
    /// The file's name without its ending begins so.
    pub(super) name: &'static str,
    /// About how large the file is, in MB.
    pub(super) megabytes: usize,
    pub(super) shape: UNetShape,
    pub(super) heads: Heads,
    /// Whether queries, keys and values are split before the heads.
    pub(super) new_attention_order: bool,
    pub(super) levels: NoiseLevels,
}

/// What tensors tell of a `UNetModel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UNetShape {
    pub(super) model_channels: usize,
    pub(super) image_size: usize,
    /// Residual blocks at each size.
    pub(super) blocks: usize,
    pub(super) classes: usize,
    pub(super) learned_variance: bool,
    pub(super) scale_shift: bool,
}

/// How many heads an attention has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heads {
    /// So many.
    Count(usize),
    /// As many as make so many channels each.
    Channels(usize),
}

/// The noise levels that a `UNetModel` was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoiseLevels {
    /// So many, of `β` that grows in a straight line.
    Linear(usize),
    /// So many, of `ᾱ` that falls as a squared cosine.
    Cosine(usize),
    /// All, with EDM's preconditioning.
    Edm,
    /// All, of a consistency model.
    Consistency,
}

const fn shape(model_channels: usize, image_size: usize, blocks: usize, classes: usize) -> UNetShape {
    UNetShape { model_channels, image_size, blocks, classes, learned_variance: true, scale_shift: true }
}

const fn guided(name: &'static str, megabytes: usize, shape: UNetShape, heads: Heads) -> Published {
    Published { name, megabytes, shape, heads, new_attention_order: false, levels: NoiseLevels::Linear(1000) }
}

const fn consistency(name: &'static str, megabytes: usize, classes: usize, levels: NoiseLevels) -> Published {
    let large = UNetShape { learned_variance: false, scale_shift: false, ..shape(256, 256, 2, 0) };
    let small = UNetShape { learned_variance: false, ..shape(192, 64, 3, 1000) };
    let shape = if classes == 0 { large } else { small };
    Published { name, megabytes, shape, heads: Heads::Channels(64), new_attention_order: true, levels }
}

/// All of them.
pub(super) const UNETS: &[Published] = &[
    // Guided diffusion (Dhariwal, Nichol 2021).
    guided("256x256_diffusion_uncond", 2211, shape(256, 256, 2, 0), Heads::Channels(64)),
    guided("256x256_diffusion", 2215, shape(256, 256, 2, 1000), Heads::Channels(64)),
    guided("lsun_bedroom", 2211, shape(256, 256, 2, 0), Heads::Channels(64)),
    guided("lsun_cat", 2211, shape(256, 256, 2, 0), Heads::Channels(64)),
    guided("lsun_horse", 2211, shape(256, 256, 2, 0), Heads::Channels(64)),
    guided("512x512_diffusion", 2236, shape(256, 512, 2, 1000), Heads::Channels(64)),
    guided("128x128_diffusion", 1685, shape(256, 128, 2, 1000), Heads::Count(4)),
    Published {
        new_attention_order: true,
        levels: NoiseLevels::Cosine(1000),
        ..guided("64x64_diffusion", 1184, shape(192, 64, 3, 1000), Heads::Channels(64))
    },
    // FFHQ, as ILVR, DPS and DAPS use it.
    guided("ffhq_10m", 357, shape(128, 256, 1, 0), Heads::Channels(64)),
    guided("diffusion_ffhq_10m", 357, shape(128, 256, 1, 0), Heads::Channels(64)),
    // Consistency models (Song, Dhariwal, Chen, Sutskever 2023), and the models that they were distilled from.
    consistency("cd_bedroom256", 2108, 0, NoiseLevels::Consistency),
    consistency("cd_cat256", 2108, 0, NoiseLevels::Consistency),
    consistency("ct_bedroom256", 2108, 0, NoiseLevels::Consistency),
    consistency("ct_cat256", 2108, 0, NoiseLevels::Consistency),
    consistency("cd_imagenet64", 1184, 1000, NoiseLevels::Consistency),
    consistency("ct_imagenet64", 1184, 1000, NoiseLevels::Consistency),
    consistency("edm_bedroom256", 2108, 0, NoiseLevels::Edm),
    consistency("edm_cat256", 2108, 0, NoiseLevels::Edm),
    consistency("edm_imagenet64", 1184, 1000, NoiseLevels::Edm),
];

/// The files of EDM, by what their names begin with, and their sizes in MB. The same networks with what they had before begin with
/// `baseline` for `edm`. Their files tell everything.
const EDM: [(&str, usize); 8] = [
    ("edm-cifar10-32x32-uncond-vp", 223),
    ("edm-cifar10-32x32-uncond-ve", 226),
    ("edm-cifar10-32x32-cond-vp", 223),
    ("edm-cifar10-32x32-cond-ve", 226),
    ("edm-ffhq-64x64-uncond-vp", 247),
    ("edm-ffhq-64x64-uncond-ve", 250),
    ("edm-afhqv2-64x64-uncond-vp", 247),
    ("edm-imagenet-64x64-cond-adm", 1184),
];

/// The published files that are recognised, by what their names begin with, each with about how large it is in MB.
pub fn published_files() -> impl Iterator<Item = (&'static str, usize)> {
    EDM.into_iter().chain(UNETS.iter().map(|file| (file.name, file.megabytes)))
}

/// The published file of this name and shape, or else the first of this shape; those of one shape that the rest of their tensors
/// cannot tell apart have the same settings.
pub(super) fn unet(stem: &str, shape: UNetShape) -> Option<&'static Published> {
    let of_shape = || UNETS.iter().filter(|published| published.shape == shape);
    of_shape()
        .filter(|published| stem.starts_with(published.name))
        .max_by_key(|published| published.name.len())
        .or_else(|| of_shape().next())
}

/// The preconditioning of a file of EDM's by its name, as NVIDIA and those who repacked them call it.
pub(super) fn preconditioning_of_edm(stem: &str) -> Option<&'static str> {
    let stem = stem.to_ascii_lowercase();
    if !stem.starts_with("baseline-") {
        return None;
    }
    [("-vp", "vp"), ("-ve", "ve"), ("-adm", "iddpm")]
        .into_iter()
        .find_map(|(end, name)| stem.ends_with(end).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_shape_without_a_known_name_have_the_same_settings() {
        for file in UNETS {
            let first = unet("renamed", file.shape).unwrap();
            assert_eq!(
                (first.heads, first.new_attention_order),
                (file.heads, file.new_attention_order),
                "{}",
                file.name
            );
            assert_eq!(unet(file.name, file.shape), Some(file));
        }
    }

    #[test]
    fn the_longest_name_counts() {
        let found =
            unet("cd_bedroom256_lpips", UNETS.iter().find(|file| file.name == "cd_cat256").unwrap().shape).unwrap();
        assert_eq!(found.name, "cd_bedroom256");
    }

    #[test]
    fn only_the_baselines_of_edm_have_a_preconditioning_of_their_own() {
        assert_eq!(preconditioning_of_edm("edm-ffhq-64x64-uncond-ve"), None);
        assert_eq!(preconditioning_of_edm("baseline-ffhq-64x64-uncond-ve"), Some("ve"));
        assert_eq!(preconditioning_of_edm("baseline-cifar10-32x32-uncond-vp"), Some("vp"));
        assert_eq!(preconditioning_of_edm("baseline-imagenet-64x64-cond-adm"), Some("iddpm"));
    }
}
