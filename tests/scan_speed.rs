//! How long it takes to read and scan a project; a measurement, not a test:
//! `cargo test --release --test scan_speed -- --ignored --nocapture`.
//!
//! Floor, on two threads: 10,000 modules in 150 ms, 50,000 in 730 ms.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bino_hmr::scan::{scan, scan_with_room};
use rayon::prelude::*;

#[test]
#[ignore = "a measurement, for release builds"]
fn modules_are_read_and_scanned() {
    for (count, floor) in [(10_000, 150), (50_000, 730)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (files, bytes) = write(folder.path(), count);
        for (what, stack, room) in
            [("2 MiB of stack", 2 << 20, None), ("64 MiB of stack", 64 << 20, Some(32 << 20))]
        {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(2)
                .stack_size(stack)
                .build()
                .expect("two threads");
            let mut runs: Vec<_> = (0..5).map(|_| pool.install(|| run(&files, room))).collect();
            runs.sort();
            println!(
                "{count} modules of {} bytes, 2 threads with {what}: best {:?}, median {:?}; floor {floor} ms",
                bytes / count,
                runs[0],
                runs[2]
            );
        }
        let read = Instant::now();
        let total: usize = files.par_iter().map(|file| fs::read(file).expect("a file").len()).sum();
        println!("  of that, reading {total} bytes alone: {:?} on all threads", read.elapsed());
    }
}

fn run(files: &[PathBuf], room: Option<usize>) -> Duration {
    let start = Instant::now();
    let imports: usize = files
        .par_iter()
        .map(|file| {
            let (path, bytes) = (file.to_string_lossy(), fs::read(file).expect("a file"));
            let facts = match room {
                Some(room) => scan_with_room(&path, &bytes, room),
                None => scan(&path, &bytes),
            };
            assert!(facts.diagnostics.is_empty(), "{:?}", facts.diagnostics);
            facts.imports.len()
        })
        .sum();
    let took = start.elapsed();
    assert!(imports > files.len());
    took
}

/// Writes components that import each other, a hundred to a folder.
fn write(folder: &Path, count: usize) -> (Vec<PathBuf>, usize) {
    let mut bytes = 0;
    let files = (0..count)
        .map(|index| {
            let folder = folder.join(format!("feature-{}", index / 100));
            if index.is_multiple_of(100) {
                fs::create_dir(&folder).expect("a folder");
            }
            let file = folder.join(format!("Component{index}.tsx"));
            let text = component(index);
            bytes += text.len();
            fs::write(&file, text).expect("a file");
            file
        })
        .collect();
    (files, bytes)
}

fn component(index: usize) -> String {
    let (first, second) = (index / 2, index / 3);
    let lazy = if index.is_multiple_of(20) {
        format!("const Lazy = React.lazy(() => import('./Component{first}'));\n")
    } else {
        String::new()
    };
    format!(
        "import React, {{ useCallback, useEffect, useMemo, useState }} from 'react';
import {{ Component{first} }} from '../feature-{}/Component{first}';
import Second, {{ type SecondProps }} from '../feature-{}/Component{second}';
import type {{ Item }} from '../types';
import styles from './Component{index}.module.css';
{lazy}
export interface Component{index}Props extends SecondProps {{
  items: readonly Item[];
  initial?: number;
  onSelect?: (item: Item, index: number) => void;
}}

const LIMIT = {index};

/** Shows the items of feature {index}, and doesn't show more than the limit. */
export function Component{index}({{ items, initial = 0, onSelect, ...rest }}: Component{index}Props) {{
  const [selected, setSelected] = useState<number>(initial);
  const visible = useMemo(() => items.filter((item) => item.enabled && item.rank < LIMIT).slice(0, 50), [items]);
  const select = useCallback((item: Item, at: number) => {{
    setSelected(at);
    onSelect?.(item, at);
  }}, [onSelect]);

  useEffect(() => {{
    if (selected >= visible.length) setSelected(Math.max(0, visible.length - 1));
  }}, [selected, visible.length]);

  return (
    <section className={{styles.root}} data-count={{visible.length}}>
      <h2>{{`Feature ${{LIMIT}}: ${{visible.length}} items`}}</h2>
      <ul>
        {{visible.map((item, at) => (
          <li key={{item.id}} className={{at === selected ? styles.selected : undefined}} onClick={{() => select(item, at)}}>
            <Component{first} value={{item.value}} label={{item.label ?? 'none'}} />
          </li>
        ))}}
      </ul>
      <Second {{...rest}} />
    </section>
  );
}}

export default Component{index};
",
        first / 100,
        second / 100
    )
}
