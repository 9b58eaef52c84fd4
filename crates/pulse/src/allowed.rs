//! How much memory this process may have. A container, a service or a job of a cluster may have less than the machine does: Linux
//! bounds groups of processes, and ends one that takes more without a word.

use std::path::{Component, Path, PathBuf};

use pulse_engine::Cpu;

/// The engine, which takes no more than three quarters of the memory that this process may have.
pub fn engine() -> Cpu {
    memory().into_iter().fold(Cpu::default(), Cpu::sharing)
}

/// The least that this process's groups are bounded to, in bytes; nothing where they are not, and on other systems.
fn memory() -> Option<usize> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = limits_of(&groups).into_iter().filter_map(|path| bytes(&std::fs::read_to_string(path).ok()?));
    limits.min()
}

/// Where the bounds of groups stand that `/proc/self/cgroup` names, and of the groups that they lie in (`cgroups(7)`): a line is
/// `0::PATH` in version 2, and `NUMBER:CONTROLLERS:PATH` in version 1. Within a container the path may be that of the machine, of which
/// only the last folders are seen, or none: what is not there bounds nothing, and the outermost always is.
fn limits_of(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(group)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let (roots, name): (&[&str], _) = match controllers {
            "" if number == "0" => (&["/sys/fs/cgroup", "/sys/fs/cgroup/unified"], "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => {
                (&["/sys/fs/cgroup/memory"], "memory.limit_in_bytes")
            }
            _ => continue,
        };
        // A group beside one's own is written with `..`, and is not seen from here.
        let inner: PathBuf = Path::new(group)
            .components()
            .filter(|part| *part != Component::RootDir)
            .take_while(|part| matches!(part, Component::Normal(_)))
            .collect();
        for root in roots {
            files.extend(inner.ancestors().map(|group| Path::new(root).join(group).join(name)));
        }
    }
    files
}

/// A bound as it is written: a number of bytes, or `max` where there is none.
fn bytes(text: &str) -> Option<usize> {
    let bytes: u64 = text.trim().parse().ok()?;
    // What a machine of 32 bits cannot count does not bound it.
    usize::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(groups: &str) -> Vec<String> {
        limits_of(groups).into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn memory_is_bounded_by_every_group_on_the_way() {
        assert_eq!(found("0::/\n"), ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/unified/memory.max"]);
        assert_eq!(
            found("0::/user.slice/job 1:2\n")[..3],
            [
                "/sys/fs/cgroup/user.slice/job 1:2/memory.max",
                "/sys/fs/cgroup/user.slice/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        let first = "12:pids:/a\n4:cpu,memory:/docker/0af1\n1:name=systemd:/b\n";
        assert_eq!(
            found(first),
            [
                "/sys/fs/cgroup/memory/docker/0af1/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
        // Nothing leads out of the folder of groups.
        assert_eq!(found("3:memory:/../../x\n"), ["/sys/fs/cgroup/memory/memory.limit_in_bytes"]);
        for broken in ["", "\n\n", "3", "3:memory", "memory:3:/a", "x::/a"] {
            assert!(limits_of(broken).is_empty(), "{broken:?}");
        }
    }

    #[test]
    fn memory_that_is_not_bounded_is_told() {
        assert_eq!(bytes("max\n"), None);
        assert_eq!(bytes("536870912\n"), Some(536_870_912));
        for none in ["", "-1\n", "12 MB"] {
            assert_eq!(bytes(none), None, "{none}");
        }
    }
}
