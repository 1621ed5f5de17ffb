//! Many deleted keys in one value: the keys of a bulk delete that share leading bits of their hash.
//!
//! Format: the number of keys, then for each its hash and the end of its text, by hash; then the
//! texts, each a sequence of lengths and columns. Numbers are little-endian.

/// A deleted key.
pub(super) struct Key {
    pub(super) hash: u64,
    /// Where its text stands in [`Keys::texts`].
    start: usize,
    end: usize,
}

/// Keys that were deleted together.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) keys: Vec<Key>,
    texts: Vec<u8>,
}

/// Leading bits of the hash by which chunks are cut: steps of a factor of sixteen, so that a
/// look-up has few places to search.
pub(super) const LEVELS: [u32; 4] = [4, 8, 12, 16];

/// Keys a chunk has at most on average: a few pages.
const KEYS_PER_CHUNK: usize = 1024;

const COUNT: usize = size_of::<u32>();
const ENTRY: usize = size_of::<u64>() + size_of::<u32>();

impl Keys {
    /// Adds a key: `of` gives the texts of its columns away and returns its hash.
    pub(super) fn push(&mut self, of: impl FnOnce(&mut dyn FnMut(&[u8])) -> u64) {
        let start = self.texts.len();
        let hash = of(&mut |column| {
            // A text of the server is at most one gigabyte.
            self.texts.extend_from_slice(&(column.len() as u32).to_le_bytes());
            self.texts.extend_from_slice(column);
        });
        self.keys.push(Key { hash, start, end: self.texts.len() });
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.texts.len() + self.keys.len() * size_of::<Key>()
    }

    /// The columns of a key.
    pub(super) fn columns(&self, key: &Key) -> Vec<Option<String>> {
        columns(&self.texts[key.start..key.end])
    }

    /// Cuts the keys into chunks: level, bucket, number of keys, contents.
    pub(super) fn into_chunks(mut self) -> Vec<(u32, u32, usize, Vec<u8>)> {
        let few = |level: &&u32| self.keys.len() >> **level <= KEYS_PER_CHUNK;
        let level = *LEVELS.iter().find(few).unwrap_or(&LEVELS[LEVELS.len() - 1]);
        self.keys.sort_unstable_by_key(|key| key.hash);
        let same_bucket =
            |one: &Key, other: &Key| bucket(one.hash, level) == bucket(other.hash, level);
        self.keys
            .chunk_by(same_bucket)
            .map(|keys| (level, bucket(keys[0].hash, level), keys.len(), self.encode(keys)))
            .collect()
    }

    fn encode(&self, keys: &[Key]) -> Vec<u8> {
        let texts: usize = keys.iter().map(|key| key.end - key.start).sum();
        let mut encoded = Vec::with_capacity(COUNT + keys.len() * ENTRY + texts);
        encoded.extend_from_slice(&(keys.len() as u32).to_le_bytes());
        let mut end = 0;
        for key in keys {
            end += key.end - key.start;
            encoded.extend_from_slice(&key.hash.to_le_bytes());
            encoded.extend_from_slice(&(end as u32).to_le_bytes());
        }
        for key in keys {
            encoded.extend_from_slice(&self.texts[key.start..key.end]);
        }
        encoded
    }
}

/// Which chunk of a level a hash belongs to.
pub(super) fn bucket(hash: u64, level: u32) -> u32 {
    (hash >> (u64::BITS - level)) as u32
}

/// The columns of every key of a chunk that has this hash.
pub(super) fn find(chunk: &[u8], hash: u64) -> Vec<Vec<Option<String>>> {
    find_texts(chunk, hash).unwrap_or_default().into_iter().map(columns).collect()
}

fn find_texts(chunk: &[u8], hash: u64) -> Option<Vec<&[u8]>> {
    let count = u32::from_le_bytes(chunk.get(..COUNT)?.try_into().ok()?) as usize;
    let (entries, texts) = chunk.get(COUNT..)?.split_at_checked(count * ENTRY)?;
    let entry = |nth: usize| {
        let entry = entries.get(nth * ENTRY..(nth + 1) * ENTRY)?;
        let (hash, end) = entry.split_at(size_of::<u64>());
        let end = u32::from_le_bytes(end.try_into().ok()?);
        Some((u64::from_le_bytes(hash.try_into().ok()?), end as usize))
    };
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry(middle)?.0 < hash { low = middle + 1 } else { high = middle }
    }
    let mut found = Vec::new();
    while low < count && entry(low)?.0 == hash {
        let start = if low == 0 { 0 } else { entry(low - 1)?.1 };
        found.push(texts.get(start..entry(low)?.1)?);
        low += 1;
    }
    Some(found)
}

fn columns(mut text: &[u8]) -> Vec<Option<String>> {
    let mut columns = Vec::new();
    while let Some((length, rest)) = text.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((column, rest)) = rest.split_at_checked(length) else { break };
        columns.push(String::from_utf8(column.to_vec()).ok());
        text = rest;
    }
    columns
}
