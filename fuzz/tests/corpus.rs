//! The corpus, as an ordinary test: what was once found stays mended.

use std::fs;
use std::path::Path;

use steep_fuzz::TARGETS;

#[test]
fn every_target_returns_for_every_file_of_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let files = fs::read_dir(corpus.join(name)).expect("a target has a corpus");
        let mut count = 0;
        for file in files {
            let path = file.expect("the folder can be read").path();
            let data = fs::read(&path).expect("a file of the corpus can be read");
            println!("{}", path.display());
            target(&data);
            // Whatever is cut off is another input.
            for end in 0..data.len().min(300) {
                target(&data[..end]);
            }
            count += 1;
        }
        assert!(count > 0, "{name} has an empty corpus");
    }
}
