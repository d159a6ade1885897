//! A real FUSE mount that shows a folder, in the hands of a test: how long the kernel may remember what it was told, and
//! whether anybody answers. Served by a process of its own, as real ones are: a process that waits for itself in the kernel
//! could not even be killed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::child;

/// A user namespace may mount FUSE, and whatever is mounted in it goes with it.
const NAMESPACE: [&str; 2] = ["unshare", "-Urm"];

/// What the serving process is told: the folder, and where to show it.
const SERVE: [&str; 2] = ["BINO_TEST_FUSE_SHOWS", "BINO_TEST_FUSE_AT"];

/// As [`child::skips_or_runs`], where FUSE can be mounted. The process that serves a mount is the same test once more, and
/// never comes back from here.
pub fn skips_or_runs(test: &str) -> bool {
    if let [Some(shows), Some(point)] = SERVE.map(std::env::var_os) {
        serve(shows.into(), point.into());
    }
    if child::inside().is_none() {
        let mount = "exec 3<>/dev/fuse && \
                     mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none /tmp";
        let probe = Command::new(NAMESPACE[0]).args(&NAMESPACE[1..]).args(["sh", "-c", mount]).output();
        let problem = match probe {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let reasons = String::from_utf8_lossy(&output.stderr).into_owned();
                Some(reasons.lines().next().unwrap_or("nobody says why").to_owned())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            child::skip(test, &format!("FUSE cannot be mounted here: {problem}"));
            return true;
        }
    }
    child::skips_or_runs(test, &NAMESPACE)
}

/// A mount. Drop it before whatever removes the folder that it is in.
pub struct Fuse {
    process: Child,
    answers: BufReader<ChildStdout>,
    point: PathBuf,
}

impl Fuse {
    /// Shows the folder `shows` at `point`.
    pub fn mount(shows: &Path, point: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &child::inside().unwrap(), "--nocapture", "--test-threads=1"])
            .envs(SERVE.into_iter().zip([shows, point]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut fuse = Self { process, answers, point: point.to_owned() };
        fuse.await_answer("mounted");
        fuse
    }

    /// From now on requests are taken, and not answered.
    pub fn hang(&mut self) {
        self.tell("hang");
    }

    /// From now on they are answered again, those that wait too.
    pub fn go_on(&mut self) {
        self.tell("go on");
    }

    /// How long the kernel may remember attributes and names.
    pub fn remember(&mut self, time: Duration) {
        self.tell(&format!("remember {}", time.as_millis()));
    }

    /// Ends the process; the mount stays, and nobody is there.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Unmounts, also what hangs.
    pub fn unmount(&mut self) {
        child::run("umount", &["-l", self.point.to_str().unwrap()]);
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{command}").unwrap();
        self.await_answer(command);
    }

    fn await_answer(&mut self, expected: &str) {
        let mut line = String::new();
        while !line.trim_end().ends_with(&format!("fuse: {expected}")) {
            line.clear();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the mount ended before: {expected}");
        }
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // It may have ended; then nobody waits for it in the kernel, and that is all that counts here.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.point).output();
    }
}

fn serve(shows: PathBuf, point: PathBuf) -> ! {
    let state = Arc::new(State::default());
    let folder = Folder { state: Arc::clone(&state), names: Mutex::new(Names::new(shows)) };
    let session = fuser::spawn_mount(folder, point, &Config::default()).unwrap();
    println!("fuse: mounted");
    for command in io::stdin().lines() {
        let command = command.unwrap();
        match command.as_str() {
            "hang" => *state.hangs.lock().unwrap() = true,
            "go on" => {
                *state.hangs.lock().unwrap() = false;
                state.goes_on.notify_all();
            }
            other => {
                let time = other.strip_prefix("remember ").unwrap().parse().unwrap();
                state.remembered.store(time, Ordering::SeqCst);
            }
        }
        println!("fuse: {command}");
    }
    // Whoever started this is gone. An orderly end would wait for the requests.
    std::mem::forget(session);
    std::process::exit(0);
}

#[derive(Default)]
struct State {
    hangs: Mutex<bool>,
    goes_on: Condvar,
    /// Milliseconds.
    remembered: AtomicU64,
}

/// Which number stands for which file.
struct Names {
    paths: HashMap<u64, PathBuf>,
    numbers: HashMap<PathBuf, u64>,
    last: u64,
}

impl Names {
    fn new(top: PathBuf) -> Self {
        Self { paths: HashMap::from([(1, top.clone())]), numbers: HashMap::from([(top, 1)]), last: 1 }
    }

    fn number(&mut self, path: &Path) -> u64 {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        self.last += 1;
        self.numbers.insert(path.to_owned(), self.last);
        self.paths.insert(self.last, path.to_owned());
        self.last
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let below: Vec<PathBuf> =
            self.numbers.keys().filter(|path| path.starts_with(from)).cloned().collect();
        for path in below {
            let number = self.numbers.remove(&path).unwrap();
            let path = if path == from { to.to_owned() } else { to.join(path.strip_prefix(from).unwrap()) };
            self.paths.insert(number, path.clone());
            self.numbers.insert(path, number);
        }
    }
}

/// The file system: a folder, as it is.
struct Folder {
    state: Arc<State>,
    names: Mutex<Names>,
}

impl Folder {
    /// Every request comes by here.
    fn path(&self, number: INodeNo) -> io::Result<PathBuf> {
        let mut hangs = self.state.hangs.lock().unwrap();
        while *hangs {
            hangs = self.state.goes_on.wait(hangs).unwrap();
        }
        let names = self.names.lock().unwrap();
        names.paths.get(&number.0).cloned().ok_or(io::ErrorKind::NotFound.into())
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> io::Result<PathBuf> {
        Ok(self.path(parent)?.join(name))
    }

    fn attr(&self, path: &Path) -> io::Result<FileAttr> {
        let metadata = path.symlink_metadata()?;
        let number = self.names.lock().unwrap().number(path);
        Ok(attr(number, &metadata))
    }

    fn remembered(&self) -> Duration {
        Duration::from_millis(self.state.remembered.load(Ordering::SeqCst))
    }

    fn answer(&self, entry: io::Result<FileAttr>, reply: ReplyEntry) {
        match entry {
            Ok(attr) => reply.entry(&self.remembered(), &attr, Generation(0)),
            Err(error) => reply.error(errno(error)),
        }
    }
}

fn errno(error: io::Error) -> Errno {
    // `NotFound` of our own has no number.
    error.raw_os_error().map_or(Errno::ENOENT, Errno::from_i32)
}

fn attr(number: u64, metadata: &Metadata) -> FileAttr {
    let time = |seconds: i64, nanoseconds: i64| {
        SystemTime::UNIX_EPOCH + Duration::new(seconds.max(0) as u64, nanoseconds as u32)
    };
    FileAttr {
        ino: INodeNo(number),
        size: metadata.size(),
        blocks: metadata.blocks(),
        atime: time(metadata.atime(), metadata.atime_nsec()),
        mtime: time(metadata.mtime(), metadata.mtime_nsec()),
        ctime: time(metadata.ctime(), metadata.ctime_nsec()),
        crtime: SystemTime::UNIX_EPOCH,
        kind: match metadata.file_type() {
            kind if kind.is_dir() => FileType::Directory,
            kind if kind.is_symlink() => FileType::Symlink,
            _ => FileType::RegularFile,
        },
        perm: (metadata.mode() & 0o7777) as u16,
        nlink: metadata.nlink() as u32,
        uid: metadata.uid(),
        gid: metadata.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Answers a request that needs no more than to know that it was done.
fn done(result: io::Result<()>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(errno(error)),
    }
}

impl Filesystem for Folder {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.answer(self.child(parent, name).and_then(|path| self.attr(&path)), reply);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.path(number).and_then(|path| self.attr(&path)) {
            Ok(attr) => reply.attr(&self.remembered(), &attr),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn readlink(&self, _: &Request, number: INodeNo, reply: ReplyData) {
        match self.path(number).and_then(fs::read_link) {
            Ok(to) => reply.data(to.as_os_str().as_encoded_bytes()),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let set = || {
            let path = self.path(number)?;
            if let Some(size) = size {
                OpenOptions::new().write(true).open(&path)?.set_len(size)?;
            }
            self.attr(&path)
        };
        match set() {
            Ok(attr) => reply.attr(&self.remembered(), &attr),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        let make = || {
            let path = self.child(parent, name)?;
            fs::create_dir(&path)?;
            self.attr(&path)
        };
        self.answer(make(), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let remove = || {
            let path = self.child(parent, name)?;
            fs::remove_file(&path)?;
            self.names.lock().unwrap().numbers.remove(&path);
            Ok(())
        };
        done(remove(), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.child(parent, name).and_then(fs::remove_dir), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let rename = || {
            let (from, to) = (self.child(parent, name)?, self.child(new_parent, new_name)?);
            fs::rename(&from, &to)?;
            self.names.lock().unwrap().rename(&from, &to);
            Ok(())
        };
        done(rename(), reply);
    }

    fn open(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.path(number) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = || {
            let mut data = vec![0; size as usize];
            let count = File::open(self.path(number)?)?.read_at(&mut data, offset)?;
            data.truncate(count);
            Ok(data)
        };
        match read() {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let write = || OpenOptions::new().write(true).open(self.path(number)?)?.write_all_at(data, offset);
        match write() {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let create = || {
            let path = self.child(parent, name)?;
            File::create(&path)?;
            self.attr(&path)
        };
        match create() {
            Ok(attr) => {
                reply.created(&self.remembered(), &attr, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(errno(error)),
        }
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let list = || {
            let mut entries =
                vec![(1, FileType::Directory, ".".into()), (1, FileType::Directory, "..".into())];
            for entry in fs::read_dir(self.path(number)?)? {
                let entry = entry?;
                let attr = self.attr(&entry.path())?;
                entries.push((attr.ino.0, attr.kind, entry.file_name()));
            }
            Ok(entries)
        };
        let entries: Vec<(u64, FileType, std::ffi::OsString)> = match list() {
            Ok(entries) => entries,
            Err(error) => return reply.error(errno(error)),
        };
        for (at, (number, kind, name)) in entries.into_iter().enumerate().skip(offset as usize) {
            if reply.add(INodeNo(number), at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }
}
