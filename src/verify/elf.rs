//! What a program or library says that it loads.

use std::io::{Read, Seek};

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::{Endianness, FileKind, ReadCache, ReadRef, StringTable};

/// The dynamic part of an ELF file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// The machine and the width of its addresses: only libraries of the same are loaded.
    pub machine: (u16, bool),
    /// The libraries that it needs by name.
    pub needed: Vec<String>,
    /// Folders that come before LD_LIBRARY_PATH; where there is a run path, they don't count.
    pub rpath: Vec<String>,
    /// Folders that come behind LD_LIBRARY_PATH.
    pub runpath: Vec<String>,
    /// The program that loads it; none for most libraries.
    pub interpreter: Option<String>,
}

/// Reads the ELF file in `stream`, of which it takes only the parts that it needs. None for a file that is broken, and
/// for one that is no program or library.
pub(super) fn read(stream: impl Read + Seek) -> Option<Elf> {
    let cache = ReadCache::new(stream);
    match FileKind::parse(&cache).ok()? {
        FileKind::Elf32 => of::<FileHeader32<Endianness>, _>(&cache).ok(),
        FileKind::Elf64 => of::<FileHeader64<Endianness>, _>(&cache).ok(),
        _ => None,
    }
}

fn of<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> object::Result<Elf> {
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    let mut found = Elf {
        machine: (header.e_machine(endian), header.is_type_64()),
        ..Elf::default()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for segment in segments {
        if let Some(interpreter) = segment.interpreter(endian, data)? {
            found.interpreter = Some(text(interpreter));
        }
        let Some(entries) = segment.dynamic(endian, data)? else {
            continue;
        };
        let value = |tag: i64| {
            let mut entries = entries.iter();
            entries
                .find(|entry| entry.tag(endian) == tag)
                .map(|entry| entry.val(endian))
        };
        let (Some(address), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else {
            continue;
        };
        // The table is named by its place in memory; the segment that holds it tells the one in the file.
        let Some(start) = segments.iter().find_map(|segment| {
            let (begin, length): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
            let offset: u64 = segment.p_offset(endian).into();
            let is_in =
                segment.p_type(endian) == elf::PT_LOAD && (begin..begin.saturating_add(length)).contains(&address);
            is_in.then(|| offset.saturating_add(address - begin))
        }) else {
            continue;
        };
        let strings = StringTable::new(data, start, start.saturating_add(size));
        for entry in entries.iter().take_while(|entry| entry.tag(endian) != elf::DT_NULL) {
            let Some(string) = u32::try_from(entry.val(endian))
                .ok()
                .and_then(|at| strings.get(at).ok())
                .map(text)
            else {
                continue;
            };
            let folders = || string.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned);
            match entry.tag(endian) {
                elf::DT_NEEDED => found.needed.push(string),
                elf::DT_RPATH => found.rpath.extend(folders()),
                elf::DT_RUNPATH => found.runpath.extend(folders()),
                _ => {}
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_program() {
        let program = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let elf = read(program).unwrap();
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.")), "{elf:?}");
        assert!(
            elf.interpreter.as_deref().is_some_and(|path| path.contains("ld-")),
            "{elf:?}"
        );
    }

    #[test]
    fn what_is_broken_or_something_else_is_none() {
        let read = |bytes: &[u8]| read(std::io::Cursor::new(bytes.to_vec()));
        assert_eq!(read(b"#!/bin/sh\n"), None);
        assert_eq!(read(b"\x7fELF\x02\x01\x01"), None);
        assert_eq!(read(b""), None);
    }
}
