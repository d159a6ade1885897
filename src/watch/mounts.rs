//! Which mount a path lies on, and whether mounts of that kind tell of every change. Owns what Linux's
//! `/proc/self/mountinfo` means; reads and watches nothing.
//!
//! The kernel tells of what goes through its own file system layer. What another machine, a hypervisor or the other
//! side of a FUSE file system writes does not go through it, so nobody is told. A wrong "silent" costs a little time
//! of a core; a wrong "tells" costs saves.
//!
//! On other platforms the table is empty: FSEvents covers local volumes, and of Windows' network drives some tell and
//! some do not. There only the probe of files that were loaded recently finds a mount that is silent.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

/// Where Linux has the table.
pub(super) const TABLE: &str = "/proc/self/mountinfo";

/// Network and VM file systems: others write there without this kernel knowing.
const SILENT: &[&str] = &[
    "9p",
    "v9fs",
    "drvfs",
    "wslfs", // WSL: the drives of Windows
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "coda",
    "ceph",
    "lustre",
    "beegfs",
    "gpfs",
    "gfs2",
    "ocfs2",
    "glusterfs",
    "orangefs",
    "pvfs2",
    "davfs", // networks and clusters
    "vboxsf",
    "vmhgfs",
    "prl_fs",
    "virtiofs",
    "fakeowner",
    "grpcfuse",
    "osxfs", // virtual machines, Docker Desktop
];

/// FUSE file systems that only this machine writes, and only through the mount. Of every other one we do not know.
const TELLING_FUSE: &[&str] = &[
    "fuseblk", // NTFS and exFAT on a local disk
    "fuse.fuse-overlayfs",
    "fuse.gocryptfs",
    "fuse.encfs",
    "fuse.cryfs",
    "fuse.securefs",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.squashfuse",
    "fuse.archivemount",
];

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    id: u64,
    parent: u64,
    /// Its device, `major:minor`: what tells a mount from the next one at the same place.
    device: String,
    /// Where.
    pub(super) point: PathBuf,
    /// The kind of file system, as in `mount -t`.
    pub(super) kind: String,
}

impl Mount {
    /// Whether changes can happen there without an event.
    pub(super) fn is_silent(&self) -> bool {
        let kind = self.kind.as_str();
        if kind == "fuse" || kind.starts_with("fuse.") {
            return !TELLING_FUSE.contains(&kind);
        }
        SILENT.contains(&kind)
    }

    /// Whether asking there can take forever: somebody else answers, over a network or as a process.
    pub(super) fn may_hang(&self) -> bool {
        self.is_silent() || self.kind.starts_with("fuse")
    }
}

/// All mounts of this process that one can see.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Mounts {
    visible: FxHashMap<PathBuf, Mount>,
    may_hang: Vec<Mount>,
}

impl Mounts {
    /// Understands the table (`man proc_pid_mountinfo`). A line that is none is left out; without any, nothing is known
    /// to be silent.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mounts: Vec<Mount> = text.split(|&byte| byte == b'\n').filter_map(line).collect();
        let mut visible = FxHashMap::default();
        let covers = Covers::new(&mounts);
        for mount in &mounts {
            if covers.seen_at(&mount.point).is_some_and(|seen| seen.id == mount.id) {
                visible.insert(mount.point.clone(), mount.clone());
            }
        }
        let may_hang = visible.values().filter(|mount| mount.may_hang()).cloned().collect();
        Self { visible, may_hang }
    }

    /// Those where asking can take forever.
    pub(super) fn that_may_hang(&self) -> &[Mount] {
        &self.may_hang
    }

    /// The mount that a path lies on, by its name alone: links in it are not followed.
    pub(super) fn of(&self, path: &Path) -> Option<&Mount> {
        path.ancestors().find_map(|dir| self.visible.get(dir))
    }

    /// Notes a mount of which no table tells.
    pub(super) fn assume(&mut self, point: &Path) -> PathBuf {
        let kind = String::from("unknown");
        let mount = Mount { id: 0, parent: 0, device: String::new(), point: point.to_owned(), kind };
        self.visible.insert(point.to_owned(), mount);
        point.to_owned()
    }

    /// Every mount that one can see.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.visible.values()
    }

    /// Where something was mounted or unmounted since `old`.
    pub(super) fn since(&self, old: &Self) -> Vec<PathBuf> {
        let gone = old.visible.keys().filter(|point| !self.visible.contains_key(*point));
        let new = self.visible.iter().filter(|(point, mount)| old.visible.get(*point) != Some(mount));
        let mut points: Vec<PathBuf> = gone.chain(new.map(|(point, _)| point)).cloned().collect();
        points.sort();
        points
    }
}

/// Which mount covers which: the kernel enters a mount where the path meets its point, on the mount that it is on.
struct Covers<'table> {
    roots: Vec<&'table Mount>,
    children: FxHashMap<u64, Vec<&'table Mount>>,
}

impl<'table> Covers<'table> {
    fn new(mounts: &'table [Mount]) -> Self {
        let known: FxHashMap<u64, ()> = mounts.iter().map(|mount| (mount.id, ())).collect();
        let mut covers = Self { roots: Vec::new(), children: FxHashMap::default() };
        for mount in mounts {
            if mount.parent == mount.id || !known.contains_key(&mount.parent) {
                covers.roots.push(mount);
            } else {
                covers.children.entry(mount.parent).or_default().push(mount);
            }
        }
        covers
    }

    fn seen_at(&self, path: &Path) -> Option<&'table Mount> {
        let mut at = *self.roots.iter().rfind(|root| path.starts_with(&root.point))?;
        // Every step goes one mount deeper, and a table that names itself in a circle ends with its length.
        for _ in 0..=self.children.len() {
            let Some(children) = self.children.get(&at.id) else { return Some(at) };
            let on_the_way = children.iter().filter(|child| path.starts_with(&child.point));
            // The one met first; of several at one place the last.
            let Some(next) = on_the_way.rev().min_by_key(|child| child.point.components().count()) else {
                return Some(at);
            };
            at = next;
        }
        Some(at)
    }
}

/// `36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn line(text: &[u8]) -> Option<Mount> {
    let mut fields = text.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let mut word = || fields.next();
    let id = number(word()?)?;
    let parent = number(word()?)?;
    let device = String::from_utf8_lossy(word()?).into_owned();
    let _root = word()?;
    let point = path(unescape(word()?));
    let _options = word()?;
    // Any number of optional fields, up to a single hyphen.
    fields.by_ref().find(|field| *field == b"-")?;
    let kind = String::from_utf8_lossy(&unescape(fields.next()?)).into_owned();
    point.is_absolute().then_some(Mount { id, parent, device, point, kind })
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The kernel writes space, tab, newline, backslash and `#` as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        match octal(&field[at..]) {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(field[at]);
                at += 1;
            }
        }
    }
    out
}

fn octal(text: &[u8]) -> Option<u8> {
    let [b'\\', digits @ ..] = text.get(..4)? else { return None };
    let value = digits.iter().try_fold(0u32, |value, digit| {
        (b'0'..=b'7').contains(digit).then(|| value * 8 + u32::from(digit - b'0'))
    })?;
    u8::try_from(value).ok()
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WSL: &str = r"
22 1 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard
23 22 0:19 / /mnt/wsl rw,relatime shared:1 - tmpfs none rw
30 22 0:45 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=1000
31 22 0:46 / /home/me/My\040Files rw shared:1 master:2 - cifs //box/share rw
32 31 0:47 / /home/me/My\040Files/tab\011in rw - tmpfs none rw
33 22 0:48 / /srv/a\134b rw - fuse.sshfs me@far:/ rw
34 22 0:49 / /srv/hash\043 rw - fuse.gocryptfs /x rw
40 22 0:50 / /data rw - nfs4 box:/data rw
41 40 0:51 / /data/local rw - ext4 /dev/sdd rw
42 22 0:52 / /data rw - xfs /dev/sde rw
43 22 0:53 / /two rw - tmpfs none rw
44 43 0:54 / /two rw - virtiofs two rw
";

    #[test]
    fn a_path_lies_on_the_mount_that_one_sees_there() {
        let mounts = Mounts::parse(WSL.as_bytes());
        let table = [
            ("/home/me/app", "/", "ext4", false),
            ("/mnt/c/Users/me/app", "/mnt/c", "9p", true),
            ("/mnt/cc", "/", "ext4", false),
            ("/mnt/wsl/x", "/mnt/wsl", "tmpfs", false),
            ("/home/me/My Files/a.js", "/home/me/My Files", "cifs", true),
            ("/home/me/My Files/tab\tin/a.js", "/home/me/My Files/tab\tin", "tmpfs", false),
            ("/srv/a\\b/c", "/srv/a\\b", "fuse.sshfs", true),
            ("/srv/hash#/c", "/srv/hash#", "fuse.gocryptfs", false),
            // A later mount hides what lay below, and the mounts in it.
            ("/data/local/a.js", "/data", "xfs", false),
            ("/two/a.js", "/two", "virtiofs", true),
        ];
        for (path, point, kind, silent) in table {
            let mount = mounts.of(Path::new(path)).unwrap_or_else(|| panic!("{path} lies nowhere"));
            let told = (mount.point.to_str().unwrap(), mount.kind.as_str(), mount.is_silent());
            assert_eq!(told, (point, kind, silent), "{path}");
        }
    }

    #[test]
    fn the_kinds_that_do_not_tell() {
        let table = [
            ("9p", true),
            ("drvfs", true),
            ("nfs", true),
            ("nfs4", true),
            ("cifs", true),
            ("smb3", true),
            ("vboxsf", true),
            ("prl_fs", true),
            ("virtiofs", true),
            ("fuse.vmhgfs-fuse", true),
            ("fuse.grpcfuse", true),
            ("fuse.osxfs", true),
            ("fuse.nobody-knows", true),
            ("fuse", true),
            ("fuseblk", false),
            ("fuse.fuse-overlayfs", false),
            ("ext4", false),
            ("overlay", false),
            ("btrfs", false),
            ("tmpfs", false),
            ("ntfs3", false),
        ];
        for (kind, silent) in table {
            let line = format!("1 0 0:1 / / rw - {kind} none rw");
            assert_eq!(
                Mounts::parse(line.as_bytes()).of(Path::new("/a")).unwrap().is_silent(),
                silent,
                "{kind}"
            );
        }
    }

    #[test]
    fn what_is_no_line_is_left_out() {
        let table = [
            "",
            "1",
            "1 0 0:1 / / rw",
            "1 0 0:1 / / rw shared:1 ext4 none rw",
            "x 0 0:1 / / rw - ext4 none rw",
            "1 0 0:1 / relative rw - ext4 none rw",
            "1 0 0:1 / / rw -",
        ];
        for text in table {
            assert_eq!(Mounts::parse(text.as_bytes()), Mounts::default(), "{text:?}");
        }
    }

    #[test]
    fn what_was_mounted_and_unmounted_is_said() {
        let with = |lines: &[&str]| Mounts::parse(lines.join("\n").as_bytes());
        let root = "1 0 8:1 / / rw - ext4 a rw";
        let one = with(&[root, "2 1 0:5 / /a rw - tmpfs none rw", "3 1 0:6 / /b rw - tmpfs none rw"]);
        let two = with(&[root, "2 1 0:7 / /a rw - tmpfs none rw", "4 1 0:8 / /c rw - tmpfs none rw"]);
        let said =
            |points: Vec<PathBuf>| points.iter().map(|p| p.to_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(said(two.since(&one)), ["/a", "/b", "/c"]);
        assert_eq!(said(two.since(&two)), [""; 0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machines_own_table_is_understood() {
        let text = std::fs::read_to_string(TABLE).unwrap();
        let mounts = Mounts::parse(text.as_bytes());
        assert!(mounts.iter().count() > 0, "{text}");
        let proc = mounts.of(Path::new("/proc/self/mountinfo")).unwrap();
        assert_eq!((proc.point.to_str().unwrap(), proc.kind.as_str()), ("/proc", "proc"));
        assert!(mounts.of(&std::env::temp_dir()).is_some());
    }

    proptest! {
        #[test]
        fn no_table_panics_and_every_escape_is_undone(noise in "\\PC{0,80}", name in proptest::collection::vec(1u8..=255, 1..9)) {
            Mounts::parse(noise.as_bytes());
            let mut line = b"1 0 0:1 / /".to_vec();
            for byte in &name {
                match byte {
                    b' ' | b'\t' | b'\n' | b'\\' | b'#' => line.extend(format!("\\{byte:03o}").bytes()),
                    _ => line.push(*byte),
                }
            }
            line.extend(b" rw - nfs none rw");
            let mut point = b"/".to_vec();
            point.extend(&name);
            prop_assume!(!name.contains(&b'/'));
            let point = path(point);
            let mounts = Mounts::parse(&line);
            prop_assert_eq!(mounts.iter().next().map(|mount| mount.point.clone()), Some(point));
        }
    }
}
