//! The seam to the operating system. Every platform has the same functions; nothing outside this
//! folder may assume one of them.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use self::unix::{
    all_threads_seconds, available_space, cache_folder, copy_link, cpu_seconds, is_root,
    make_private, open_to_everybody, own_group, private_memory, resident_memory, runs_programs,
    terminate,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use self::windows::{
    all_threads_seconds, available_space, cache_folder, copy_link, cpu_seconds, is_root,
    make_private, open_to_everybody, own_group, private_memory, resident_memory, runs_programs,
    terminate,
};
