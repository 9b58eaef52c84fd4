//! Searches and samplers allocate nothing for a step, after the first ones.

use allocation_counter::measure;
use pulse::event::Silent;
use pulse::image::Image;
use pulse::measurement::Size;
use pulse::random::Stream;
use pulse::sampler::{Carry, Noise, NullSpace, NullSpaceConfig};
use pulse::search::{Problem, Repulsion, Restarts, SearchConfig, search_steered};
use pulse::steering::{Kept, Mask, Steering, Toward};
use pulse_engine::Cpu;

use crate::sampler::Zeros;
use crate::search::{generator, measurement, target};

/// How often a search of so many steps allocates, in a pool of one thread: its queue takes no memory for what it is given
/// by itself.
fn allocations(steering: &Steering, spread: Option<Repulsion>, steps: usize) -> u64 {
    let (generator, measurement, target) = (generator(), measurement(), target());
    let problem = Problem::new(&generator, &*measurement, &target);
    // No restart, no early end and no projection: nothing but the steps depends on what is found.
    let restarts = Restarts { limit: 0, below_db: 0.0 };
    let config = SearchConfig {
        candidates: 4,
        batch: 2,
        spread,
        steps,
        restarts,
        early_stop: false,
        project: false,
        ..SearchConfig::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let search = || drop(search_steered(&problem, steering, &config, &Cpu::default(), &mut Silent).unwrap());
        measure(search).count_total
    })
}

#[track_caller]
fn allocates_for_no_step(steering: &Steering, spread: Option<Repulsion>) {
    const FEW: usize = 20;
    const MANY: usize = 120;
    let [few, many] = [FEW, MANY].map(|steps| allocations(steering, spread, steps));
    assert!(few > 0, "what is compiled is counted");
    // The pool's own queue may grow once or twice.
    assert!(many < few + (MANY - FEW) as u64 / 10, "{few} for {FEW} steps and {many} for {MANY}");
}

#[test]
fn a_search_allocates_for_no_step() {
    allocates_for_no_step(&Steering::default(), None);
}

#[test]
fn a_guided_search_allocates_for_no_step() {
    let size = Size::new(16, 16);
    let picture = Image::new(3, 16, 16, (0..768).map(|i| (i % 13) as f32 / 12.0).collect()).unwrap();
    let left = Image::new(1, 16, 16, (0..256).map(|i| f32::from(u8::from(i % 16 < 8))).collect()).unwrap();
    let kept = Kept::new(picture.clone(), &Mask::of(&left, size).unwrap());
    let toward = Toward { example: picture, mask: Mask::everywhere(size) };
    let steering = Steering { keep: Some(kept), toward: Some(toward), ..Steering::default() };
    allocates_for_no_step(&Steering::default(), Some(Repulsion::default()));
    allocates_for_no_step(&steering, None);
    allocates_for_no_step(&steering, Some(Repulsion::default()));
}

#[test]
fn a_sampler_allocates_only_when_it_is_made() {
    for (carry, noise) in
        [(Carry::Never, 0.0), (Carry::Times(2.0), 0.1), (Carry::Measured, 0.0), (Carry::Measured, 0.1)]
    {
        let config = NullSpaceConfig { carry, noise, ..NullSpaceConfig::default() };
        let mut sampler = NullSpace::new(config.clone(), config.levels(80.0, 0.0).unwrap(), 4, 8).unwrap();
        let streams = [0, 1, 2].map(|candidate| Stream { seed: 0, candidate, draw: 0, input: 0 });
        let all = measure(|| {
            sampler.start(&streams.map(Noise::Of));
            while !sampler.is_done() {
                sampler.step(&mut Zeros, &mut Zeros).unwrap();
            }
        });
        assert_eq!(all.count_total, 0, "{carry:?} {noise}");
    }
}
