use super::Kind;
use core::fmt;

const WORDS: usize = Kind::COUNT.div_ceil(64);

/// A set of kinds, of fixed size: what a statement is made of.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindSet([u64; WORDS]);

impl KindSet {
    /// No kind.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// The same set and `kind`.
    #[must_use]
    #[inline]
    pub const fn with(mut self, kind: Kind) -> Self {
        let nth = kind as usize;
        self.0[nth / 64] |= 1 << (nth % 64);
        self
    }

    /// All kinds that are in one of the two sets.
    #[must_use]
    #[inline]
    pub fn union(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Whether `kind` is in it.
    #[must_use]
    #[inline]
    pub const fn contains(self, kind: Kind) -> bool {
        let nth = kind as usize;
        self.0[nth / 64] & (1 << (nth % 64)) != 0
    }

    /// The kinds, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        self.0.into_iter().enumerate().flat_map(|(word, mut bits)| {
            core::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(Kind::ALL[word * 64 + bit])
            })
        })
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The names, joined by ` + `.
impl fmt::Display for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, kind) in self.iter().enumerate() {
            let joint = if nth == 0 { "" } else { " + " };
            write!(f, "{joint}{kind}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        for kind in Kind::ALL {
            let set = KindSet::EMPTY.with(*kind);
            assert_eq!(set.iter().collect::<Vec<_>>(), [*kind]);
            assert!(set.contains(*kind) && !KindSet::EMPTY.contains(*kind));
        }
        let all: KindSet = Kind::ALL.iter().copied().collect();
        assert!(all.iter().eq(Kind::ALL.iter().copied()));
    }
}
