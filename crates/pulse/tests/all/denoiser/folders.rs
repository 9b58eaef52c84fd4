//! Where denoisers are found, and what is no denoiser.

use std::fs;
use std::path::Path;

use pulse::ErrorKind;
use pulse::checkpoint::{Checkpoint, Configuration, Tensor, Value, configuration_from_json, write_safetensors};
use pulse::denoiser::{self, Bounds, Denoiser, Preconditioning, SCHEDULER, Schedule, denoiser_files};

use super::path;

fn open_denoiser(path: &Path) -> pulse::Result<Option<Denoiser>> {
    denoiser::open_denoiser(path, &Configuration::new())
}

fn of_checkpoint(checkpoint: &Checkpoint) -> pulse::Result<Option<Denoiser>> {
    Denoiser::from_checkpoint(checkpoint, "unet", &Configuration::new())
}

/// Copies a folder of diffusers.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            let _ = fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The checkpoint of a fixture, its configuration to be changed.
fn checkpoint(name: &str) -> Checkpoint {
    let folder = path(name);
    let read = |file: &str| configuration_from_json(&fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let mut checkpoint = Checkpoint::open(folder.join("unet/diffusion_pytorch_model.safetensors")).unwrap();
    checkpoint.configuration = read("unet/config.json");
    let scheduler = Value::Map(read("scheduler/scheduler_config.json"));
    checkpoint.configuration.insert(SCHEDULER.to_owned(), scheduler);
    checkpoint
}

#[test]
fn a_denoiser_is_found_by_every_path_to_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("model");
    copy(&path("unet_edm"), &folder);
    let is_edm = |path: &Path| {
        let denoiser = open_denoiser(path).unwrap().unwrap();
        matches!(denoiser.preconditioning(), Preconditioning::Edm { .. })
    };
    let unet = folder.join("unet");
    let weights = unet.join("diffusion_pytorch_model.safetensors");
    for path in [&folder, &unet, &weights] {
        assert!(is_edm(path), "{}", path.display());
        assert_eq!(denoiser_files(path).unwrap().len(), 3);
    }
    fs::remove_file(folder.join("model_index.json")).unwrap();
    assert!(is_edm(&folder));
    let variant = unet.join("diffusion_pytorch_model.fp16.safetensors");
    fs::rename(&weights, &variant).unwrap();
    assert!(is_edm(&folder));

    // The network alone is one that predicts noise.
    fs::remove_dir_all(folder.join("scheduler")).unwrap();
    let denoiser = open_denoiser(&unet).unwrap().unwrap();
    assert!(matches!(denoiser.preconditioning(), Preconditioning::Discrete { .. }));
    assert!(denoiser.sigma_range()[1] > 150.0 && denoiser.sigma_range()[1] < 160.0);

    // Early folders have everything in one place, and settings that are given count more than the file's.
    fs::rename(unet.join("config.json"), folder.join("config.json")).unwrap();
    fs::rename(&variant, folder.join("diffusion_pytorch_model.safetensors")).unwrap();
    fs::remove_dir(&unet).unwrap();
    copy(&path("unet_edm/scheduler"), &folder);
    fs::copy(path("unet_edm/model_index.json"), folder.join("model_index.json")).unwrap();
    assert!(is_edm(&folder));
    let mut given = Configuration::new();
    denoiser::set(&mut given, "sample_size=8").unwrap();
    denoiser::set(&mut given, "sigma_max=30").unwrap();
    let denoiser = denoiser::open_denoiser(&folder, &given).unwrap().unwrap();
    assert_eq!((denoiser.spec().height, denoiser.sigma_range()), (8, [0.01, 30.0]));

    // A folder of something else is none.
    assert!(denoiser::open_folder(temporary.path(), &Configuration::new()).unwrap().is_none());
}

#[test]
fn weights_may_be_in_several_files_and_settings_within_them() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("model");
    copy(&path("unet_edm"), &folder);
    let unet = folder.join("unet");
    let weights = unet.join("diffusion_pytorch_model.safetensors");
    let tensors = Checkpoint::open(&weights).unwrap().tensors;
    fs::remove_file(&weights).unwrap();
    let (first, second) = tensors.clone().into_iter().partition(|(name, _)| name.as_str() < "m");
    let mut map = Vec::new();
    for (part, tensors) in [(1, first), (2, second)] {
        let tensors: std::collections::BTreeMap<String, Tensor> = tensors;
        let name = format!("diffusion_pytorch_model-{part:05}-of-00002.safetensors");
        map.extend(tensors.keys().map(|tensor| format!("{tensor:?}: {name:?}")));
        write_safetensors(unet.join(name), &tensors, &Configuration::new()).unwrap();
    }
    let index = unet.join("diffusion_pytorch_model.safetensors.index.json");
    fs::write(&index, format!("{{\"weight_map\": {{{}}}}}", map.join(","))).unwrap();
    assert!(open_denoiser(&folder).unwrap().is_some());
    fs::write(&index, "{\"weight_map\": {\"conv_in.weight\": \"../weights.safetensors\"}}").unwrap();
    let error = open_denoiser(&folder).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Checkpoint);
    assert!(error.to_string().contains("names no files beside it"), "{error}");

    let one = temporary.path().join("one.safetensors");
    write_safetensors(&one, &tensors, &checkpoint("unet_edm").configuration).unwrap();
    assert!(open_denoiser(&one).unwrap().is_some());
}

#[test]
fn folders_that_lack_something_say_so() {
    let temporary = tempfile::tempdir().unwrap();
    let unet = temporary.path().join("unet");
    copy(&path("unet_edm"), temporary.path());
    let failed = |words: &[&str]| {
        let error = open_denoiser(temporary.path()).err().unwrap().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    fs::remove_file(unet.join("diffusion_pytorch_model.safetensors")).unwrap();
    failed(&["lacks", "diffusion_pytorch_model.safetensors"]);
    fs::write(unet.join("config.json"), "[]").unwrap();
    fs::write(unet.join("diffusion_pytorch_model.safetensors"), [0; 20]).unwrap();
    failed(&["config.json", "JSON"]);
    fs::remove_file(unet.join("config.json")).unwrap();
    failed(&["lacks config.json"]);
    let index = "{\"_class_name\": \"StableDiffusionPipeline\", \"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}";
    fs::write(temporary.path().join("model_index.json"), index).unwrap();
    failed(&["StableDiffusionPipeline", "pixels"]);
}

#[test]
fn attention_may_have_the_names_of_before() {
    let mut checkpoint = checkpoint("unet_edm");
    checkpoint.tensors = checkpoint
        .tensors
        .into_iter()
        .map(|(name, tensor)| {
            let names = [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")];
            (names.iter().fold(name, |name, (now, before)| name.replace(now, before)), tensor)
        })
        .collect();
    assert!(checkpoint.tensors.contains_key("mid_block.attentions.0.proj_attn.weight"));
    assert!(of_checkpoint(&checkpoint).unwrap().is_some());
}

/// Reads a fixture with one setting of the network, or of its scheduler, changed.
fn changed(name: &str, scheduler: bool, key: &str, json: &str) -> pulse::Result<Option<Denoiser>> {
    let mut checkpoint = checkpoint(name);
    let value = configuration_from_json(&format!("{{\"value\": {json}}}")).unwrap().remove("value").unwrap();
    if scheduler {
        let Some(Value::Map(entries)) = checkpoint.configuration.get_mut(SCHEDULER) else { unreachable!() };
        entries.insert(key.to_owned(), value);
    } else {
        checkpoint.configuration.insert(key.to_owned(), value);
    }
    of_checkpoint(&checkpoint)
}

#[test]
fn settings_that_cannot_be_met_are_refused() {
    let cases = [
        ("sample_size", "null", "missing"),
        ("sample_size", "[8, 8, 8]", "list of 1 to 2"),
        ("sample_size", "1000000000", "1 to 2048"),
        ("sample_size", "9", "do not fit"),
        ("sample_size", "-1", "1 to 2048"),
        ("in_channels", "4", "channels of 4"),
        ("block_out_channels", "[8, 16, 16]", "3 elements"),
        ("block_out_channels", "[]", "a list of 1 to"),
        ("block_out_channels", "[8.5, 16]", "whole number"),
        ("down_block_types", "[\"DownBlock2D\", \"CrossAttnDownBlock2D\"]", "CrossAttnDownBlock2D"),
        ("up_block_types", "[\"UpBlock2D\", \"DownBlock2D\"]", "AttnSkipUp"),
        ("mid_block_type", "\"UNetMidBlock2DCrossAttn\"", "UNetMidBlock2D can"),
        ("layers_per_block", "2", "missing"),
        ("layers_per_block", "1000000", "1 to 64"),
        ("act_fn", "\"gelu\"", "silu, swish, relu and mish"),
        ("norm_num_groups", "3", "groups"),
        ("norm_num_groups", "0", "1 to"),
        ("attention_head_dim", "5", "heads of 5"),
        ("resnet_time_scale_shift", "\"spatial\"", "scale_shift"),
        ("time_embedding_type", "\"sine\"", "positional"),
        ("downsample_padding", "2", "0 to 1"),
        ("num_class_embeds", "1e9", "1 to"),
        ("num_class_embeds", "null", "how many classes"),
        ("class_embed_type", "\"projection\"", "timestep and identity"),
        ("center_input_sample", "\"yes\"", "true or false"),
        ("norm_eps", "\"x\"", "a number"),
    ];
    for (key, json, words) in cases {
        let error = changed("unet_edm", false, key, json).err().unwrap_or_else(|| panic!("{key} {json} is read"));
        assert_eq!(error.kind(), ErrorKind::Generator, "{key} {json}: {error}");
        assert!(error.to_string().contains(words), "{key} {json}: {error}");
    }
    let cases = [
        ("beta_schedule", "\"cubic\"", "squaredcos_cap_v2"),
        ("beta_start", "2", "0 to 1"),
        ("beta_end", "0", "grow"),
        ("trained_betas", "[0.1, \"x\"]", "no number"),
        ("trained_betas", "[0.1, 0.0]", "grow"),
        ("num_train_timesteps", "1e12", "1 to 65536"),
        ("prediction_type", "\"score\"", "v_prediction"),
        ("timestep_spacing", "\"odd\"", "leading"),
    ];
    for (key, json, words) in cases {
        let error = changed("diffusers_ddpm", true, key, json).err().unwrap_or_else(|| panic!("{key} {json} is read"));
        assert_eq!(error.kind(), ErrorKind::Generator, "{key} {json}: {error}");
        assert!(error.to_string().contains(words), "{key} {json}: {error}");
    }
    let error = changed("unet_edm", true, "_class_name", "\"ScoreSdeVeScheduler\"").err().unwrap().to_string();
    assert!(error.contains("ScoreSdeVeScheduler") && error.contains("beta_schedule"), "{error}");
}

#[test]
fn schedules_have_the_levels_of_diffusers() {
    let ddpm = changed("diffusers_ddpm", true, "note", "0").unwrap().unwrap();
    let Schedule::Discrete(schedule) = ddpm.schedule() else { panic!("discrete") };
    let case = crate::fixture::Fixture::open("priors/diffusers_ddpm_case");
    let wanted = case.f32("alphas_cumprod");
    assert_eq!(schedule.alphas.len(), wanted.len());
    for (found, wanted) in schedule.alphas.iter().zip(wanted) {
        assert!((found / f64::from(wanted) - 1.0).abs() < 1e-6, "{found} is not {wanted}");
    }
    assert_eq!(schedule.bounds, Bounds::Clip(1.0));

    // The noisiest of 1000 levels, computed by diffusers 0.42.
    let last = |name: &str| {
        let denoiser = changed("diffusers_ddpm", true, "beta_schedule", &format!("{name:?}")).unwrap().unwrap();
        denoiser.sigma_range()[1]
    };
    for (name, wanted) in SIGMAS {
        let found = last(name);
        assert!((found / wanted - 1.0).abs() < 1e-4, "{name}: {found}");
    }
    let rescaled = changed("diffusers_ddpm", true, "rescale_betas_zero_snr", "true").unwrap().unwrap();
    let Schedule::Discrete(schedule) = rescaled.schedule() else { panic!("discrete") };
    assert_eq!(schedule.alphas[999], 0.0);
    assert!(rescaled.sigma_range()[1].is_finite());
}

/// The largest noise level of every other schedule.
const SIGMAS: [(&str, f64); 4] =
    [("scaled_linear", 36.911_92), ("sigmoid", 158.743_4), ("squaredcos_cap_v2", 20_291.3), ("laplace", 5.533_785)];
