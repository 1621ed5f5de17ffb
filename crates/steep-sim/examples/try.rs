use steep_sim::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (first, n): (u64, u64) = (a[1].parse().unwrap(), a[2].parse().unwrap());
    let broken = a.get(3).filter(|b| !b.is_empty()).map(|b| b.parse().unwrap());
    let traced = a.len() > 4;
    let began = std::time::Instant::now();
    let (mut ev, mut msg, mut reigns, mut alone, mut cmds, mut bad) = (0, 0, 0, 0, 0, 0);
    let mut rec = vec![];
    for seed in first..first + n {
        let o = run(Plan { broken, traced, ..Plan::new(seed) });
        ev += o.stats.events;
        msg += o.stats.messages;
        reigns += o.stats.reigns;
        alone += o.stats.alone;
        cmds += o.stats.commands;
        if let Some(v) = &o.violation {
            bad += 1;
            if bad < 12 {
                println!("seed {seed} n={} {v}", o.nodes);
            }
        }
        if let Some(r) = o.stats.recovery {
            rec.push(r);
            if r > 15_500_000 {
                println!("slow {seed} n={} {r}", o.nodes);
            }
        }
        if traced {
            println!("{}", o.trace);
        }
    }
    rec.sort();
    let q = |p: usize| rec.get(rec.len().saturating_sub(1) * p / 1000).map(|r| *r as f64 / 1e6);
    println!(
        "{n} seeds {bad} bad {:?}; ev {ev} msg {msg} reigns {reigns} alone {alone} cmds {cmds}; recovery {:?} {:?} {:?} max {:?}",
        began.elapsed(),
        q(500),
        q(900),
        q(990),
        q(1000)
    );
}
