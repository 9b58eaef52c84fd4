//! What is found in the folder of models.

use std::fs;

use pulse_models::Folder;
use tempfile::TempDir;

#[test]
fn a_model_is_found_with_its_ending_and_without() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path());
    for file in ["a.pkl", "b.pt", "b.safetensors", "c.json", "c.sha256", "notes.txt", ".hidden.pt"] {
        fs::write(root.path().join(file), "12345").unwrap();
    }
    for (name, found) in [
        ("a", Some("a.pkl")),
        ("a.pkl", Some("a.pkl")),
        ("b", Some("b.safetensors")),
        ("b.pt", Some("b.pt")),
        ("c", None),
        ("c.json", None),
        ("notes", None),
        (".hidden", None),
        ("", None),
        ("..", None),
        ("../a", None),
        ("x/a", None),
    ] {
        assert_eq!(folder.find(name), found.map(|file| root.path().join(file)), "{name}");
    }
    let kept = folder.list().unwrap();
    let names: Vec<_> = kept.iter().map(|kept| (kept.name.as_str(), kept.bytes)).collect();
    assert_eq!(names, [("a", 5), ("b.pt", 5), ("b", 5)]);
}

#[test]
fn a_folder_with_a_checkpoint_in_it_is_a_model() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path());
    fs::create_dir_all(root.path().join("ddpm/unet")).unwrap();
    fs::create_dir_all(root.path().join(".small.part/files")).unwrap();
    fs::create_dir_all(root.path().join("pictures")).unwrap();
    fs::write(root.path().join("pictures/a.png"), "1").unwrap();
    fs::write(root.path().join(".small.part/files/small.pt"), "1").unwrap();
    fs::write(root.path().join("ddpm/model_index.json"), "{}").unwrap();
    assert_eq!((folder.find("ddpm"), folder.list().unwrap().len()), (None, 0));
    fs::write(root.path().join("ddpm/unet/diffusion_pytorch_model.bin"), "123").unwrap();
    assert_eq!(folder.find("ddpm"), Some(root.path().join("ddpm")));
    assert_eq!(folder.find("pictures"), None);
    let kept = folder.list().unwrap();
    assert_eq!((kept.len(), kept[0].bytes), (1, 5));
}

#[test]
fn a_folder_that_is_not_there_has_nothing() {
    let folder = Folder::new("no-such-folder");
    assert_eq!((folder.find("a"), folder.list().unwrap().len()), (None, 0));
}
